/**
 * A kind of messages, or of work on them, that takes part in a flow beside plain messages and message groups: delay messages with recalls;
 * transactions; priorities; times to live; dedup keys; atomic units with the application store.
 * @public
 * @since 0.2.0
 */
export type FlowKind = 'delay' | 'transaction' | 'priority' | 'timeToLive' | 'dedup' | 'atomic';

/** All of them. */
export const FLOW_KINDS: readonly FlowKind[] = ['delay', 'transaction', 'priority', 'timeToLive', 'dedup', 'atomic'];
