import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { KeyRange, KeyValueEntry, KeyValueStore, WriteOperation } from '../../../src/model/key-value-port.ts';
import { Overlay } from '../../../src/storage/index/overlay.ts';
import { envelope, memoryStore } from './index-bench.ts';

const KEYS = 900;

/** A key whose order is that of its number, some of them with a tail, so that one is the beginning of another. */
function keyOf(number: number): Uint8Array {
  return Uint8Array.of(7, number >> 8, number & 255, ...(number % 3 === 0 ? [0] : []));
}

type Step =
  | { readonly verb: 'set'; readonly keys: readonly number[]; readonly value: number | undefined }
  /** Values of some size, so that a page ends for its bytes. */
  | { readonly verb: 'setLarge'; readonly key: number }
  | { readonly verb: 'capture' | 'write' | 'reject' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      verb: fc.constant('set' as const),
      keys: fc.oneof(
        fc.array(fc.nat({ max: KEYS }), { minLength: 1, maxLength: 20 }),
        fc.tuple(fc.nat({ max: KEYS }), fc.nat({ max: 400 })).map(([first, count]) => Array.from({ length: count }, (_, i) => first + i)),
      ),
      value: fc.option(fc.nat({ max: 255 }), { nil: undefined, freq: 3 }),
    }),
  },
  fc.record({ verb: fc.constant('setLarge' as const), key: fc.nat({ max: KEYS }) }),
  fc.record({ verb: fc.constantFrom('capture' as const, 'write' as const, 'reject' as const) }),
);
/** Some of them begin with entries that the index has. */
const steps = (maxLength: number): fc.Arbitrary<Step[]> =>
  fc.tuple(fc.constantFrom(0, 0, 300, 850), fc.array(step, { maxLength })).map(([stored, more]): Step[] => {
    const keys = Array.from({ length: stored }, (_, i) => i);
    return [{ verb: 'set', keys, value: 1 }, { verb: 'capture' }, { verb: 'write' }, ...more];
  });
const range = fc.record({
  from: fc.option(fc.nat({ max: KEYS }), { nil: undefined }),
  to: fc.option(fc.nat({ max: KEYS + 200 }), { nil: undefined }),
  reverse: fc.boolean(),
});

/** An overlay over a store whose scans tell how much they brought, and what both should hold. */
class Bench {
  readonly model = new Map<number, number>();
  readonly overlay: Overlay<number>;
  mostScanned = { entries: 0, bytes: 0 };
  /** What happens once a scan has seen the store as it is. */
  onScanned: () => Promise<void> = () => Promise.resolve();
  readonly #store: KeyValueStore;
  #checkpoint: { operations: WriteOperation[]; done: () => void; failed: () => void } | undefined;

  constructor(store: KeyValueStore) {
    this.#store = store;
    const scan = (wanted: KeyRange): AsyncIterable<readonly KeyValueEntry[]> => this.#watched(wanted);
    const watched = { ...store, get: store.get.bind(store), scan } as KeyValueStore;
    this.overlay = new Overlay(watched, envelope, {
      write: (writer, value) => writer.raw(value > 255 ? new Uint8Array(value).fill(1) : Uint8Array.of(value)),
      read: (reader) => (reader.left > 1 ? reader.left : reader.u8()),
    });
  }

  async run(one: Step): Promise<void> {
    if (one.verb === 'set') for (const key of one.keys) this.#set(key, one.value);
    else if (one.verb === 'setLarge') this.#set(one.key, 700_000);
    else if (one.verb === 'capture' && this.#checkpoint === undefined) {
      const operations: WriteOperation[] = [];
      this.#checkpoint = { operations, ...this.overlay.snapshot(operations) };
    } else if (one.verb !== 'capture' && this.#checkpoint !== undefined) {
      const { operations, done, failed } = this.#checkpoint;
      this.#checkpoint = undefined;
      if (one.verb === 'write') {
        await this.#store.write(operations);
        done();
      } else failed();
    }
  }

  #set(key: number, value: number | undefined): void {
    this.overlay.set(keyOf(key), value, 1);
    if (value === undefined) this.model.delete(key);
    else this.model.set(key, value);
  }

  /** One entry a slice, so that a page can end behind any. */
  async *#watched(wanted: KeyRange): AsyncGenerator<readonly KeyValueEntry[]> {
    let [entries, bytes] = [0, 0];
    for await (const slice of this.#store.scan(wanted)) {
      for (const entry of slice) {
        const { mostScanned } = this;
        this.mostScanned = { entries: Math.max(mostScanned.entries, ++entries), bytes: Math.max(mostScanned.bytes, bytes) };
        bytes += entry[1].length;
        yield [entry];
      }
    }
    await this.onScanned();
  }
}

