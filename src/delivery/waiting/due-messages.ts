import { TIMER_KINDS, type TimerKind } from '../../storage/index/delays.ts';
import type { TimerEntry } from '../../storage/index/timer-rows.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import type { Topics } from '../topics.ts';
import { DueEntry, type DueMessage } from './due-entry.ts';

/** Timers that share a log entry. */
const BATCH = 1024;
/** Pointers on their way to the log; more wait until some of them are committed. */
const MOST_UNDER_WAY = 16_384;
/** What is due within this while is kept in memory. */
const WINDOW_MS = 60_000;

/** Makes messages visible whose time has come. */
export class DueMessages {
  readonly #context: DeliveryContext;
  readonly #topics: Topics;
  #underWay = 0;

  constructor(context: DeliveryContext, topics: Topics) {
    this.#context = context;
    this.#topics = topics;
  }

  /** By the clock that a kind of timers runs by. */
  nowOf(kind: TimerKind): number {
    return kind === 'instant' ? this.#context.clock.now() : this.#context.delayTime.exactly();
  }

  /** Milliseconds until something is due or has to be loaded; `undefined` while nothing waits. */
  get nextInMs(): number | undefined {
    let next: number | undefined;
    for (const kind of TIMER_KINDS) {
      const { nextAtMs } = this.#context.store.index.delays.of(kind);
      if (nextAtMs === undefined) continue;
      const inMs = Math.max(0, nextAtMs - this.nowOf(kind));
      next = next === undefined ? inMs : Math.min(next, inMs);
    }
    return next;
  }

  /** Lets everything that is due join the log. A rejection is of a read; what was taken goes on waiting. */
  async deliverDue(): Promise<void> {
    for (const kind of TIMER_KINDS) {
      const timers = this.#context.store.index.delays.of(kind);
      for (;;) {
        await timers.load(Math.floor(this.nowOf(kind)) + WINDOW_MS);
        this.#context.assertOpen();
        const taken = timers.takeDue(this.nowOf(kind), BATCH);
        if (taken.length === 0) {
          const { nextAtMs } = timers;
          if (nextAtMs === undefined || nextAtMs > this.nowOf(kind)) break;
          continue;
        }
        await this.#join(kind, taken);
        while (this.#underWay > MOST_UNDER_WAY) await this.#context.store.log.nextCommit();
      }
    }
  }

  async #join(kind: TimerKind, taken: readonly TimerEntry[]): Promise<void> {
    const { index, log } = this.#context.store;
    const due: DueMessage[] = [];
    try {
      for (const timer of taken) {
        const { topicId, queueId } = timer;
        // The topic was deleted, and with it what waited.
        if (!index.catalogue.topics.has(topicId)) index.delays.settled(kind, timer, timer.position);
        else due.push({ waiting: timer, queue: index.queue(topicId, queueId) ?? (await index.loadQueue(topicId, queueId)) });
      }
    } catch (error) {
      for (const timer of taken) index.delays.of(kind).release(timer.position);
      throw error;
    }
    if (due.length === 0) return;
    this.#underWay += due.length;
    const group = log.open();
    const onEnd = (error: Error | undefined): void => {
      this.#underWay -= due.length;
      if (error !== undefined) this.#context.timers.retry();
    };
    log.join(group, new DueEntry(this.#context, this.#topics, { kind, due, group, onEnd }), due.length * 48);
  }
}
