import type { Durability } from '../../model/message.ts';
import type { UnsettledMessage } from '../../storage/index/queue-progress.ts';
import type { BarrierWaiter } from '../../storage/log/barriers.ts';
import type { CommitGroup } from '../../storage/log/commit-group.ts';
import type { LogEntry } from '../../storage/log/log-entry.ts';
import type { Store } from '../../storage/store.ts';
import type { Delivery } from '../delivery.ts';
import { refuseBroadcast } from '../groups/group-kind.ts';
import type { GroupQueue } from '../queues/group-queue.ts';
import { handleExpired } from '../queues/state-entry.ts';
import { joinMessage } from '../sending/join-message.ts';
import { KeyedCall } from '../sending/keyed-call.ts';
import { BatchSend, type SendTerms } from '../sending/send-completion.ts';
import { leasedMessage, type NamedDelivery } from '../views/named-delivery.ts';
import { UnitAckEntry } from './unit-ack.ts';
import type { UnitDraft } from './unit-draft.ts';
import { ValueEntry } from './value-entry.ts';

/** How long a unit waits for room in the write queue. */
const TIMEOUT_MS = 30_000;

/** A delivery of the unit, and the queue that it lies in. */
interface LocatedAck {
  readonly named: NamedDelivery;
  readonly queue: GroupQueue;
}

/** The last entry of a unit: its outcome is that of all of them, because they share a group commit. */
class UnitEnd implements LogEntry, BarrierWaiter {
  readonly #store: Store;
  readonly #durability: Durability;
  readonly #resolve: () => void;
  readonly #reject: (error: Error) => void;

  constructor(store: Store, durability: Durability, settle: { resolve: () => void; reject: (error: Error) => void }) {
    this.#store = store;
    this.#durability = durability;
    this.#resolve = settle.resolve;
    this.#reject = settle.reject;
  }

  seal(): void {
    // It has no record of its own.
  }

  commit(): void {
    // The others make themselves visible.
  }

