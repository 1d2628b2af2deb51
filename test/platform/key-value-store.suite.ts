import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DurableStore, KeyRange, KeyValueEntry, WriteOperation } from '../../src/model/key-value-port.ts';

/** A store to try, and the way to close and open it again with what it holds. */
export interface StoreUnderTest {
  readonly store: DurableStore;
  reopen(): Promise<StoreUnderTest>;
  dispose(): Promise<void>;
}

export const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
export const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex');

export async function entriesOf(store: DurableStore, range: KeyRange = {}): Promise<[string, string][]> {
  const entries: KeyValueEntry[] = [];
  for await (const slice of store.scan(range)) entries.push(...slice);
  return entries.map(([key, value]) => [hex(key), hex(value)]);
}

/** What every store must do, whatever it is made of. */
export function describeKeyValueStore(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`${name}: the key-value port`, () => {
    let subject: StoreUnderTest;
    beforeEach(async () => {
      subject = await open();
    });
    afterEach(async () => {
      await subject.dispose();
    });

    it('answers undefined for a key that is not there', async () => {
      expect(await subject.store.get(text('absent'))).toBeUndefined();
      await subject.store.write([{ key: text('there'), value: bytes(1) }]);
      const values = await subject.store.getMany([text('absent'), text('there')]);
      expect(values.map((value) => value && hex(value))).toEqual([undefined, '01']);
    });

    it('keeps an empty value apart from none', async () => {
      await subject.store.write([{ key: text('empty'), value: bytes() }]);
      expect((await subject.store.get(text('empty')))?.length).toBe(0);
    });

    it('takes the bytes over before the call returns', async () => {
      const key = text('key-1');
      const value = bytes(1, 2, 3);
      const single = subject.store.write([{ key, value }]);
      key[4] = 0x32;
      value.fill(9);
      const batch = subject.store.write([
        { key, value },
        { key: text('other'), value },
      ]);
      key.fill(0);
      value.fill(0);
      await Promise.all([single, batch]);
      expect(await entriesOf(subject.store)).toEqual([
        [hex(text('key-1')), '010203'],
        [hex(text('key-2')), '090909'],
        [hex(text('other')), '090909'],
      ]);
    });

    it('hands out values that the caller may write into', async () => {
      await subject.store.write([{ key: text('key'), value: bytes(1) }]);
      (await subject.store.get(text('key')))?.fill(7);
      for await (const slice of subject.store.scan({})) for (const [, value] of slice) value.fill(7);
      expect(hex((await subject.store.get(text('key'))) ?? bytes())).toBe('01');
    });

    it('hands out plain byte arrays, whose slice is a copy', async () => {
      await subject.store.write([{ key: text('key'), value: bytes(1) }]);
      const found: (Uint8Array | undefined)[] = [await subject.store.get(text('key')), ...(await subject.store.getMany([text('key')]))];
      for await (const slice of subject.store.scan({})) for (const entry of slice) found.push(...entry);
      expect(found.map((value) => value !== undefined && Object.getPrototypeOf(value) === Uint8Array.prototype)).toEqual([
        true,
        true,
        true,
        true,
      ]);
    });

    it('orders keys as unsigned bytes, a prefix first', async () => {
      const keys = [bytes(0xff), bytes(0x7f, 0xff), bytes(0), bytes(0x80), bytes(0, 0), bytes(0x7f)];
      await subject.store.write(keys.map((key) => ({ key, value: bytes(1) })));
      expect((await entriesOf(subject.store)).map(([key]) => key)).toEqual(['00', '0000', '7f', '7fff', '80', 'ff']);
    });

    it('applies a write in the order of its operations', async () => {
      await subject.store.write([
        { key: text('a'), value: bytes(1) },
        { key: text('a'), value: undefined },
        { key: text('b'), value: bytes(1) },
        { key: text('b'), value: bytes(2) },
      ]);
      expect(await entriesOf(subject.store)).toEqual([['62', '02']]);
      await subject.store.write([{ key: text('b'), value: undefined }]);
      expect(await entriesOf(subject.store)).toEqual([]);
      await subject.store.write([]);
    });

    it('scans a snapshot: later writes do not show', async () => {
      await subject.store.write(Array.from({ length: 2_500 }, (_, index) => ({ key: numbered(index), value: bytes(1) })));
      const seen: number[] = [];
      for await (const slice of subject.store.scan({})) {
        if (seen.length === 0) {
          await subject.store.write([
            { key: numbered(2_499), value: bytes(2) },
            { key: numbered(9_999), value: bytes(2) },
            { key: numbered(2_000), value: undefined },
          ]);
        }
        seen.push(...slice.map(([, value]) => value[0] ?? 0));
      }
      expect(seen.length).toBe(2_500);
      expect(new Set(seen)).toEqual(new Set([1]));
    });

    it('scans in slices of bounded size', async () => {
      const value = new Uint8Array(131_072).fill(5);
      for (let index = 0; index < 64; index += 1) await subject.store.write([{ key: numbered(index), value }]);
      const sizes: number[] = [];
      for await (const slice of subject.store.scan({})) sizes.push(slice.length);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(20);
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(64);
      await subject.store.write(Array.from({ length: 3_000 }, (_, index) => ({ key: numbered(100_000 + index), value: bytes(1) })));
      for await (const slice of subject.store.scan({ gte: numbered(100_000) })) expect(slice.length).toBeLessThanOrEqual(1_000);
    });

    it('lets a scan be left early', async () => {
      await subject.store.write(Array.from({ length: 2_000 }, (_, index) => ({ key: numbered(index), value: bytes(1) })));
      for await (const slice of subject.store.scan({})) {
        expect(slice.length).toBeGreaterThan(0);
        break;
      }
      await subject.store.close();
    });

    it('clears a range and nothing beside it', async () => {
      await subject.store.write(Array.from({ length: 10 }, (_, index) => ({ key: numbered(index), value: bytes(index) })));
      await subject.store.clear({ gte: numbered(2), lt: numbered(8) });
      expect((await entriesOf(subject.store)).map(([, value]) => value)).toEqual(['00', '01', '08', '09']);
      await subject.store.clear({});
      expect(await entriesOf(subject.store)).toEqual([]);
    });

    it('keeps its content over close and open, and refuses calls in between', async () => {
      await subject.store.write([{ key: text('kept'), value: bytes(1) }]);
      const pending = subject.store.write([{ key: text('pending'), value: bytes(2) }]);
      await Promise.all([pending, subject.store.close()]);
      await expect(subject.store.write([{ key: text('late'), value: bytes(3) }])).rejects.toMatchObject({ code: 'MQ_BROKER_NOT_OPEN' });
      await expect(subject.store.get(text('kept'))).rejects.toMatchObject({ code: 'MQ_BROKER_NOT_OPEN' });
      await expect(entriesOf(subject.store)).rejects.toMatchObject({ code: 'MQ_BROKER_NOT_OPEN' });
      await expect(subject.store.barrier()).rejects.toMatchObject({ code: 'MQ_BROKER_NOT_OPEN' });
      await subject.store.close();
      subject = await subject.reopen();
      expect((await entriesOf(subject.store)).map(([, value]) => value)).toEqual(['01', '02']);
      expect(subject.store.openingNotes).toEqual([]);
    });

    it('accepts barriers and synced writes between and beside unsynced ones', async () => {
      const first = subject.store.write([{ key: text('a'), value: bytes(1) }]);
      await subject.store.barrier();
      await first;
      const second = subject.store.write([{ key: text('b'), value: bytes(2) }], { sync: true });
      await Promise.all([second, subject.store.barrier(), subject.store.syncDirectory()]);
      expect((await entriesOf(subject.store)).length).toBe(2);
    });

    it('holds what a sorted map would hold after any writes, for any range', async () => {
      const key = fc.uint8Array({ minLength: 1, maxLength: 3 });
      const operation = fc.record({ key, value: fc.option(fc.uint8Array({ maxLength: 4 }), { nil: undefined }) });
      const range = fc.record({ gte: key, lt: key, reverse: fc.boolean(), limit: fc.integer({ min: 0, max: 8 }) }, { requiredKeys: [] });
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(operation, { maxLength: 20 }), { maxLength: 12 }),
          fc.array(range, { maxLength: 6 }),
          async (writes, ranges) => {
            await subject.store.clear({});
            const model = new Map<string, string>();
            for (const operations of writes) {
              await subject.store.write(operations);
              applyToModel(model, operations);
            }
            for (const bounds of [{}, ...ranges]) expect(await entriesOf(subject.store, bounds)).toEqual(modelRange(model, bounds));
          },
        ),
        { numRuns: 60 },
      );
    });
  });
}

export function numbered(index: number): Uint8Array {
  const key = new Uint8Array(8);
  new DataView(key.buffer).setUint32(4, index);
  return key;
}

function applyToModel(model: Map<string, string>, operations: readonly WriteOperation[]): void {
  for (const { key, value } of operations) {
    if (value === undefined) model.delete(hex(key));
    else model.set(hex(key), hex(value));
  }
}

function modelRange(model: Map<string, string>, range: KeyRange): [string, string][] {
  const gte = range.gte === undefined ? '' : hex(range.gte);
  const lt = range.lt === undefined ? '~' : hex(range.lt);
  const found = [...model].filter(([key]) => key >= gte && key < lt).sort(([left], [right]) => (left < right ? -1 : 1));
  if (range.reverse === true) found.reverse();
  return found.slice(0, range.limit);
}
