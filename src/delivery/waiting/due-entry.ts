import type { TimerKind } from '../../storage/index/delays.ts';
import type { TimerEntry } from '../../storage/index/timer-rows.ts';
import type { CommitGroup } from '../../storage/log/commit-group.ts';
import type { LogEntry } from '../../storage/log/log-entry.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import type { Topics } from '../topics.ts';
import { type Located, PlacedPointer } from './placed-pointer.ts';

/** A message that is due. */
export type DueMessage = Located<TimerEntry>;

/** Messages whose time has come: a pointer for each. */
export class DueEntry implements LogEntry {
  readonly #context: DeliveryContext;
  readonly #topics: Topics;
  readonly #kind: TimerKind;
  readonly #pointers: readonly PlacedPointer<TimerEntry>[];
  readonly #onEnd: (error: Error | undefined) => void;

  constructor(
    context: DeliveryContext,
    topics: Topics,
    what: { kind: TimerKind; due: readonly DueMessage[]; group: CommitGroup; onEnd: (error: Error | undefined) => void },
  ) {
    this.#context = context;
    this.#topics = topics;
    this.#kind = what.kind;
    this.#onEnd = what.onEnd;
    this.#pointers = what.due.map((due) => new PlacedPointer(what.group, due, what.kind, due.waiting.dueAtMs));
  }

  seal(): void {
    for (const pointer of this.#pointers) pointer.seal();
  }

  commit(firstSequence: number): void {
    const { delays } = this.#context.store.index;
    for (const pointer of this.#pointers) {
      const position = pointer.publish(this.#context, this.#topics, firstSequence);
      delays.settled(this.#kind, pointer.waiting, position);
    }
  }

  settle(): void {
    this.#onEnd(undefined);
  }

  fail(error: Error): void {
    const timers = this.#context.store.index.delays.of(this.#kind);
    for (const pointer of this.#pointers) {
      pointer.cancel();
      timers.release(pointer.waiting.position);
    }
    this.#onEnd(error);
  }
}
