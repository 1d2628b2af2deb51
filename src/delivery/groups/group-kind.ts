import { BrokerError } from '../../model/errors.ts';
import type { GroupKind } from '../../model/group.ts';
import type { GroupRecord } from '../../storage/index/catalogue.ts';

/**
 * Whether the kind has yet to be recorded. Asked under the lock of the group's name and before anything of a consumer is written, so that of two
 * first uses one wins and the other leaves no trace.
 * @throws BrokerError `MQ_GROUP_KIND_CONFLICT`
 */
export function claimKind({ name, kind }: GroupRecord, wanted: GroupKind): boolean {
  if (kind === undefined || kind === wanted) return kind === undefined;
  throw new BrokerError(
    'MQ_GROUP_KIND_CONFLICT',
    `Consumer group ${JSON.stringify(name)} is used by ${kind} consumers, not by ${wanted} ones; use another group, or delete this one first`,
  );
}

/**
 * What a group of broadcast consumers cannot do, because each of them has a position of its own, which is not stored.
 * @throws BrokerError `MQ_GROUP_KIND_CONFLICT`
 */
export function refuseBroadcast({ name, kind }: GroupRecord, what: string): void {
  if (kind !== 'broadcast') return;
  throw new BrokerError(
    'MQ_GROUP_KIND_CONFLICT',
    `Consumer group ${JSON.stringify(name)} is used by broadcast consumers: ${what} needs positions that are stored. A consumer's startFrom says where it begins`,
  );
}
