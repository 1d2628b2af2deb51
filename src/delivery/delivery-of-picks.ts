import { isBrokerError } from '../model/errors.ts';
import type { MessageView } from '../model/message.ts';
import { corrupt } from '../storage/byte-reader.ts';
import type { UnsettledMessage } from '../storage/index/queue-progress.ts';
import type { Block } from '../storage/log/block.ts';
import type { MessageInBlock, MessageWithoutBody, StoredMessage } from '../storage/log/message-record.ts';
import { readVisible, targetOf } from '../storage/log/pointer-record.ts';
import { blockSequenceOf, type LogPosition, recordNumberOf } from '../storage/log-position.ts';
import { isCorruption } from '../storage/store-errors.ts';
import type { DeliveryContext } from './delivery-context.ts';
import { reportDamage } from './delivery-events.ts';
import { settleFiltered } from './filtered.ts';
import type { LeaseOwner } from './group-port.ts';
import type { GroupQueue, Pick } from './group-queue.ts';
import { HandOutEntry } from './hand-out.ts';
import { joinState } from './join-state.ts';
import { deliveredView } from './message-view.ts';
import type { Topic } from './topic.ts';

/** What becomes of a message that was picked, once it has been read. */
export type PickVerdict = 'deliver' | 'filtered' | 'expired' | 'notMine';

/** The consumer that picks are for. */
export interface PickTaker extends LeaseOwner {
  /** Chooses up to `most` messages that are visible now. */
  collect(most: number): readonly Pick[];
  /** `filtered`: its group does not want it at all; `expired`: its time to live is over; `notMine`: this consumer has given the subscription up meanwhile, others may want it. */
  judge(topic: Topic, message: MessageWithoutBody): PickVerdict;
}

/** What a hand-out ends with: views of what was committed (perhaps none), or the error that kept it from the log. Never called at once. */
export interface HandOutResult {
  views(views: MessageView[]): void;
  failed(error: Error): void;
}

/** Picks that are being handed out to one consumer. */
interface HandingOut {
  readonly member: PickTaker;
  readonly invisibleMs: number;
  readonly result: HandOutResult;
}

/** Messages of one queue that are delivered, in the order in which they were picked. */
interface Wanted {
  readonly queue: GroupQueue;
  readonly picks: Pick[];
  readonly messages: StoredMessage[];
}

/** A block by its sequence: one that was looked for is there, or damaged. */
type FoundBlocks = (sequence: number) => Block | 'damaged';

/** Tried again after this while when a block could not be read for another reason than damage. */
const READ_RETRY_MS = 1000;
/** So many messages are judged in one go; a filter that passes over more of them lets the event loop have its turn in between. */
const JUDGED_AT_ONCE = 1024;

/** Reads what was picked, writes the hand-out down, and only then shows it. Without a block to read it joins the log at once. */
export function handOut(context: DeliveryContext, picks: readonly Pick[], to: HandingOut): void {
  if (areAtHand(context, picks)) return deliver(context, picks, blocksAtHand(context), to);
  readBlocks(context, picks).then(
    (blocks) => deliver(context, picks, (sequence) => blocks.get(sequence) ?? 'damaged', to),
    (error: Error) => {
      for (const pick of picks) pick.queue.putBack(pick);
      for (const group of new Set(picks.map((pick) => pick.queue.group))) context.clock.setTimer(READ_RETRY_MS, () => group.wake());
      to.result.failed(error);
    },
  );
}

/**
 * Delivers what is wanted of the picks, and in place of what a filter passed over as many that come behind it, as long as they are in memory: who has
 * messages does not wait for the disk to bring more. Nothing here leaves the turn, because the blocks at hand may be others in the next one.
 */
function deliver(context: DeliveryContext, picks: readonly Pick[], blockOf: FoundBlocks, to: HandingOut): void {
  const wanted: Wanted[] = [];
  let passedOver = judge(context, picks, { blockOf, to, wanted });
  for (let judged = picks.length; passedOver > 0 && judged < JUDGED_AT_ONCE; ) {
    const more = to.member.collect(passedOver);
    if (more.length === 0) break;
    if (!areAtHand(context, more)) {
      if (wanted.length === 0) return handOut(context, more, to);
      for (const pick of more) pick.queue.putBack(pick);
      break;
    }
    judged += more.length;
    passedOver = judge(context, more, { blockOf: blocksAtHand(context), to, wanted });
  }
  join(context, wanted, to);
}

function areAtHand({ store }: DeliveryContext, picks: readonly Pick[]): boolean {
  return picks.every(({ position }) => isAtHand(store.log, position));
}

function blocksAtHand({ store }: DeliveryContext): FoundBlocks {
  return (sequence) => store.log.cache.peek(sequence) ?? 'damaged';
}

/** Whether a message is in memory, with the one that it points at. */
function isAtHand(log: DeliveryContext['store']['log'], position: LogPosition): boolean {
  const block = log.cached(position);
  if (block === undefined) return false;
  const target = targetOf(block, recordNumberOf(position));
  return target === undefined || log.cached(target) !== undefined;
}

