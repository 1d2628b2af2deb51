import { Mutex } from 'async-mutex';

/** One change at a time for each name; changes of different names share their group commits. */
export class NamedLocks {
  readonly #locks = new Map<string, Mutex>();

  async runExclusive<T>(name: string, work: () => Promise<T>): Promise<T> {
    let lock = this.#locks.get(name);
    if (lock === undefined) {
      lock = new Mutex();
      this.#locks.set(name, lock);
    }
    try {
      return await lock.runExclusive(work);
    } finally {
      if (!lock.isLocked()) this.#locks.delete(name);
    }
  }
}
