import { percentile } from './statistics.js';

/**
 * Messages of the warm-up: a tenth, and enough for the compiler to have seen the code often where a message takes a whole sync.
 * @param {number} count
 */
export function warmUpOf(count) {
  return Math.max(count / 10, 5_000);
}

/** Counts what is completed after a warm-up, and remembers the longest pause between two completions. */
export class Stopwatch {
  #startedAtMs = 0;
  #lastAtMs = 0;
  #cpu = process.cpuUsage();
  #count = 0;
  /** Longest time without a completion, milliseconds. */
  worstPauseMs = 0;

  start() {
    this.#cpu = process.cpuUsage();
    this.#startedAtMs = performance.now();
    this.#lastAtMs = this.#startedAtMs;
    this.#count = 0;
    this.worstPauseMs = 0;
  }

  /** @param {number} count completed just now */
  add(count) {
    this.#count += count;
    const nowMs = performance.now();
    if (nowMs - this.#lastAtMs > this.worstPauseMs) this.worstPauseMs = nowMs - this.#lastAtMs;
    this.#lastAtMs = nowMs;
  }

  /** Completions a second, and the share of a core that this process used, from `start` until the last completion. */
  result() {
    const elapsedMs = this.#lastAtMs - this.#startedAtMs;
    const { user, system } = process.cpuUsage(this.#cpu);
    return {
      perSecond: (this.#count / elapsedMs) * 1000,
      cpu: (user + system) / 1000 / elapsedMs,
      worstPauseMs: this.worstPauseMs,
    };
  }
}

/** Collects durations without growing an ordinary array for each. */
export class Durations {
  #values = new Float64Array(1024);
  #count = 0;

  /** @param {number} ms */
  add(ms) {
    if (this.#count === this.#values.length) {
      const larger = new Float64Array(this.#count * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#count++] = ms;
  }

  result() {
    const sorted = this.#values.subarray(0, this.#count).sort();
    return { count: this.#count, p50Ms: percentile(sorted, 0.5), p99Ms: percentile(sorted, 0.99), p999Ms: percentile(sorted, 0.999) };
  }
}

/** Bytes that live objects and their buffers take, after a collection where `--expose-gc` allows one. */
export function liveBytes() {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/**
 * The same once the checkpoints have taken what is kept for them; something was sent just now.
 * @param {import('pocketmq').Broker} broker
 */
export async function quietBytes(broker) {
  const lastCheckpoint = async () => (await broker.admin.stats()).lastCheckpointAtMs ?? 0;
  const sentAtMs = Date.now();
  let before = Number.NaN;
  // No checkpoint is under way once one has ended after the last send and no other within the time in which one begins.
  for (let last = await lastCheckpoint(); last < sentAtMs || last !== before; last = await lastCheckpoint()) {
    before = last;
    await new Promise((resolve) => setTimeout(resolve, 7_000));
  }
  return liveBytes();
}