  settle(): void {
    if (this.#durability === 'sync') this.#store.log.barriers.wait(this);
    else this.durable();
  }

  durable(): void {
    this.#resolve();
  }

  failed(error: Error): void {
    this.#reject(error);
  }

  fail(error: Error): void {
    this.#reject(error);
  }
}

/** Lets everything that a unit wants join one group commit, which is one atomic write: all of it is stored, or nothing. */
export async function commitUnit(delivery: Delivery, unit: UnitDraft, durability: Durability): Promise<void> {
  const { context, readiness, deduplication } = delivery;
  context.assertOpen();
  if (unit.isEmpty) return;
  const acks: LocatedAck[] = [];
  for (const named of distinct(unit.acks)) acks.push(locate(delivery, named) ?? (await attachAndLocate(delivery, named)));
  const call = new KeyedCall(unit.messages);
  const turn = readiness.turnOf(unit.messages, call.isKeyed);
  try {
    if (turn !== undefined) await turn.before;
    if (call.isKeyed) await deduplication.ready();
    for (;;) {
      if (unit.needsRoom && !readiness.isPrepared(unit.messages, unit.bytes))
        await readiness.prepare(unit.messages, { bytes: unit.bytes, timeoutMs: TIMEOUT_MS, topicTypes: unit.topicTypes });
      context.assertOpen();
      const claimed = claimAll(acks);
      const wait = claimed === undefined ? context.store.log.nextCommit() : claimKeys(delivery, call, claimed);
      if (claimed !== undefined && wait === undefined) {
        const committed = join(delivery, unit, { claimed, call }, durability);
        turn?.leave();
        return await committed;
      }
      await wait;
    }
  } finally {
    turn?.leave();
  }
}

/**
 * Claims the dedup keys of the messages, or answers what has to be waited for first. A topic may have been deleted meanwhile: that is found out
 * here, before anything joins.
 */
function claimKeys(
  { readiness, deduplication }: Delivery,
  call: KeyedCall,
  claimed: ReadonlyMap<GroupQueue, UnsettledMessage[]>,
): Promise<void> | undefined {
  const unclaim = (): void => {
    for (const [queue, messages] of claimed) for (const message of messages) queue.group.unclaim(message);
  };
  try {
    const wait = call.claim(deduplication, (draft) => readiness.topicOf(draft));
    if (wait !== undefined) unclaim();
    return wait;
  } catch (error) {
    unclaim();
    throw error;
  }
}

/** The queue of an acknowledgement; nothing where its group goes through it only once it is made ready. */
function locate(delivery: Delivery, named: NamedDelivery): LocatedAck | undefined {
  const { groupId, topicId, queueId } = named.address;
  const group = delivery.groups.byId(groupId);
  if (group === undefined || !delivery.context.store.index.catalogue.topics.has(topicId)) throw handleExpired();
  refuseBroadcast(group.record, 'an acknowledgement in an atomic unit');
  const queues = group.queues.get(topicId);
  if (queues === undefined) return undefined;
  const queue = queues[queueId];
  if (queue === undefined) throw handleExpired();
  return { named, queue };
}

/** The same of a group without consumers. */
async function attachAndLocate(delivery: Delivery, named: NamedDelivery): Promise<LocatedAck> {
  const { groupId, topicId } = named.address;
  const record = delivery.context.store.index.catalogue.topics.get(topicId);
  const topic = record === undefined ? undefined : await delivery.topics.find(record.name);
  if (topic !== undefined) await delivery.groups.byId(groupId)?.attachTopic(topic);
  const located = locate(delivery, named);
  if (located === undefined) throw handleExpired();
  return located;
}

/** Each delivery once, however often it was acknowledged. */
function distinct(acks: readonly NamedDelivery[]): Iterable<NamedDelivery> {
  if (acks.length < 2) return acks;
  const byName = new Map<string, NamedDelivery>();
  for (const named of acks) {
    const { groupId, topicId, queueId } = named.address;
    byName.set(`${groupId}/${topicId}/${queueId}/${named.offset}/${named.leaseNumber}`, named);
  }
  return byName.values();
}

/**
 * All or none, in one turn, so that two units never wait for each other. Nothing where somebody else has claimed one of them, which is waited for
 * and looked at again.
 */
function claimAll(acks: readonly LocatedAck[]): Map<GroupQueue, UnsettledMessage[]> | undefined {
  const byQueue = new Map<GroupQueue, UnsettledMessage[]>();
  let isBusy = false;
  for (const { named, queue } of acks) {
    const message = leasedMessage(queue, named);
    if (message === undefined) throw handleExpired(queue, named.offset);
    isBusy ||= message.claimed || queue.frozen;
    const messages = byQueue.get(queue);
    if (messages === undefined) byQueue.set(queue, [message]);
    else messages.push(message);
  }
  if (isBusy) return undefined;
  for (const messages of byQueue.values()) for (const message of messages) message.claimed = true;
  return byQueue;
}

function join(
  delivery: Delivery,
  unit: UnitDraft,
  { claimed, call }: { claimed: ReadonlyMap<GroupQueue, UnsettledMessage[]>; call: KeyedCall },
  durability: Durability,
): Promise<void> {
  const { context } = delivery;
  const { store } = context;
  return new Promise((resolve, reject) => {
    const group = store.log.open();
    if (durability === 'sync') group.needsBarrier = true;
    if (call.drafts.length > 0) joinMessages(delivery, call, group, durability);
    for (const [queue, messages] of claimed) store.log.join(group, new UnitAckEntry(queue, context, messages), 0);
    if (unit.values.size > 0) store.log.join(group, new ValueEntry(store.index, [...unit.values.values()]), unit.valueBytes);
    store.log.join(group, new UnitEnd(store, durability, { resolve, reject }), 0);
  });
}

/** The unit tells how it ended; the completion of its messages is there for their events and counters. */
function joinMessages({ context, readiness }: Delivery, { drafts, claims }: KeyedCall, group: CommitGroup, durability: Durability): void {
  const terms: SendTerms = { durability, attempts: 1, timeoutMs: TIMEOUT_MS, tracker: { pending: 0, onIdle: undefined } };
  const completion = new BatchSend(context, terms, { resolve: ignore, reject: ignore });
  const joined = { group, completion, nowMs: context.clock.now() };
  for (const [index, draft] of drafts.entries()) joinMessage(context, draft, readiness.route(draft), joined, claims[index]);
  for (const claim of claims) if (claim !== undefined) context.store.log.join(group, claim, 0);
}

function ignore(): void {}
