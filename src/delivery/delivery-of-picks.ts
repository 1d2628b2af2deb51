import { isBrokerError } from '../model/errors.ts';
import type { MessageView } from '../model/message.ts';
import { corrupt } from '../storage/byte-reader.ts';
import type { UnsettledMessage } from '../storage/index/queue-progress.ts';
import type { Block } from '../storage/log/block.ts';
import type { StoredMessage } from '../storage/log/message-record.ts';
import { readVisible, targetOf } from '../storage/log/pointer-record.ts';
import { blockSequenceOf, type LogPosition, recordNumberOf } from '../storage/log-position.ts';
import { isCorruption } from '../storage/store-errors.ts';
import type { DeliveryContext } from './delivery-context.ts';
import { reportDamage } from './delivery-events.ts';
import { settleFiltered } from './filtered.ts';
import type { LeaseOwner } from './group-port.ts';
import type { Pick } from './group-queue.ts';
import { HandOutEntry } from './hand-out.ts';
import { deliveredView } from './message-view.ts';
import type { Topic } from './topic.ts';

/** What becomes of a message that was picked, once it has been read. */
export type PickVerdict = 'deliver' | 'filtered' | 'expired' | 'notMine';

/** The consumer that picks are for. */
export interface PickTaker extends LeaseOwner {
  /** `filtered`: its group does not want it at all; `expired`: its time to live is over; `notMine`: this consumer has given the subscription up meanwhile, others may want it. */
  judge(topic: Topic, message: StoredMessage): PickVerdict;
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

/** A block by its sequence: one that was looked for is there, or damaged. */
type FoundBlocks = (sequence: number) => Block | 'damaged';

/** Tried again after this while when a block could not be read for another reason than damage. */
const READ_RETRY_MS = 1000;

/** Reads what was picked, writes the hand-out down, and only then shows it. Without a block to read it joins the log at once. */
export function handOut(context: DeliveryContext, picks: readonly Pick[], to: HandingOut): void {
  const { log } = context.store;
  if (picks.every(({ position }) => isAtHand(log, position))) {
    return join(context, picks, (sequence) => log.cache.peek(sequence) ?? 'damaged', to);
  }
  readBlocks(context, picks).then(
    (blocks) => join(context, picks, (sequence) => blocks.get(sequence) ?? 'damaged', to),
    (error: Error) => {
      for (const pick of picks) pick.queue.putBack(pick);
      for (const group of new Set(picks.map((pick) => pick.queue.group))) context.clock.setTimer(READ_RETRY_MS, () => group.wake());
      to.result.failed(error);
    },
  );
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

function join(context: DeliveryContext, picks: readonly Pick[], blockOf: FoundBlocks, to: HandingOut): void {
  const entries: HandOutEntry[] = [];
  for (let from = 0; from < picks.length; ) {
    const { queue } = picks[from] as Pick;
    let end = from + 1;
    while (end < picks.length && (picks[end] as Pick).queue === queue) end++;
    const entry = entryOf(context, picks.slice(from, end), blockOf, to);
    if (entry !== undefined) entries.push(entry);
    from = end;
  }
  if (entries.length === 0) return queueMicrotask(() => to.result.views([]));
  const { log } = context.store;
  const done = entries.map((entry) => {
    log.join(log.openLater(), entry, 0);
    return entry.done();
  });
  const all = done.length === 1 ? (done[0] as Promise<void>) : Promise.all(done);
  all.then(() => {
    const [first] = entries;
    const views = entries.length === 1 ? viewsOf(context, first as HandOutEntry) : entries.flatMap((entry) => viewsOf(context, entry));
    to.result.views(views);
  }, to.result.failed);
}

/** The hand-out of one queue's picks; what is not delivered is settled as filtered, or put back for others. */
function entryOf(context: DeliveryContext, picked: readonly Pick[], blockOf: FoundBlocks, to: HandingOut): HandOutEntry | undefined {
  const { queue } = picked[0] as Pick;
  const picks: Pick[] = [];
  const messages: StoredMessage[] = [];
  for (const pick of picked) {
    if (pick.generation !== queue.generation) continue;
    const message = messageOf(context, pick, blockOf);
    const verdict = message === undefined ? 'filtered' : to.member.judge(queue.topic, message);
    if (verdict === 'deliver' && message !== undefined) {
      picks.push(pick);
      messages.push(message);
    } else if (verdict === 'notMine') {
      queue.putBack(pick);
      queueMicrotask(() => queue.group.wake());
    } else {
      (verdict === 'expired' ? queue.outOfDate : queue.skipped).push(pick.offset);
      queue.unlock(pick.groupKey, pick.offset);
    }
  }
  settleFiltered(context, queue);
  if (picks.length === 0) return undefined;
  return new HandOutEntry(queue, context, { owner: to.member, picks, messages, invisibleMs: to.invisibleMs });
}

/** Nothing where a block is damaged, which was reported when the block was read. */
function messageOf(context: DeliveryContext, pick: Pick, blockOf: FoundBlocks): StoredMessage | undefined {
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

function viewsOf(context: DeliveryContext, entry: HandOutEntry): MessageView[] {
  const { picks, messages, held, terms } = entry;
  const { topicName: topic, place } = entry;
  const facts = { topic, place, untilMs: terms.untilMs, handles: context.handles };
  const views: MessageView[] = [];
  for (let i = 0; i < messages.length; i++) {
    const lease = { held: held[i] as UnsettledMessage, leaseNumber: terms.firstLease + i };
    views.push(deliveredView(messages[i] as StoredMessage, facts, (picks[i] as Pick).attempt, lease));
  }
  return views;
}
