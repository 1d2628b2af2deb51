import { isBrokerError } from '../model/errors.ts';
import type { Damage } from '../model/events.ts';
import type { MessageView } from '../model/message.ts';
import type { UnsettledMessage } from '../storage/index/queue-progress.ts';
import type { Block } from '../storage/log/block.ts';
import { readMessage, type StoredMessage } from '../storage/log/message-record.ts';
import { blockSequenceOf, recordNumberOf } from '../storage/log-position.ts';
import type { DeliveryContext } from './delivery-context.ts';
import { settleFiltered } from './filtered.ts';
import type { LeaseOwner } from './group-port.ts';
import type { GroupQueue, Pick } from './group-queue.ts';
import { HandOutEntry } from './hand-out.ts';
import { deliveredView } from './message-view.ts';
import type { Topic } from './topic.ts';

/** The consumer that picks are for. */
export interface PickTaker extends LeaseOwner {
  /** True unless the exact tag or the subscription's start rule the message out. */
  wants(topic: Topic, message: StoredMessage): boolean;
}

/** What a hand-out ends with: views of what was committed (perhaps none), or the error that kept it from the log. */
export interface HandOutResult {
  views(views: MessageView[]): void;
  failed(error: Error): void;
}

/** Reads what was picked, writes the hand-out down, and only then shows it. Without a block to read it joins the log at once. */
export function handOut(
  context: DeliveryContext,
  member: PickTaker,
  picks: readonly Pick[],
  invisibleMs: number,
  result: HandOutResult,
): void {
  const missing = missingBlocks(context, picks);
  if (missing.size === 0) return join(context, member, picks, NO_BLOCKS, invisibleMs, result);
  readBlocks(context, missing).then(
    (blocks) => join(context, member, picks, blocks, invisibleMs, result),
    (error: Error) => {
      for (const pick of picks) pick.queue.putBack(pick);
      result.failed(error);
    },
  );
}

const NO_BLOCKS: ReadonlyMap<number, Block | undefined> = new Map();

function missingBlocks(context: DeliveryContext, picks: readonly Pick[]): Set<number> {
  const missing = new Set<number>();
  for (const { position } of picks) if (context.store.log.cached(position) === undefined) missing.add(blockSequenceOf(position));
  return missing;
}

/** A damaged block is reported and never served; its messages count as lost. */
async function readBlocks(context: DeliveryContext, sequences: ReadonlySet<number>): Promise<ReadonlyMap<number, Block | undefined>> {
  const blocks = new Map<number, Block | undefined>();
  await Promise.all(
    [...sequences].map(async (sequence) => {
      try {
        blocks.set(sequence, await context.store.log.read(sequence));
      } catch (error) {
        if (!isBrokerError(error) || error.code !== 'MQ_STORE_CORRUPT') throw error;
        blocks.set(sequence, undefined);
        const damage: Damage = { kind: 'corruptBlock', store: 'log', detail: error.message, lostBlocks: 1, position: sequence };
        context.logger.error({ damage }, 'a block of the commit log is damaged; its messages are lost');
        context.events.emit('damage', damage);
      }
    }),
  );
  return blocks;
}

function join(
  context: DeliveryContext,
  member: PickTaker,
  picks: readonly Pick[],
  blocks: ReadonlyMap<number, Block | undefined>,
  invisibleMs: number,
  result: HandOutResult,
): void {
  const entries: HandOutEntry[] = [];
  for (let from = 0; from < picks.length; ) {
    const { queue } = picks[from] as Pick;
    let to = from + 1;
    while (to < picks.length && (picks[to] as Pick).queue === queue) to++;
    const entry = entryOf(context, member, { queue, picks: picks.slice(from, to), blocks, invisibleMs });
    if (entry !== undefined) entries.push(entry);
    from = to;
  }
  if (entries.length === 0) return result.views([]);
  const { log } = context.store;
  const done = entries.map((entry) => {
    log.join(log.openLater(), entry, 0);
    return entry.done();
  });
  const all = done.length === 1 ? (done[0] as Promise<void>) : Promise.all(done);
  all.then(() => {
    const [first] = entries;
    const views = entries.length === 1 ? viewsOf(context, first as HandOutEntry) : entries.flatMap((entry) => viewsOf(context, entry));
    result.views(views);
  }, result.failed);
}

function entryOf(
  context: DeliveryContext,
  member: PickTaker,
  what: { queue: GroupQueue; picks: readonly Pick[]; blocks: ReadonlyMap<number, Block | undefined>; invisibleMs: number },
): HandOutEntry | undefined {
  const { queue } = what;
  const picks: Pick[] = [];
  const messages: StoredMessage[] = [];
  for (const pick of what.picks) {
    const message = messageOf(context, pick, what.blocks);
    if (message !== undefined && member.wants(queue.topic, message)) {
      picks.push(pick);
      messages.push(message);
      continue;
    }
    queue.skipped.push(pick.offset);
    queue.unlock(pick.groupKey, pick.offset);
  }
  settleFiltered(context, queue);
  return picks.length === 0
    ? undefined
    : new HandOutEntry(queue, context, { owner: member, picks, messages, invisibleMs: what.invisibleMs });
}

function messageOf(context: DeliveryContext, pick: Pick, blocks: ReadonlyMap<number, Block | undefined>): StoredMessage | undefined {
  const block = context.store.log.cached(pick.position) ?? blocks.get(blockSequenceOf(pick.position));
  return block === undefined ? undefined : readMessage(block, recordNumberOf(pick.position));
}

function viewsOf(context: DeliveryContext, entry: HandOutEntry): MessageView[] {
  const { picks, messages, held } = entry;
  const facts = { topic: entry.topicName, untilMs: entry.terms.untilMs, handles: context.handles };
  const views: MessageView[] = [];
  for (let i = 0; i < messages.length; i++) {
    views.push(deliveredView(messages[i] as StoredMessage, facts, (picks[i] as Pick).attempt, held[i] as UnsettledMessage));
  }
  return views;
}
