import type { ModelDelivery, ModelMessage } from './model-message.ts';

/** Values of the commands; all others are the application's own affair. */
export const VALUE_PREFIX = 'flow/';

/** What one atomic unit did. */
export interface ModelUnit {
  /** Its own value, by which it is told that the unit is there. */
  readonly mark: string;
  /** What it put, and what it deleted as `undefined`. */
  readonly changes: ReadonlyMap<string, string | undefined>;
  readonly messages: readonly ModelMessage[];
  /** Those of them that are no duplicates, for sure. */
  readonly sureMessages: readonly ModelMessage[];
  readonly acked: readonly ModelDelivery[];
}

/** The application store as it must be: what is durable, and the units since. */
export class ModelValues {
  readonly #durable = new Map<string, string>();
  #pending: ModelUnit[] = [];
  #units = 0;

  nextMark(): string {
    this.#units++;
    return `${VALUE_PREFIX}unit/${this.#units}`;
  }

  get hasUnits(): boolean {
    return this.#units > 0;
  }

  /** Units that a power cut may take, in the order of their commits. */
  get pending(): readonly ModelUnit[] {
    return this.#pending;
  }

  committed(unit: ModelUnit): void {
    this.#pending.push(unit);
  }

  barrierPassed(): void {
    for (const unit of this.#pending) apply(this.#durable, unit);
    this.#pending = [];
  }

  /** These are what a power cut has left. */
  left(units: readonly ModelUnit[]): void {
    this.#pending = [...units];
    this.barrierPassed();
  }

  entries(): Map<string, string> {
    const values = new Map(this.#durable);
    for (const unit of this.#pending) apply(values, unit);
    return values;
  }
}

function apply(values: Map<string, string>, { mark, changes }: ModelUnit): void {
  values.set(mark, '');
  for (const [key, value] of changes) {
    if (value === undefined) values.delete(key);
    else values.set(key, value);
  }
}
