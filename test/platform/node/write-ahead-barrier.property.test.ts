import { fdatasyncSync, fstatSync, readdirSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WriteOperation } from '../../../src/model/key-value-port.ts';
import { WriteAheadBarrier } from '../../../src/platform/node/write-ahead-barrier.ts';
import { batchBytes } from '../../../src/platform/node/write-ahead-size.ts';

/** LevelDB's least write buffer: a new log file about every 64 KiB. */
const WRITE_BUFFER_BYTES = 65_536;

class Trial {
  readonly folder: string;
  readonly database: ClassicLevel<Uint8Array, Uint8Array>;
  readonly barrier: WriteAheadBarrier;
  /** The size at which each file was last synced. */
  readonly covered = new Map<string, number>();
  directorySyncs = 0;
  #key = 0;

  constructor(folder: string, writeBufferBytes: number) {
    this.folder = folder;
    this.database = new ClassicLevel<Uint8Array, Uint8Array>(folder, {
      keyEncoding: 'buffer',
      valueEncoding: 'buffer',
      compression: false,
      writeBufferSize: writeBufferBytes,
    });
    this.barrier = new WriteAheadBarrier(folder, {
      data: async (descriptor) => {
        const found = fstatSync(descriptor, { bigint: true });
        // A sync that takes its time, so that writes go on beside it.
        await new Promise((resolve) => setImmediate(resolve));
        fdatasyncSync(descriptor);
        this.covered.set(identity(found), Number(found.size));
      },
      directory: async () => {
        this.directorySyncs += 1;
      },
    });
  }

  operations(sizes: readonly number[]): WriteOperation[] {
    return sizes.map((size) => {
      this.#key += 1;
      const key = new Uint8Array(1 + (size % 200));
      new DataView(key.buffer).setUint8(0, this.#key % 256);
      // Some deletes among the puts: their records have another shape.
      return { key, value: size % 7 === 0 ? undefined : new Uint8Array(size).fill(this.#key) };
    });
  }

  async write(operations: readonly WriteOperation[]): Promise<void> {
    this.barrier.writeStarted();
    const [only] = operations;
    if (operations.length === 1 && only?.value !== undefined) await this.database.put(only.key, only.value);
    else
      await this.database.batch(
        operations.map(({ key, value }) => (value === undefined ? { type: 'del', key } : { type: 'put', key, value })),
      );
    this.barrier.writeEnded(batchBytes(operations));
  }

  /** Log files as they are now, with their sizes. */
  logFiles(): Map<string, number> {
    const files = new Map<string, number>();
    for (const name of readdirSync(this.folder)) {
      if (!name.endsWith('.log')) continue;
      const found = statSync(join(this.folder, name), { throwIfNoEntry: false, bigint: true });
      if (found !== undefined) files.set(identity(found), Number(found.size));
    }
    return files;
  }

  /** Each log file that still lives was synced at least as far as it went when the barrier was asked for. */
  expectCovered(before: ReadonlyMap<string, number>): void {
    const live = this.logFiles();
    for (const [file, size] of before) if (live.has(file)) expect(this.covered.get(file) ?? -1).toBeGreaterThanOrEqual(size);
  }
}

async function withTrial(run: (trial: Trial) => Promise<void>, writeBufferBytes: number = WRITE_BUFFER_BYTES): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'pocketmq-barrier-'));
  const trial = new Trial(folder, writeBufferBytes);
  try {
    await trial.database.open();
    await run(trial);
  } finally {
    await trial.database.close();
    await trial.barrier.close();
    await rm(folder, { recursive: true });
  }
}

const sizes = fc.array(
  fc.oneof(fc.integer({ min: 0, max: 600 }), fc.integer({ min: 0, max: 40_000 }), fc.constantFrom(32_741, 32_748, 131_072)),
  {
    minLength: 1,
    maxLength: 6,
  },
);