/** All blocks of the picks, held from before the first read: one of them may leave the cache while another comes in. */
async function readBlocks(context: DeliveryContext, picks: readonly Pick[]): Promise<ReadonlyMap<number, Block | 'damaged'>> {
  const blocks = new Map<number, Block | 'damaged'>();
  await readInto(context, blocks, new Set(picks.map(({ position }) => blockSequenceOf(position))));
  const targets = new Set<number>();
  for (const { position } of picks) {
    const block = blocks.get(blockSequenceOf(position));
    const target = block === undefined || block === 'damaged' ? undefined : targetOf(block, recordNumberOf(position));
    if (target !== undefined && !blocks.has(blockSequenceOf(target))) targets.add(blockSequenceOf(target));
  }
  if (targets.size > 0) await readInto(context, blocks, targets);
  return blocks;
}

async function readInto(context: DeliveryContext, blocks: Map<number, Block | 'damaged'>, sequences: ReadonlySet<number>): Promise<void> {
  await Promise.all(
    [...sequences].map(async (sequence) => {
      try {
        blocks.set(sequence, await context.store.log.read(sequence));
      } catch (error) {
        if (!isCorruption(error)) throw error;
        blocks.set(sequence, 'damaged');
        reportDamage(context, sequence, error);
      }
    }),
  );
}

function join(context: DeliveryContext, wanted: readonly Wanted[], to: HandingOut): void {
  if (wanted.length === 0) return context.process.defer(() => to.result.views([]));
  const entries = wanted.map(
    ({ queue, picks, messages }) => new HandOutEntry(queue, context, { owner: to.member, picks, messages, invisibleMs: to.invisibleMs }),
  );
  const done = entries.map((entry) => joinState(context, entry).done());
  const all = done.length === 1 ? (done[0] as Promise<void>) : Promise.all(done);
  all.then(() => {
    const [first] = entries;
    const { member } = to;
    const views =
      entries.length === 1 ? viewsOf(context, first as HandOutEntry, member) : entries.flatMap((entry) => viewsOf(context, entry, member));
    to.result.views(views);
  }, to.result.failed);
}

/**
 * Adds what is delivered to `wanted`; what is not is settled as filtered, or put back for others. Answers how many others may be picked instead: none
 * where some were put back, which would be picked again.
 */
function judge(
  context: DeliveryContext,
  picks: readonly Pick[],
  { blockOf, to, wanted }: { blockOf: FoundBlocks; to: HandingOut; wanted: Wanted[] },
): number {
  let passedOver = 0;
  let putBack = false;
  const changed = new Set<GroupQueue>();
  for (const pick of picks) {
    const { queue } = pick;
    if (pick.generation !== queue.generation) continue;
    const message = messageOf(context, pick, blockOf);
    const verdict = message === undefined ? 'filtered' : to.member.judge(queue.topic, message);
    if (verdict === 'deliver' && message !== undefined) {
      add(wanted, pick, message);
    } else if (verdict === 'notMine') {
      putBack = true;
      queue.putBack(pick);
      queueMicrotask(() => queue.group.wake());
    } else {
      passedOver++;
      changed.add(queue);
      (verdict === 'expired' ? queue.outOfDate : queue.skipped).push(pick.offset);
      queue.unlock(pick.groupKey, pick.offset);
    }
  }
  for (const queue of changed) settleFiltered(context, queue);
  return putBack ? 0 : passedOver;
}

/** Its body is copied only here. Messages of one queue that follow each other share a hand-out. */
function add(wanted: Wanted[], pick: Pick, message: MessageInBlock): void {
  const last = wanted.at(-1);
  if (last?.queue === pick.queue) {
    last.picks.push(pick);
    last.messages.push(message.take());
  } else wanted.push({ queue: pick.queue, picks: [pick], messages: [message.take()] });
}

/** Nothing where a block is damaged, which was reported when the block was read. */
function messageOf(context: DeliveryContext, pick: Pick, blockOf: FoundBlocks): MessageInBlock | undefined {
  let isDamaged = false;
  try {
    return readVisible(pick.position, (sequence) => {
      const block = blockOf(sequence);
      isDamaged ||= block === 'damaged';
      if (block === 'damaged') throw corrupt(`block ${sequence}`);
      return block;
    });
  } catch (error) {
    if (!isBrokerError(error)) throw error;
    if (!isDamaged) reportDamage(context, blockSequenceOf(pick.position), error);
    return undefined;
  }
}

function viewsOf(context: DeliveryContext, entry: HandOutEntry, { schemas }: LeaseOwner): MessageView[] {
  const { picks, messages, held, terms } = entry;
  const { topicName: topic, place } = entry;
  const facts = { topic, place, untilMs: terms.untilMs, handles: context.handles, schema: schemas?.get(topic) };
  const views: MessageView[] = [];
  for (let i = 0; i < messages.length; i++) {
    const lease = { held: held[i] as UnsettledMessage, leaseNumber: terms.firstLease + i };
    views.push(deliveredView(messages[i] as StoredMessage, facts, (picks[i] as Pick).attempt, lease));
  }
  return views;
}
