import { BrokerError } from '../../model/errors.ts';
import type { StoreName } from '../../model/storage-provider.ts';

/** What becomes of a call. */
export type Fate = { readonly kind: 'succeed' } | { readonly kind: 'fail'; readonly applied: boolean; readonly error: Error };

/**
 * How a planned failure looks.
 *
 * @public
 * @since 0.1.0
 */
export interface FaultOptions {
  /** True: the bytes are there after the next open, although the call has rejected. Default false. */
  readonly applied?: boolean;
  /** What the call rejects with. Default: a `BrokerError` with the code `MQ_STORE_WRITE_FAILED`. */
  readonly error?: Error;
}

/**
 * Calls that reached the storage since the plan was made, failed ones included.
 *
 * @public
 * @since 0.1.0
 */
export interface FaultCounters {
  /** Writes, by store. */
  readonly writes: Readonly<Record<StoreName, number>>;
  /** Barriers, by store. */
  readonly barriers: Readonly<Record<StoreName, number>>;
}

type Verb = 'write' | 'barrier';

/**
 * Says which calls of a `faultyStorage` fail or wait. One plan may be changed at any time, also while brokers are open.
 *
 * @public
 * @since 0.1.0
 */
export class FaultPlan {
  readonly #counts: Record<Verb, Record<StoreName, number>> = { write: { log: 0, index: 0 }, barrier: { log: 0, index: 0 } };
  readonly #planned = new Map<string, Fate>();
  readonly #waiting: (() => void)[] = [];
  readonly #frozen = new Set<Verb>();
  #full = false;

  /** How many calls there were. */
  get counters(): FaultCounters {
    return { writes: { ...this.#counts.write }, barriers: { ...this.#counts.barrier } };
  }

  /** True between `fill` and `free`. */
  get isFull(): boolean {
    return this.#full;
  }

  /** Fails the `n`-th write of a store from now on; 1 is the next one. Later writes on the same handle seem to succeed and are lost at the next open. */
  failWrite(store: StoreName, n: number, options: FaultOptions = {}): void {
    this.#plan('write', store, n, options);
  }

  /** Fails the `n`-th barrier of a store from now on; 1 is the next one. Nothing of what it should have covered became durable by it. */
  failBarrier(store: StoreName, n: number, options: FaultOptions = {}): void {
    this.#plan('barrier', store, n, options);
  }

  /** Fills the disk: writes, openings and the marker fail with `MQ_DISK_FULL`, and no byte is free. */
  fill(): void {
    this.#full = true;
  }

  /** Ends `fill`. A handle with a failed write stays poisoned until it is closed and opened again. */
  free(): void {
    this.#full = false;
  }

  /** Lets writes wait, applied to nothing yet, until `thaw`. */
  freezeWrites(): void {
    this.#frozen.add('write');
  }

  /** Lets barriers wait until `thaw`. */
  freezeBarriers(): void {
    this.#frozen.add('barrier');
  }

  /** Lets everything that waits go on, in its order. */
  thaw(): void {
    this.#frozen.clear();
    for (const resume of this.#waiting.splice(0)) resume();
  }

  /** How many calls wait for `thaw`. */
  get waitingCount(): number {
    return this.#waiting.length;
  }

  /** Counts a call and decides about it. @internal */
  async decide(verb: Verb, store: StoreName): Promise<Fate> {
    this.#counts[verb][store] += 1;
    const number = this.#counts[verb][store];
    if (this.#frozen.has(verb)) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
    const key = `${verb} ${store} ${number}`;
    const fate = this.#planned.get(key);
    this.#planned.delete(key);
    if (fate !== undefined) return fate;
    return this.#full && verb === 'write' ? { kind: 'fail', applied: false, error: diskFull() } : { kind: 'succeed' };
  }

  #plan(verb: Verb, store: StoreName, n: number, options: FaultOptions): void {
    const number = this.#counts[verb][store] + n;
    const error =
      options.error ??
      new BrokerError('MQ_STORE_WRITE_FAILED', `Planned failure of ${verb} ${number} of the store ${JSON.stringify(store)}.`);
    this.#planned.set(`${verb} ${store} ${number}`, { kind: 'fail', applied: options.applied === true, error });
  }
}

/** What a full disk says. */
export function diskFull(): BrokerError {
  return new BrokerError('MQ_DISK_FULL', 'The disk is full (planned); free some space.');
}