describe('barrier of the write-ahead log', () => {
  it('knows the exact size of the log file after every write, or that writes went elsewhere', async () => {
    let exact = 0;
    let rotated = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(sizes, { minLength: 5, maxLength: 40 }), async (writes) => {
        await withTrial(async (trial) => {
          for (const write of writes) {
            await trial.write(trial.operations(write));
            const { expectedSize, actualSize, newest } = trial.barrier.inspect();
            const isNewest = Math.max(...logNumbers(trial.folder)) === newest;
            if (isNewest) {
              expect(actualSize).toBe(expectedSize);
              exact += 1;
            } else {
              expect(actualSize).toBeLessThan(expectedSize ?? 0);
              rotated += 1;
              await trial.barrier.barrier();
            }
          }
        });
      }),
      { numRuns: 25 },
    );
    expect(exact).toBeGreaterThan(100);
    expect(rotated).toBeGreaterThan(10);
  });

  it('knows it also where a record ends so near the end of a block that no header fits', async () => {
    await withTrial(async (trial) => {
      for (let left = 0; left <= 8; left += 1) {
        const size = trial.barrier.inspect().actualSize ?? 0;
        // A fragment header, a batch header, a tag, a key of one byte with its length, and the value with its length of three bytes.
        const overhead = 7 + 12 + 1 + 2 + 3;
        const room = 32_768 - (size % 32_768);
        // Fills the block up and ends `left` bytes before the end of the next one, whose fragment has a header too.
        const value = new Uint8Array(room + 32_768 - left - overhead - 7);
        await trial.write([{ key: Uint8Array.of(left), value }]);
        expect((trial.barrier.inspect().actualSize ?? 0) % 32_768).toBe((32_768 - left) % 32_768);
        await trial.write([{ key: Uint8Array.of(left), value: new Uint8Array(5) }]);
        const { expectedSize, actualSize } = trial.barrier.inspect();
        expect(expectedSize).toBe(actualSize);
      }
    }, 64 * WRITE_BUFFER_BYTES);
  });

  it('covers every write that had resolved when it was asked for, also beside a write in flight', async () => {
    let rotations = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ write: sizes, barrier: fc.boolean() }), { minLength: 10, maxLength: 50 }), async (steps) => {
        await withTrial(async (trial) => {
          let running: Promise<void> = Promise.resolve();
          for (const { write, barrier } of steps) {
            const before = trial.logFiles();
            const writing = trial.write(trial.operations(write));
            if (barrier) {
              // One barrier at a time; it may outlast several writes.
              await running;
              const settled = trial.logFiles();
              running = trial.barrier.barrier().then(() => trial.expectCovered(before));
              rotations += settled.size > 1 ? 1 : 0;
            }
            await writing;
          }
          await running;
          const last = trial.logFiles();
          await trial.barrier.barrier();
          trial.expectCovered(last);
          expect(trial.directorySyncs).toBeGreaterThan(0);
        });
      }),
      { numRuns: 25 },
    );
    expect(rotations).toBeGreaterThan(5);
  });

  it('falls back to listing the directory where writes overlap, and finds firm ground again', async () => {
    await withTrial(async (trial) => {
      for (let round = 0; round < 20; round += 1) {
        await Promise.all(Array.from({ length: 5 }, (_, index) => trial.write(trial.operations([9_000 + index]))));
        expect(trial.barrier.inspect().expectedSize).toBeUndefined();
        const before = trial.logFiles();
        await trial.barrier.barrier();
        trial.expectCovered(before);
      }
      await trial.write(trial.operations([100]));
      // How LevelDB merged the writes decides whether its buffer was full, so that this one went to a new file; that has room for the next one.
      if (Math.max(...logNumbers(trial.folder)) !== trial.barrier.inspect().newest) {
        await trial.barrier.barrier();
        await trial.write(trial.operations([100]));
      }
      const { expectedSize, actualSize, newest } = trial.barrier.inspect();
      expect(newest).toBe(Math.max(...logNumbers(trial.folder)));
      expect(actualSize).toBe(expectedSize);
    });
  });

  it('syncs one file and no directory while nothing rotates', async () => {
    await withTrial(async (trial) => {
      await trial.write(trial.operations([10]));
      await trial.barrier.barrier();
      expect(trial.directorySyncs).toBe(1);
      for (let index = 0; index < 10; index += 1) {
        await trial.write(trial.operations([10]));
        await trial.barrier.barrier();
      }
      expect(trial.directorySyncs).toBe(1);
      expect(trial.covered.size).toBe(1);
    });
  });
});

/** A file system gives the inode of a deleted file to a new one. */
function identity(file: { readonly ino: bigint; readonly birthtimeNs: bigint }): string {
  return `${file.ino} ${file.birthtimeNs}`;
}

function logNumbers(folder: string): number[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.log'))
    .map((name) => Number.parseInt(name, 10));
}
