import { Mutex } from 'async-mutex';
import type { Delivery } from '../delivery/delivery.ts';
import { type ConsumerGroup, groupNotFound } from '../delivery/groups/consumer-group.ts';
import { type ReadDeadLetter, readDeadLetter } from '../delivery/redriving/dead-letter-reading.ts';
import { hasOrigin, originDeleted, purge, redriveToGroup, redriveToTopic } from '../delivery/redriving/dead-letter-verbs.ts';
import type { DeadLetter, Page, PageRequest, PurgeResult, RedriveRequest, RedriveResult } from '../model/admin.ts';
import { BrokerError, illegalArgument } from '../model/errors.ts';
import { fromHex, toHex } from '../model/hex.ts';
import { validateGroupName, validateTopicName } from '../model/names.ts';
import { checkFieldNames, requireObject } from '../model/option-checks.ts';
import { resolvePage } from './page.ts';

/** Dead letters that are taken off their list by one commit. */
const BATCH = 256;
/** Bytes of bodies after which a batch is complete, however few letters it has. */
const BATCH_BYTES = 4 * 1024 * 1024;
/** Purged letters need no bodies, so that more of them share a commit. */
const PURGE_BATCH = 4096;
const KNOWN: ReadonlySet<string> = new Set(['messageIds', 'to']);
const PLANNED: ReadonlySet<string> = new Set(['filter', 'maxPerSecond']);

/** The dead letters of a group: listed, delivered again, or thrown away. */
export class DeadLetterAdmin {
  readonly #delivery: Delivery;
  /** Two redrives at a time would find the same letters, and send them on twice. */
  readonly #removal = new Mutex();

  constructor(delivery: Delivery) {
    this.#delivery = delivery;
  }

  async listDeadLetters(group: string, page?: PageRequest): Promise<Page<DeadLetter>> {
    const { record } = this.#find(group);
    const { limit, cursor } = resolvePage(page);
    const items: DeadLetter[] = [];
    let last: Uint8Array | undefined;
    for await (const stored of this.#stored(record.groupId, cursor === undefined ? undefined : keyOf(cursor))) {
      if (items.length === limit) return { items, nextCursor: toHex(last as Uint8Array) };
      last = stored.key;
      const read = await readDeadLetter(this.#delivery.context, record.name, stored);
      if (read !== undefined) items.push(read.letter);
    }
    return { items };
  }

  async redriveDeadLetters(group: string, request: RedriveRequest = {}): Promise<RedriveResult> {
    checkFieldNames('redriveDeadLetters', requireObject('The request of redriveDeadLetters', request), KNOWN, PLANNED);
    const found = this.#find(group);
    const topic =
      request.to === undefined
        ? undefined
        : await this.#delivery.topics.obtain(validateTopicName(request.to, this.#delivery.context.limits));
    const wanted = request.messageIds === undefined ? undefined : idsOf(request.messageIds);
    const orphans: ReadDeadLetter[] = [];
    const taking = {
      canTake: (read: ReadDeadLetter): boolean => {
        const canTake = topic !== undefined || hasOrigin(this.#delivery, read);
        if (!canTake) orphans.push(read);
        return canTake;
      },
      take: (batch: ReadDeadLetter[]): Promise<void> =>
        topic === undefined ? redriveToGroup(this.#delivery, found, batch) : redriveToTopic(this.#delivery, { group: found, topic }, batch),
    };
    const result = await this.#removal.runExclusive(() => this.#takeOff(found, wanted, taking));
    if (wanted !== undefined && wanted.size > 0) throw notRedriven(group, wanted, result);
    const [orphan] = orphans;
    if (orphan !== undefined) throw originDeleted(orphan.letter.originTopic, orphans.length, othersOf(result));
    return result;
  }

  async purgeDeadLetters(group: string): Promise<PurgeResult> {
    const found = this.#find(group);
    const purged = await this.#removal.runExclusive(async () => {
      const all = await this.#all(found);
      for (let from = 0; from < all.length; from += PURGE_BATCH) await purge(this.#delivery, all.slice(from, from + PURGE_BATCH));
      return all.length;
    });
    return { purged };
  }

  /** The dead letters that are there now, in batches; found ids leave `wanted`, and what is damaged stays in the list. */
  async #takeOff(group: ConsumerGroup, wanted: Set<string> | undefined, { canTake, take }: Taking): Promise<RedriveResult> {
    let [redriven, damaged, bytes] = [0, 0, 0];
    let batch: ReadDeadLetter[] = [];
    for (const stored of await this.#all(group)) {
      if (wanted?.size === 0) break;
      const read = await readDeadLetter(this.#delivery.context, group.record.name, stored);
      if (read === undefined) damaged++;
      if (read === undefined || (wanted !== undefined && !wanted.delete(read.letter.messageId))) continue;
      if (!canTake(read)) continue;
      batch.push(read);
      bytes += read.message.body.length;
      if (batch.length < BATCH && bytes < BATCH_BYTES) continue;
      await take(batch);
      redriven += batch.length;
      [batch, bytes] = [[], 0];
    }
    if (batch.length > 0) await take(batch);
    redriven += batch.length;
    return damaged === 0 || wanted?.size === 0 ? { redriven } : { redriven, damaged };
  }

  /** Where the dead letters lie that are there now; the messages are not read for it. */
  async #all(group: ConsumerGroup): Promise<ReadDeadLetter['stored'][]> {
    const all: ReadDeadLetter['stored'][] = [];
    for await (const stored of this.#stored(group.record.groupId)) all.push(stored);
    return all;
  }

  #stored(groupId: number, after?: Uint8Array): AsyncIterable<ReadDeadLetter['stored']> {
    const { store } = this.#delivery.context;
    return store.index.deadLetters.list(groupId, after, (read) => store.overHeals(read));
  }

  #find(name: string): ConsumerGroup {
    const group = this.#delivery.groups.find(validateGroupName(name, this.#delivery.context.limits));
    if (group === undefined) throw groupNotFound(name);
    return group;
  }
}

interface Taking {
  /** False for a dead letter that stays where it is. */
  canTake(read: ReadDeadLetter): boolean;
  take(batch: ReadDeadLetter[]): Promise<void>;
}

/** Of a damaged dead letter the id is lost too, so that nobody can tell whether it is one of those that were asked for. */
function notRedriven(group: string, missing: ReadonlySet<string>, result: RedriveResult): BrokerError {
  const [id] = missing;
  const what = `Message ${JSON.stringify(id)} is no dead letter of group ${JSON.stringify(group)}`;
  const { damaged } = result;
  if (damaged === undefined) return new BrokerError('MQ_MESSAGE_NOT_FOUND', `${what}; ${othersOf(result)}`);
  return new BrokerError('MQ_STORE_CORRUPT', `${what} that can be read, and ${damaged} cannot; ${othersOf(result)}`);
}

function othersOf({ redriven }: RedriveResult): string {
  return redriven === 1 ? 'one other was redriven' : `${redriven} others were redriven`;
}

function idsOf(messageIds: readonly string[]): Set<string> {
  if (!Array.isArray(messageIds) || messageIds.some((id) => typeof id !== 'string'))
    throw illegalArgument('messageIds must be an array of message ids');
  return new Set(messageIds);
}

function keyOf(cursor: string): Uint8Array {
  if (!/^([0-9a-f]{2})+$/.test(cursor)) throw illegalArgument('A cursor must be the nextCursor of the page before');
  return fromHex(cursor);
}
