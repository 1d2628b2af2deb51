import type { Clock, Timer } from '../../model/clock.ts';
import type { DurableStore } from '../../model/key-value-port.ts';

/** Without a sync send a barrier starts this long after something unsynced was put. */
const ASYNC_BARRIER_MS = 100;

/** Something that waits until what was put before it is durable. */
export interface BarrierWaiter {
  durable(): void;
  failed(error: Error): void;
}

/**
 * Makes what was put durable, one barrier at a time: whoever comes while one runs waits for the next one, which serves all of them.
 * Where the store has no barriers every write to it is synced, and all that was put is durable already.
 */
export class Barriers {
  readonly #clock: Clock;
  readonly #onFailure: (error: Error) => void;
  readonly #onDurable: () => void;
  #store: DurableStore;
  #waiting: BarrierWaiter[] = [];
  #running: Promise<void> | undefined;
  #timer: Timer | undefined;
  /** When the oldest byte was put that no barrier has covered; `undefined` while there is none. */
  #unsyncedSinceMs: number | undefined;
  /** The same for the bytes that the running barrier covers. */
  #runningSinceMs: number | undefined;
  /** Why nothing will be made durable any more; `undefined` while it is. */
  #stopped: Error | undefined;
  /** Whom the barrier under way serves. */
  #served: BarrierWaiter[] = [];
  #over = false;
  completed = 0;

  constructor(store: DurableStore, clock: Clock, on: { failure: (error: Error) => void; durable: () => void }) {
    this.#store = store;
    this.#clock = clock;
    this.#onFailure = on.failure;
    this.#onDurable = on.durable;
  }

  /** Everything that was put is durable. */
  get isClean(): boolean {
    return this.#unsyncedSinceMs === undefined && this.#running === undefined;
  }

  /** How long the oldest uncovered byte has waited, milliseconds. */
  get lagMs(): number {
    const sinceMs = this.#runningSinceMs ?? this.#unsyncedSinceMs;
    return sinceMs === undefined ? 0 : this.#clock.monotonic() - sinceMs;
  }

  /** Something was put without sync. */
  wrote(): void {
    if (!this.#store.canBarrier) return;
    if (this.#unsyncedSinceMs !== undefined || this.#stopped !== undefined) return;
    this.#unsyncedSinceMs = this.#clock.monotonic();
    this.#startLater();
  }

  /** Calls the waiter once everything that was put until now is durable. */
  wait(waiter: BarrierWaiter): void {
    const stopped = this.#stopped;
    if (stopped !== undefined) waiter.failed(stopped);
    else this.#waiting.push(waiter);
  }

  /** Starts a barrier for those who wait, or after the one that runs. */
  request(): void {
    if (this.#waiting.length > 0) this.#start();
  }

  /** A barrier now; resolves when what was put until now is durable. */
  flush(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.wait({ durable: resolve, failed: reject });
      this.#start();
    });
  }

  /** The store was opened anew, which made all of it durable. */
  reopened(store: DurableStore): void {
    this.#store = store;
    this.#running = undefined;
    this.#runningSinceMs = undefined;
    this.#unsyncedSinceMs = undefined;
    // Also those of a barrier that may never come back from the old store.
    const served = this.#served;
    this.#served = [];
    this.#complete([...served, ...this.#take()]);
  }

  /** No further barrier starts; whom the one under way serves, it still answers. */
  stop(error: Error): void {
    this.#stopped ??= error;
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const waiter of this.#take()) waiter.failed(error);
  }

  /** As `stop`, and whatever comes of the barrier under way, nobody waits for it any more. */
  end(error: Error): void {
    this.stop(error);
    const served = this.#served;
    this.#served = [];
    this.#over = true;
    for (const waiter of served) waiter.failed(error);
  }

  #take(): BarrierWaiter[] {
    const waiters = this.#waiting;
    this.#waiting = [];
    return waiters;
  }

  #start(): void {
    if (this.#running !== undefined || this.#stopped !== undefined) return;
    const waiters = this.#take();
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#runningSinceMs = this.#unsyncedSinceMs;
    this.#unsyncedSinceMs = undefined;
    this.#served = waiters;
    const running = this.#store.canBarrier ? this.#store.barrier() : Promise.resolve();
    this.#running = running;
    running.then(
      () => {
        if (!this.#over) this.#ended(running, waiters);
      },
      (error: Error) => {
        if (!this.#over) this.#broke(running, waiters, error);
      },
    );
  }

  #ended(running: Promise<void>, waiters: BarrierWaiter[]): void {
    // The store was opened anew meanwhile: that made it durable, and everybody was told.
    if (this.#running !== running) return;
    this.#running = undefined;
    this.#served = [];
    this.#runningSinceMs = undefined;
    this.completed++;
    if (this.#waiting.length > 0) this.#start();
    else if (this.#unsyncedSinceMs !== undefined) this.#startLater();
    this.#complete(waiters);
    this.#onDurable();
  }

  #startLater(): void {
    this.#timer ??= this.#clock.setTimer(ASYNC_BARRIER_MS, () => {
      this.#timer = undefined;
      this.#start();
    });
  }

  /** The waiters stay: whether their data survived is decided by reopening the store. */
  #broke(running: Promise<void>, waiters: BarrierWaiter[], error: Error): void {
    if (this.#running !== running) return;
    this.#served = [];
    this.#waiting = [...waiters, ...this.#waiting];
    if (this.#stopped !== undefined) return this.stop(error);
    this.#onFailure(error);
  }

  #complete(waiters: BarrierWaiter[]): void {
    for (const waiter of waiters) waiter.durable();
  }
}
