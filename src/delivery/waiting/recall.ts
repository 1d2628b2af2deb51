import { BrokerError } from '../../model/errors.ts';
import type { TimerKind } from '../../storage/index/delays.ts';
import type { TimerEntry } from '../../storage/index/timer-rows.ts';
import type { GroupSpace, LogEntry } from '../../storage/log/log-entry.ts';
import { readMessage, type StoredMessage } from '../../storage/log/message-record.ts';
import { type Recall, writeRecall } from '../../storage/log/recall-record.ts';
import { RECORD } from '../../storage/log/record-kinds.ts';
import { blockSequenceOf, type LogPosition, logPosition, recordNumberOf } from '../../storage/log-position.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import type { Topic } from '../topic.ts';
import { invalidRecallHandle, isOf, type RecallTarget } from '../views/recall-handle.ts';

/** A delay message that is taken back. */
class RecallEntry implements LogEntry {
  readonly #context: DeliveryContext;
  readonly #recall: Recall;
  readonly #timer: TimerEntry;
  readonly #settle: { resolve: () => void; reject: (error: Error) => void };
  #block = 0;
  #record = 0;

  constructor(
    context: DeliveryContext,
    recall: Recall,
    timer: TimerEntry,
    settle: { resolve: () => void; reject: (error: Error) => void },
  ) {
    this.#context = context;
    this.#recall = recall;
    this.#timer = timer;
    this.#settle = settle;
  }

  seal(space: GroupSpace): void {
    const builder = space.room(48);
    this.#record = builder.begin(RECORD.recall);
    writeRecall(builder, this.#recall);
    builder.end();
    this.#block = space.lastBlock;
  }

  commit(firstSequence: number): void {
    const position = logPosition(firstSequence + this.#block, this.#record);
    const { kind, dedupHash, topicId } = this.#recall;
    const { index, log } = this.#context.store;
    index.delays.settled(kind, this.#timer, position);
    if (dedupHash.high !== 0 || dedupHash.low !== 0) index.dedup.free(topicId, dedupHash, this.#timer.position, log.lastStoredAtMs);
  }

  settle(): void {
    this.#settle.resolve();
  }

  fail(error: Error): void {
    giveBack(this.#context, this.#recall.kind, this.#timer.position);
    this.#settle.reject(error);
  }
}

/** Takes a delay message back that is not due yet. Whoever joins the log first, its time or the recall, has it. */
export async function recall(context: DeliveryContext, topic: Topic, target: RecallTarget): Promise<{ messageId: string }> {
  const { store } = context;
  if (target.topicId !== topic.record.topicId) throw invalidRecallHandle(`is not of the topic ${JSON.stringify(topic.record.name)}`);
  const timer = await take(context, target);
  const { kind, position, dueAtMs, topicId } = target;
  const { messageId, extension } = await described(context, target);
  const dedupHash = extension?.dedup?.hash ?? { high: 0, low: 0 };
  // From here on the entry gives the timer back when it fails.
  await new Promise<void>((resolve, reject) => {
    const entry = new RecallEntry(context, { kind, dueAtMs, position, topicId, dedupHash }, timer, { resolve, reject });
    store.log.join(store.log.open(), entry, 0);
  });
  context.counters.recalled++;
  context.events.emit('recalled', { topic: topic.record.name, messageId, deliverAtMs: dueAtMs });
  return { messageId };
}

/** The message whose timer was taken; where it cannot be read, or is another one than the handle's, the timer goes on waiting. */
async function described(context: DeliveryContext, target: RecallTarget): Promise<StoredMessage> {
  const { kind, position } = target;
  try {
    const message = readMessage(await context.store.log.read(blockSequenceOf(position)), recordNumberOf(position));
    if (!isOf(target, message.messageId)) throw tooLate();
    context.assertOpen();
    return message;
  } catch (error) {
    giveBack(context, kind, position);
    throw error;
  }
}

function giveBack({ store, timers }: DeliveryContext, kind: TimerKind, position: LogPosition): void {
  store.index.delays.of(kind).release(position);
  timers.retry();
}

async function take(context: DeliveryContext, { kind, dueAtMs, position }: RecallTarget): Promise<TimerEntry> {
  const timers = context.store.index.delays.of(kind);
  for (;;) {
    context.assertOpen();
    const timer = await context.store.overHeals(() => timers.take(dueAtMs, position));
    if (timer === undefined) throw tooLate();
    if (timer !== 'held') return timer;
    await context.store.log.nextCommit();
  }
}

function tooLate(): BrokerError {
  return new BrokerError(
    'MQ_RECALL_TOO_LATE',
    'The message does not wait any more: it has come due, was recalled before, or was lost in a power cut',
  );
}
