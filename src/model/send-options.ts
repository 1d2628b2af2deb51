import type { Durability } from './message.ts';

/**
 * Options of one send.
 * @public
 * @since 0.1.0
 */
export interface SendOptions {
  /** Default: the broker's. */
  readonly durability?: Durability | undefined;
  /** Aborted before the write: nothing is stored and the send rejects with `MQ_ABORTED`; afterwards it settles with the real result. */
  readonly signal?: AbortSignal | undefined;
}
