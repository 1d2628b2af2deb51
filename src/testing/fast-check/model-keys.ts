import { ModelAge } from './model-age.ts';
import { isStored, type ModelMessage } from './model-message.ts';
import type { ModelTime } from './model-time.ts';

/** How long a key keeps other messages out. */
export const DEDUP_WINDOW_MS = 20_000;

/** A message that has, or had, a dedup key. */
interface Holder {
  readonly message: ModelMessage;
  readonly age: ModelAge;
  /** Messages with its key whose windows surely had not ended when it was stored, and that may have been lost: one of them at most is there. */
  readonly rivals: readonly ModelMessage[];
}

/** Which messages a key may be a duplicate of. */
export interface KeyHolders {
  /** One of them is stored for sure, and its window has not ended for sure. */
  readonly isTaken: boolean;
  readonly possible: readonly ModelMessage[];
}

/** Dedup keys of the flow: who has them, and for how long. */
export class ModelKeys {
  readonly #time: ModelTime;
  readonly #holders = new Map<string, Holder[]>();

  constructor(time: ModelTime) {
    this.#time = time;
  }

  holders(topic: string, key: string): KeyHolders {
    const inWindow = this.#of(topic, key).filter(({ message, age }) => message.state !== 'gone' && age.youngestBeforeMs < DEDUP_WINDOW_MS);
    return {
      isTaken: inWindow.some(({ message, age }) => isStored(message) && age.oldestMs < DEDUP_WINDOW_MS),
      possible: inWindow.map(({ message }) => message),
    };
  }

  /** A message with a key was stored, or may have been. */
  took(message: ModelMessage): void {
    const { topic, dedupKey } = message;
    if (dedupKey === undefined) return;
    const before = this.#of(topic, dedupKey);
    const rivals = before.filter((holder) => holder.message.state !== 'gone' && holder.age.oldestMs < DEDUP_WINDOW_MS);
    const holder = { message, age: new ModelAge(this.#time), rivals: rivals.map((each) => each.message) };
    this.#holders.set(`${topic} ${dedupKey}`, [...before, holder]);
  }

  /** Two messages with one key that are both stored, though the window of the first had not ended. */
  doubles(): { first: ModelMessage; second: ModelMessage } | undefined {
    for (const holders of this.#holders.values()) {
      for (const { message, rivals } of holders) {
        const rival = isStored(message) ? rivals.find(isStored) : undefined;
        if (rival !== undefined) return { first: rival, second: message };
      }
    }
    return undefined;
  }

  processEnded(): void {
    for (const holders of this.#holders.values()) for (const { age } of holders) age.processEnded();
  }

  #of(topic: string, key: string): readonly Holder[] {
    return this.#holders.get(`${topic} ${key}`) ?? [];
  }
}
