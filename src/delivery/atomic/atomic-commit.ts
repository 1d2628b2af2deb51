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
import { isKeyed, KeyedCall } from '../sending/keyed-call.ts';
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
  const { context, sender, deduplication } = delivery;
  context.assertOpen();
  if (unit.isEmpty) return;
  const prepare = async (): Promise<void> => {
    if (unit.needsRoom) await sender.prepare(unit.messages, { bytes: unit.bytes, timeoutMs: TIMEOUT_MS, topicTypes: unit.topicTypes });
  };
  await prepare();
  const acks = await locate(delivery, unit);
  const call = new KeyedCall(unit.messages);
  if (unit.messages.some(isKeyed)) await deduplication.ready();
  for (;;) {
    const claimed = await claimAll(delivery, acks);
    const wait = claimKeys(delivery, call, claimed);
    if (wait === undefined) return await join(delivery, unit, { claimed, call }, durability);
    await wait;
    await prepare();
  }
}

/**
 * Claims the dedup keys of the messages, or answers what has to be waited for first. A topic may have been deleted meanwhile: that is found out
 * here, before anything joins.
 */
function claimKeys(
  { sender, deduplication }: Delivery,
  call: KeyedCall,
  claimed: ReadonlyMap<GroupQueue, UnsettledMessage[]>,
): Promise<void> | undefined {
  const unclaim = (): void => {
    for (const [queue, messages] of claimed) for (const message of messages) queue.group.unclaim(message);
  };
  try {
    const wait = call.claim(deduplication, (draft) => sender.topicOf(draft));
    if (wait !== undefined) unclaim();
    return wait;
  } catch (error) {
    unclaim();
    throw error;
  }
}

/** The queues of the acknowledgements; those of a group without consumers are made ready. */
async function locate(delivery: Delivery, { acks }: UnitDraft): Promise<LocatedAck[]> {
  const { catalogue } = delivery.context.store.index;
  const located: LocatedAck[] = [];
  for (const named of acks.values()) {
    const { groupId, topicId, queueId } = named.address;
    const group = delivery.groups.byId(groupId);
    const record = catalogue.topics.get(topicId);
    if (group === undefined || record === undefined) throw handleExpired();
    refuseBroadcast(group.record, 'an acknowledgement in an atomic unit');
    if (group.queues.get(topicId) === undefined) {
      const topic = await delivery.topics.find(record.name);
      if (topic !== undefined) await group.attachTopic(topic);
    }
    const queue = group.queues.get(topicId)?.[queueId];
    if (queue === undefined) throw handleExpired();
    located.push({ named, queue });
  }
  return located;
}

/** All or none, in one turn, so that two units never wait for each other; what somebody else has claimed is waited for and looked at again. */
async function claimAll(delivery: Delivery, acks: readonly LocatedAck[]): Promise<Map<GroupQueue, UnsettledMessage[]>> {
  const { log } = delivery.context.store;
  for (;;) {
    delivery.context.assertOpen();
    const byQueue = new Map<GroupQueue, UnsettledMessage[]>();
    let isBusy = false;
    for (const { named, queue } of acks) {
      const message = leasedMessage(queue, named);
      if (message === undefined) throw handleExpired();
      isBusy ||= message.claimed || queue.frozen;
      const messages = byQueue.get(queue);
      if (messages === undefined) byQueue.set(queue, [message]);
      else messages.push(message);
    }
    if (!isBusy) {
      for (const messages of byQueue.values()) for (const message of messages) message.claimed = true;
      return byQueue;
    }
    await log.nextCommit();
  }
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
function joinMessages({ context, sender }: Delivery, { drafts, claims }: KeyedCall, group: CommitGroup, durability: Durability): void {
  const terms: SendTerms = { durability, attempts: 1, timeoutMs: TIMEOUT_MS, tracker: { pending: 0, onIdle: undefined } };
  const completion = new BatchSend(context, terms, { resolve: ignore, reject: ignore });
  const joined = { group, completion, nowMs: context.clock.now() };
  for (const [index, draft] of drafts.entries()) joinMessage(context, draft, sender.route(draft), joined, claims[index]);
  for (const claim of claims) if (claim !== undefined) context.store.log.join(group, claim, 0);
}

function ignore(): void {}
