import type { SentMessage } from './history-event.ts';

/** The messages of one message group of one topic, in the order in which they were sent. */
interface Sequence {
  readonly ids: string[];
  readonly placeOf: Map<string, number>;
}

/** How far one consumer group has come in a sequence. */
interface Progress {
  /** Everything before this place was passed when it was looked at. */
  passedUntil: number;
  latestPlace: number;
}

/** Order inside message groups: no message before its predecessors are settled, and none after its successors. */
export class FifoOrder {
  readonly #report: (detail: string) => void;
  readonly #sequences = new Map<string, Sequence>();
  readonly #progress = new Map<string, Progress>();
  /** Messages that were passed over: legal only where they turn out to be dead letters. */
  readonly #passedOver: { readonly group: string; readonly id: string; readonly by: string }[] = [];

  constructor(report: (detail: string) => void) {
    this.#report = report;
  }

  sent(message: SentMessage): void {
    if (message.messageGroup === undefined) return;
    const key = sequenceKey(message);
    let sequence = this.#sequences.get(key);
    if (sequence === undefined) {
      sequence = { ids: [], placeOf: new Map() };
      this.#sequences.set(key, sequence);
    }
    sequence.placeOf.set(message.id, sequence.ids.length);
    sequence.ids.push(message.id);
  }

  /** `passed` tells whether the group has finished with a message, or whether nobody knows that it exists. */
  got(group: string, message: SentMessage, passed: (id: string) => boolean): void {
    if (message.messageGroup === undefined) return;
    const key = sequenceKey(message);
    const sequence = this.#sequences.get(key);
    const place = sequence?.placeOf.get(message.id);
    if (sequence === undefined || place === undefined) return;
    const progress = this.#progressOf(`${group}\n${key}`);
    const latest = sequence.ids[progress.latestPlace];
    if (place < progress.latestPlace) this.#report(`${group} got ${message.id} after ${latest}, which was sent later`);
    progress.latestPlace = Math.max(progress.latestPlace, place);
    progress.passedUntil = Math.min(progress.passedUntil, place);
    for (; progress.passedUntil < place; progress.passedUntil++) {
      const id = sequence.ids[progress.passedUntil];
      if (id !== undefined && !passed(id)) this.#passedOver.push({ group, id, by: message.id });
    }
  }

  /** A power cut may have undone any acknowledgement. */
  forget(): void {
    this.#progress.clear();
  }

  finish(group: string, isDead: (id: string) => boolean): void {
    for (const { group: of, id, by } of this.#passedOver) {
      if (of === group && !isDead(id)) this.#report(`${group} got ${by} before ${id}, which was sent earlier, was settled`);
    }
  }

  #progressOf(key: string): Progress {
    let progress = this.#progress.get(key);
    if (progress === undefined) {
      progress = { passedUntil: 0, latestPlace: 0 };
      this.#progress.set(key, progress);
    }
    return progress;
  }
}

function sequenceKey(message: SentMessage): string {
  return `${message.topic}\n${message.messageGroup}`;
}
