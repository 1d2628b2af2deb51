import type { StandardSchema } from '../../model/standard-schema.ts';
import type { GroupRecord } from '../../storage/index/catalogue.ts';
import type { UnsettledMessage } from '../../storage/index/queue-progress.ts';
import type { MemberState } from './member-state.ts';

/** Who holds leases in this process: a consumer. */
export interface LeaseOwner {
  /** A lease ran out; true when the owner deals with the message itself. */
  onLeaseExpired(message: UnsettledMessage): boolean;
  /** What its messages can be checked by, by topic name; absent where it subscribed to no topic with a schema. */
  readonly schemas?: ReadonlyMap<string, StandardSchema> | undefined;
}

/** A consumer group as its queues and the changes of their state see it. */
export interface GroupPort {
  readonly record: GroupRecord;
  readonly ordered: boolean;
  /** Its consumers read on from positions: there are no leases, no attempts and no locks. */
  readonly isPull: boolean;
  readonly maxAttempts: number;
  /** Present where the group is that of one broadcast member, whose state is in memory alone. */
  readonly memberState: MemberState | undefined;
  /** Messages in flight or waiting, over all queues. */
  unsettled: number;
  /** Something may be there for its consumers. */
  wake(): void;
  /** False while the group has so many unsettled messages that it gets redeliveries only. */
  mayTakeNew(topic: string): boolean;
  /** A message was consumed or given up: its lease, its deadline and its lock end. */
  settled(message: UnsettledMessage): void;
  /** A lease or a wait is over: the message is due again, or it was its last attempt. */
  visibleAgain(message: UnsettledMessage): void;
  /** A change of a message did not happen; what came due meanwhile happens now. */
  unclaim(message: UnsettledMessage): void;
  /** The instant of a lease or a wait has come. */
  due(message: UnsettledMessage): void;
  /** Something of a queue cannot be read. */
  reportUnreadable(error: Error): void;
}
