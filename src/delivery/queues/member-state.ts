import type { SubscriptionRecord } from '../../storage/index/catalogue.ts';
import { QueueProgress } from '../../storage/index/queue-progress.ts';
import type { LogEntry } from '../../storage/log/log-entry.ts';
import type { ProgressAddress } from '../../storage/log/state-records.ts';
import type { DeliveryContext } from '../delivery-context.ts';

/** Changes that take effect together; nothing joins any more once it is sealed. */
export class MemberTurn {
  sealed = false;
  readonly entries: LogEntry[] = [];
}

type Start = Pick<SubscriptionRecord, 'topicId' | 'starts' | 'notBeforeMs'>;

/**
 * The delivery state of one broadcast member: its positions and what it holds, in memory for as long as it is open. The changes are those of
 * every group, but neither log nor index hears of them: they take effect at the end of the turn of the event loop, in the order in which they came.
 */
export class MemberState {
  readonly #context: DeliveryContext;
  readonly #starts = new Map<string, Promise<Start>>();
  /** By topic name; where messages that were stored earlier are passed over. */
  readonly #notBeforeMs = new Map<string, number>();
  #turn: MemberTurn | undefined;
  #onDrained: (() => void)[] = [];
  /** The member is gone: nothing is attached to its group any more. */
  closed = false;

  constructor(context: DeliveryContext) {
    this.#context = context;
  }

  /** Where the member begins in a topic. Who attaches the topic waits for it, so that no queue begins elsewhere. */
  async begin(topicName: string, start: Promise<Start>): Promise<void> {
    this.#starts.set(topicName, start);
    await start;
  }

  /** The state of a queue as the member meets it: at its start where the queue was there then, else at the first message. */
  async progressOf(address: ProgressAddress, topicName: string): Promise<QueueProgress> {
    const start = await this.#starts.get(topicName);
    if (start?.notBeforeMs !== undefined) this.#notBeforeMs.set(topicName, start.notBeforeMs);
    const first = start?.topicId === address.topicId ? start.starts?.[address.queueId] : undefined;
    return new QueueProgress(address, first ?? 0, undefined);
  }

  notBeforeMs(topicName: string): number | undefined {
    return this.#notBeforeMs.get(topicName);
  }

  /** What joins now. It always takes effect later than its caller, and the event loop has its turn in between, however much there is to do. */
  openTurn(): MemberTurn {
    if (this.#turn !== undefined) return this.#turn;
    const turn = new MemberTurn();
    this.#turn = turn;
    this.#context.process.defer(() => this.#end(turn));
    return turn;
  }

  /** Waits for what is under way; nothing of the member is left behind. */
  async close(): Promise<void> {
    this.closed = true;
    while (this.#turn !== undefined) await new Promise<void>((resolve) => this.#onDrained.push(resolve));
  }

  #end(turn: MemberTurn): void {
    this.#turn = undefined;
    turn.sealed = true;
    const { ended } = this.#context.store.log;
    // A broker that is gone hands out nothing more, whether it was closed or died.
    if (ended !== undefined) for (const entry of turn.entries) entry.fail(ended);
    else {
      for (const entry of turn.entries) entry.commit(0);
      for (const entry of turn.entries) entry.settle();
    }
    const waiting = this.#onDrained;
    this.#onDrained = [];
    for (const resolve of waiting) resolve();
  }
}