interface Wanted {
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly reverse: boolean;
}

function rangeOf({ from, to, reverse }: Wanted): Pick<KeyRange, 'gte' | 'lt' | 'reverse'> {
  return { gte: from === undefined ? Uint8Array.of(7) : keyOf(from), lt: to === undefined ? Uint8Array.of(8) : keyOf(to), reverse };
}

function listed(model: ReadonlyMap<number, number>, { from = 0, to = Number.POSITIVE_INFINITY, reverse }: Wanted): [number, number][] {
  const entries = [...model].filter(([key]) => key >= from && key < to).sort(([left], [right]) => left - right);
  return reverse ? entries.reverse() : entries;
}

const numberOf = (key: Uint8Array): number => (key[1] as number) * 256 + (key[2] as number);

test('an overlay and the index below it read as one, in any range and direction, whatever a checkpoint has done so far', async () => {
  await fc.assert(
    fc.asyncProperty(steps(12), range, fc.option(fc.nat({ max: 300 }), { nil: undefined }), async (given, wanted, most) => {
      const bench = new Bench(await memoryStore());
      for (const one of given) await bench.run(one);
      const seen: [number, number][] = [];
      for await (const { key, value } of bench.overlay.list(rangeOf(wanted), most === undefined ? undefined : most + 1))
        seen.push([numberOf(key), value]);
      expect(seen).toEqual(listed(bench.model, wanted));
      expect(bench.mostScanned.entries).toBeLessThanOrEqual(256);
      for (const key of [0, wanted.from ?? 1, wanted.to ?? 2]) expect(await bench.overlay.get(keyOf(key))).toBe(bench.model.get(key));
    }),
    { numRuns: 300 },
  );
});

test('what is written during a list disturbs no other entry: each comes once, in order, with its value', async () => {
  const meanwhile = fc.array(fc.tuple(fc.nat({ max: 60 }), step), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(steps(8), meanwhile, range, async (given, changes, wanted) => {
      const bench = new Bench(await memoryStore());
      for (const one of given) await bench.run(one);
      const before = listed(bench.model, wanted);
      const touched = new Set<number>();
      const seen: [number, number][] = [];
      const waiting = [...changes];
      const next = async (): Promise<void> => {
        const [, one] = waiting.shift() ?? [];
        if (one?.verb === 'set') for (const key of one.keys) touched.add(key);
        else if (one?.verb === 'setLarge') touched.add(one.key);
        if (one !== undefined) await bench.run(one);
      };
      // One change while the first page is read, the others between entries.
      const list = bench.overlay.list(rangeOf(wanted));
      let reading = list.next();
      await next();
      for (let left = waiting[0]?.[0] ?? 0; ; left--) {
        const { done, value } = await reading;
        if (done === true) break;
        seen.push([numberOf(value.key), value.value]);
        if (left <= 0 && waiting.length > 0) {
          await next();
          left = waiting[0]?.[0] ?? 0;
        }
        reading = list.next();
      }
      const untouched = ([key]: [number, number]): boolean => !touched.has(key);
      expect(seen.filter(untouched)).toEqual(before.filter(untouched));
      const keys = seen.map(([key]) => key);
      expect(keys).toEqual([...new Set(keys)].sort((left, right) => (wanted.reverse ? right - left : left - right)));
    }),
    { numRuns: 300 },
  );
});

test('a checkpoint that ends while a page is read takes nothing out of it', async () => {
  const bench = new Bench(await memoryStore());
  await bench.run({ verb: 'set', keys: [1, 2, 3], value: 5 });
  await bench.run({ verb: 'capture' });
  const list = bench.overlay.list(rangeOf({ from: undefined, to: undefined, reverse: false }));
  const reading = list.next();
  bench.onScanned = () => bench.run({ verb: 'write' });
  const keys = [(await reading).value.key[2]];
  for await (const { key } of list) keys.push(key[2]);
  expect(keys).toEqual([1, 2, 3]);
});

test('large values come in pages of about a mebibyte', async () => {
  const bench = new Bench(await memoryStore());
  for (let key = 0; key < 5; key++) await bench.run({ verb: 'setLarge', key });
  for (const verb of ['capture', 'write'] as const) await bench.run({ verb });
  let count = 0;
  for await (const { value } of bench.overlay.list({ gte: Uint8Array.of(7) })) count += value === 700_000 ? 1 : 0;
  expect(count).toBe(5);
  expect(bench.mostScanned.bytes).toBeLessThan(1024 * 1024);
});
