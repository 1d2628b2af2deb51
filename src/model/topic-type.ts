import { illegalArgument } from './errors.ts';
import { quoted } from './quoted.ts';

/**
 * What a topic accepts: `normal` messages without anything special, `fifo` only those with a message group, `delay` only those with a delivery time,
 * `transaction` only those of a transaction, `priority` everything without a message group, by priority; `mixed` everything without a priority.
 * @public
 * @since 0.1.0
 */
export type TopicType = 'normal' | 'fifo' | 'delay' | 'transaction' | 'priority' | 'mixed';

const TYPES: ReadonlySet<unknown> = new Set<TopicType>(['normal', 'fifo', 'delay', 'transaction', 'priority', 'mixed']);

/** Returns a topic type, or throws for anything else. */
export function requireTopicType(type: unknown): TopicType {
  if (TYPES.has(type)) return type as TopicType;
  throw illegalArgument(`Topic type must be one of ${[...TYPES].join(', ')}, not ${quoted(type)}`);
}
