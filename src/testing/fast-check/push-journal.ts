import type { Clock, MessageView } from '../../index.ts';
import type { ModelMessage } from './model-message.ts';
import { violation } from './violation.ts';

/** How a listener treats a message; each message has its own way, so that a run can be repeated. */
const WAYS = ['succeeds', 'succeeds', 'fails once', 'fails always', 'throws once', 'takes long', 'hangs once'] as const;
type Way = (typeof WAYS)[number];
const LONG_MS = 2_000;

interface Call {
  readonly name: string;
  readonly attempt: number;
  readonly queueOffset: number;
  /** What the clocks read. */
  readonly wallMs: number;
  readonly monotonicMs: number;
  /** Beginnings and ends of calls have one order. */
  readonly startedAt: number;
  endedAt: number;
  outcome: 'running' | 'succeeded' | 'failed';
}

/** What the push consumer of the commands was given, and how each call ended. Checks attempts and order. */
export class PushJournal {
  readonly #maxAttempts: number;
  readonly #clock: Clock;
  readonly #calls: Call[] = [];
  #checked = 0;
  #moment = 0;
  /** Calls before this one do not count any more: a power cut made them undone, perhaps. */
  #forgotten = 0;

  constructor(maxAttempts: number, clock: Clock) {
    this.#maxAttempts = maxAttempts;
    this.#clock = clock;
  }

  async listen(message: MessageView, signal: AbortSignal): Promise<'success' | 'failure'> {
    const call: Call = {
      name: message.text(),
      attempt: message.deliveryAttempt,
      queueOffset: message.queueOffset,
      wallMs: this.#clock.now(),
      monotonicMs: this.#clock.monotonic(),
      startedAt: this.#moment++,
      endedAt: Number.POSITIVE_INFINITY,
      outcome: 'running',
    };
    this.#calls.push(call);
    try {
      const result = await this.#work(wayOf(call.name), call.attempt, signal);
      this.#end(call, signal.aborted || result === 'failure' ? 'failed' : 'succeeded');
      return result;
    } catch (error) {
      this.#end(call, 'failed');
      throw error;
    }
  }

  /** The process ended; whatever ran then has failed. After a power cut nobody can tell how far the group is. */
  processEnded(isUncertain: boolean): void {
    for (const call of this.#calls) this.#end(call, 'failed');
    if (isUncertain) this.#forgotten = this.#calls.length;
  }

  /** Looks at the calls since the last check: attempts rise by one, nothing comes after its success, and message groups keep their order. */
  check(messages: ReadonlyMap<string, ModelMessage>): void {
    for (; this.#checked < this.#calls.length; this.#checked++) {
      const call = this.#calls[this.#checked] as Call;
      const message = messages.get(call.name);
      if (message === undefined) throw violation('I2', `the listener got ${JSON.stringify(call.name)}, which nobody sent`);
      if (message.state !== 'visible')
        throw violation(message.transaction === undefined ? 'I8' : 'I7', `the listener got ${call.name}, which is ${message.state}`);
      const before = this.#earlier(call.name);
      this.#checkAttempt(call, before);
      if (message.messageGroup !== undefined) this.#checkOrder(call, message, messages);
    }
  }

  /** True when every message has come to its end. */
  isDone(message: ModelMessage): boolean {
    const calls = this.#calls.filter(({ name }) => name === message.name);
    return (
      calls.some(({ outcome }) => outcome === 'succeeded') ||
      calls.some(({ attempt, outcome }) => attempt >= this.#maxAttempts && outcome === 'failed')
    );
  }

  /** The first call for a message since the process began of which nothing is forgotten. */
  firstCallOf(name: string): { readonly wallMs: number; readonly monotonicMs: number } | undefined {
    return this.#calls.slice(this.#forgotten).find((call) => call.name === name);
  }

  /** Messages whose last attempt has failed. */
  get deadNames(): string[] {
    return [
      ...new Set(
        this.#calls.filter(({ attempt, outcome }) => attempt === this.#maxAttempts && outcome === 'failed').map(({ name }) => name),
      ),
    ];
  }

  get isCertain(): boolean {
    return this.#forgotten === 0;
  }

  #end(call: Call, outcome: 'succeeded' | 'failed'): void {
    if (call.outcome !== 'running') return;
    call.outcome = outcome;
    call.endedAt = this.#moment++;
  }

  #checkAttempt(call: Call, before: readonly Call[]): void {
    if (call.attempt < 1 || call.attempt > this.#maxAttempts)
      throw violation('I9', `${call.name} came with attempt ${call.attempt} of ${this.#maxAttempts}`);
    if (before.some(({ outcome, endedAt }) => outcome === 'succeeded' && endedAt < call.startedAt))
      throw violation('I1', `${call.name} came again after its success`);
    const last = before.at(-1);
    if (last === undefined && this.#forgotten > 0) return;
    const lastAttempt = last?.attempt ?? 0;
    // A crash may have counted deliveries that no listener saw.
    if (call.attempt <= lastAttempt) throw violation('I9', `${call.name} came with attempt ${call.attempt} after attempt ${lastAttempt}`);
  }

  #checkOrder(call: Call, message: ModelMessage, messages: ReadonlyMap<string, ModelMessage>): void {
    if (this.#forgotten > 0) return;
    for (const other of messages.values()) {
      if (other.topic !== message.topic || other.messageGroup !== message.messageGroup || other === message) continue;
      // Whether the time to live of one was over when its turn came is told by nobody.
      if (other.place === undefined || other.place.queueOffset >= call.queueOffset || other.ttlMs !== undefined) continue;
      const calls = this.#earlier(other.name);
      const ended = calls.some(
        ({ outcome, attempt, endedAt }) => endedAt < call.startedAt && (outcome === 'succeeded' || attempt >= this.#maxAttempts),
      );
      if (!ended) throw violation('I5', `${call.name} came before ${other.name} of the same message group was settled`);
    }
  }

  /** Calls for a message before the one that is being checked. */
  #earlier(name: string): Call[] {
    return this.#calls.slice(this.#forgotten, this.#checked).filter((call) => call.name === name);
  }

  async #work(way: Way, attempt: number, signal: AbortSignal): Promise<'success' | 'failure'> {
    if (way === 'fails always' || (way === 'fails once' && attempt === 1)) return 'failure';
    if (way === 'throws once' && attempt === 1) throw new Error('the listener threw');
    if (way === 'hangs once' && attempt === 1)
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    if (way === 'takes long') await new Promise<void>((resolve) => this.#clock.setTimer(LONG_MS, resolve));
    return 'success';
  }
}

function wayOf(name: string): Way {
  const number = Number.parseInt(name.slice(1), 10);
  return WAYS[number % WAYS.length] as Way;
}
