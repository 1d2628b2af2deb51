import type { BrokerIndex } from '../../storage/index/broker-index.ts';
import { type ApplicationChange, writeApplicationChange } from '../../storage/log/application-record.ts';
import type { GroupSpace, LogEntry } from '../../storage/log/log-entry.ts';
import { RECORD } from '../../storage/log/record-kinds.ts';
import { logPosition } from '../../storage/log-position.ts';

/** Values of the application on their way to the log. */
export class ValueEntry implements LogEntry {
  readonly #index: BrokerIndex;
  readonly #changes: readonly ApplicationChange[];
  /** Block and record of each change. */
  readonly #places: { readonly block: number; readonly record: number }[] = [];

  constructor(index: BrokerIndex, changes: readonly ApplicationChange[]) {
    this.#index = index;
    this.#changes = changes;
  }

  seal(space: GroupSpace): void {
    for (const change of this.#changes) {
      const builder = space.room(change.key.length + (change.value?.length ?? 0) + 16);
      const record = builder.begin(change.value === undefined ? RECORD.applicationDelete : RECORD.applicationPut);
      writeApplicationChange(builder, change);
      builder.end();
      this.#places.push({ block: space.lastBlock, record });
    }
  }

  commit(firstSequence: number): void {
    const { applicationValues } = this.#index;
    for (const [index, { key, value }] of this.#changes.entries()) {
      const { block = 0, record = 0 } = this.#places[index] ?? {};
      const position = logPosition(firstSequence + block, record);
      if (value === undefined) applicationValues.remove(key, position);
      else applicationValues.put(key, value, position);
    }
  }

  settle(): void {
    // Whoever waits is told by the unit.
  }

  fail(): void {
    // Nothing was changed before the commit.
  }
}
