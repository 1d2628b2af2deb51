import type { MessageView } from '../../model/message.ts';
import type { MessageInBlock, MessageWithoutBody, StoredMessage } from '../../storage/log/message-record.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import type { GroupQueue } from '../queues/group-queue.ts';
import { READ_RETRY_MS } from '../queues/queue-reading.ts';
import { settleFiltered } from '../settling/filtered.ts';
import { areAtHand, blocksAtHand, type FoundBlocks, messageOf, readBlocks } from './block-reading.ts';
import { type Pick, putBack } from './pick.ts';

/** What becomes of a message that was picked, once it has been read. */
export type PickVerdict = 'deliver' | 'filtered' | 'expired' | 'notMine';

/** The consumer that picks are for. */
export interface PickTaker {
  /** Chooses up to `most` messages that are visible now. */
  collect(most: number): readonly Pick[];
  /** `filtered`: its group does not want it at all; `expired`: its time to live is over; `notMine`: this consumer has given the subscription up meanwhile, others may want it. */
  judge(pick: Pick, message: MessageWithoutBody): PickVerdict;
}

/** Messages of one queue that are delivered, in the order in which they were picked. */
export interface Wanted {
  readonly queue: GroupQueue;
  readonly picks: Pick[];
  readonly messages: StoredMessage[];
}

/** What asking for messages ends with: views of what was delivered (perhaps none), or the error that kept it from that. Never called at once. */
export interface DeliveryResult {
  views(views: MessageView[]): void;
  failed(error: Error): void;
}

/** Whom picks are delivered to, and how. */
export interface PickDelivery {
  readonly taker: PickTaker;
  /** Perhaps nothing is wanted. Called at once where every block is in memory. */
  deliver(wanted: readonly Wanted[]): void;
  failed(error: Error): void;
}

/** So many messages are judged in one go; a filter that passes over more of them lets the event loop have its turn in between. */
const JUDGED_AT_ONCE = 1024;

/** The same for a filter that takes long over each of them: what is not judged by then is put back. */
const JUDGING_MS = 10;

/** After so many messages the clock is asked, which costs a fraction of what a quick filter does. */
const CLOCK_EVERY = 8;

/** Reads what was picked and delivers what is wanted of it. Without a block to read that is in this turn. */
export function deliverPicks(context: DeliveryContext, picks: readonly Pick[], to: PickDelivery): void {
  if (areAtHand(context, picks)) return deliverRead(context, picks, blocksAtHand(context), to);
  readBlocks(context, picks).then(
    (blockOf) => deliverRead(context, picks, blockOf, to),
    (error: Error) => {
      for (const pick of picks) {
        // What cannot be read keeps its turn, else nothing else would ever come.
        pick.turn = undefined;
        putBack(pick);
      }
      for (const group of new Set(picks.map((pick) => pick.queue.group))) context.clock.setTimer(READ_RETRY_MS, () => group.wake());
      to.failed(error);
    },
  );
}

/**
 * Delivers what is wanted of the picks, and in place of what a filter passed over as many that come behind it, as long as they are in memory: who has
 * messages does not wait for the disk to bring more. Nothing here leaves the turn, because the blocks at hand may be others in the next one.
 */
function deliverRead(context: DeliveryContext, picks: readonly Pick[], blockOf: FoundBlocks, to: PickDelivery): void {
  const wanted: Wanted[] = [];
  const judging = { taker: to.taker, wanted, untilMs: context.clock.monotonic() + JUDGING_MS };
  let passedOver = judge(context, picks, blockOf, judging);
  for (let judged = picks.length; passedOver > 0 && judged < JUDGED_AT_ONCE; ) {
    const more = to.taker.collect(passedOver);
    if (more.length === 0) break;
    if (!areAtHand(context, more)) {
      if (wanted.length === 0) return deliverPicks(context, more, to);
      for (const pick of more) putBack(pick);
      break;
    }
    judged += more.length;
    passedOver = judge(context, more, blocksAtHand(context), judging);
  }
  to.deliver(wanted);
}

interface Judging {
  readonly taker: PickTaker;
  readonly wanted: Wanted[];
  /** By the monotonic clock. */
  readonly untilMs: number;
}

/**
 * Adds what is delivered to `wanted`; what is not is settled as filtered, or put back for others. Answers how many others may be picked instead: none
 * where some were put back, which would be picked again.
 */
function judge(context: DeliveryContext, picks: readonly Pick[], blockOf: FoundBlocks, { taker, wanted, untilMs }: Judging): number {
  let passedOver = 0;
  let arePutBack = false;
  const changed = new Set<GroupQueue>();
  for (let index = 0; index < picks.length; index++) {
    const pick = picks[index] as Pick;
    const { queue } = pick;
    if (index % CLOCK_EVERY === CLOCK_EVERY - 1 && context.clock.monotonic() >= untilMs) {
      arePutBack = true;
      postpone(context, picks.slice(index));
      break;
    }
    if (pick.generation !== queue.generation) {
      pick.turn?.cameToNothing();
      continue;
    }
    const message = messageOf(context, pick, blockOf);
    const verdict = message === undefined ? 'filtered' : taker.judge(pick, message);
    if (verdict === 'deliver' && message !== undefined) {
      add(wanted, pick, message);
    } else if (verdict === 'notMine') {
      arePutBack = true;
      putBack(pick);
      queueMicrotask(() => queue.group.wake());
    } else {
      passedOver++;
      pick.turn?.cameToNothing();
      changed.add(queue);
      (verdict === 'expired' ? queue.outOfDate : queue.skipped).push(pick.offset);
      queue.unlock(pick.groupKey, pick.offset);
    }
  }
  for (const queue of changed) settleFiltered(context, queue);
  return arePutBack ? 0 : passedOver;
}

/** Others may have them, or whoever they were picked for in a later turn. */
function postpone(context: DeliveryContext, picks: readonly Pick[]): void {
  for (const pick of picks) putBack(pick);
  context.process.defer(() => {
    for (const group of new Set(picks.map(({ queue }) => queue.group))) group.wake();
  });
}

/** Its body is copied only here. Messages of one queue that follow each other share a hand-out. */
function add(wanted: Wanted[], pick: Pick, message: MessageInBlock): void {
  const last = wanted.at(-1);
  if (last?.queue === pick.queue) {
    last.picks.push(pick);
    last.messages.push(message.take());
  } else wanted.push({ queue: pick.queue, picks: [pick], messages: [message.take()] });
}
