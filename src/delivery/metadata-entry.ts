import type { MetadataChange } from '../storage/index/catalogue.ts';
import type { BarrierWaiter } from '../storage/log/barriers.ts';
import type { GroupSpace, LogEntry } from '../storage/log/log-entry.ts';
import { RECORD } from '../storage/log/record-kinds.ts';
import { logPosition } from '../storage/log-position.ts';
import type { Store } from '../storage/store.ts';

/** Later records depend on topics, groups and start positions: they are durable before anybody builds on them. */
class MetadataEntry implements LogEntry, BarrierWaiter {
  readonly #store: Store;
  readonly #change: MetadataChange;
  readonly #resolve: () => void;
  readonly #reject: (error: Error) => void;
  #block = 0;
  #record = 0;

  constructor(store: Store, change: MetadataChange, settle: { resolve: () => void; reject: (error: Error) => void }) {
    this.#store = store;
    this.#change = change;
    this.#resolve = settle.resolve;
    this.#reject = settle.reject;
  }

  seal(space: GroupSpace): void {
    const text = JSON.stringify(this.#change);
    const builder = space.room(text.length * 3);
    this.#record = builder.begin(RECORD.metadata);
    builder.longText(text);
    builder.end();
    this.#block = space.lastBlock;
  }

  commit(firstSequence: number): void {
    this.#store.index.applyMetadata(this.#change, logPosition(firstSequence + this.#block, this.#record));
  }

  settle(): void {
    this.#store.log.barriers.wait(this);
  }

  durable(): void {
    this.#resolve();
  }

  failed(error: Error): void {
    this.#reject(error);
  }

  fail(error: Error): void {
    this.#reject(error);
  }
}

/** Commits a change of metadata; resolves when it is durable and in the catalogue. */
export function commitMetadata(store: Store, change: MetadataChange): Promise<void> {
  return new Promise((resolve, reject) => {
    const group = store.log.open();
    group.needsBarrier = true;
    store.log.join(group, new MetadataEntry(store, change, { resolve, reject }), 0);
  });
}
