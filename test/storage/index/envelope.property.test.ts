import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { portableCrc32 } from '../../../src/storage/checksum.ts';
import { EntryRun, RUN_ENTRIES } from '../../../src/storage/index/entry-run.ts';
import { Envelope } from '../../../src/storage/index/envelope.ts';
import { groupKeyOf } from '../../../src/storage/message-group-hash.ts';
import { mutated, u32, u64 } from '../arbitraries.ts';

const envelope = new Envelope(portableCrc32);
const key = fc.uint8Array({ minLength: 1, maxLength: 20 });
const corrupt = expect.objectContaining({ code: 'MQ_STORE_CORRUPT' });

describe('a value of the index', () => {
  test('comes back as it was sealed, with the position that it includes', () => {
    fc.assert(
      fc.property(key, u64, fc.uint8Array({ maxLength: 6000 }), (under, includes, content) => {
        const opened = envelope.open(
          under,
          envelope.seal(under, includes, (writer) => writer.raw(content)),
        );
        expect(opened.includes).toBe(includes);
        expect(opened.reader.raw(opened.reader.left)).toEqual(content);
      }),
    );
  });

  test('with any change in it, or under another key, is refused', () => {
    const damaged = fc
      .tuple(key, u64, fc.uint8Array({ maxLength: 60 }))
      .chain(([under, includes, content]) => {
        const value = envelope.seal(under, includes, (writer) => writer.raw(content));
        return fc.record({ under: fc.constant(under), value: fc.constant(value), changed: mutated(value), other: mutated(under) });
      })
      .filter(({ value, changed }) => Buffer.compare(value, changed) !== 0);
    fc.assert(
      fc.property(damaged, ({ under, value, changed, other }) => {
        expect(() => envelope.open(under, changed)).toThrow(corrupt);
        if (Buffer.compare(under, other) !== 0) expect(() => envelope.open(other, value)).toThrow(corrupt);
      }),
      { numRuns: 500 },
    );
  });

  test('of a newer format is told apart', () => {
    const under = Uint8Array.of(1);
    const value = envelope.seal(under, 0, () => undefined);
    value[4] = 2;
    const sum = portableCrc32(Uint8Array.from([...under, ...value.subarray(4)]));
    new DataView(value.buffer).setUint32(0, sum, true);
    expect(() => envelope.open(under, value)).toThrow(expect.objectContaining({ code: 'MQ_STORE_FORMAT_UNSUPPORTED' }));
  });
});

describe('a run of consume-queue entries', () => {
  const hash = fc.oneof(fc.constant(0), u32);
  const entry = fc.record({ position: u64, tag: fc.oneof(fc.constant(0), fc.integer()), high: hash, low: hash });

  test('keeps every entry, in any part of it, with and without tags and message groups', () => {
    const plain = entry.map(({ position }) => ({ position, tag: 0, high: 0, low: 0 }));
    const entries = fc.oneof(
      fc.array(entry, { minLength: 1, maxLength: 60 }),
      fc.array(plain, { minLength: 1, maxLength: 60 }),
      fc.array(entry, { minLength: RUN_ENTRIES, maxLength: RUN_ENTRIES }),
    );
    fc.assert(
      fc.property(entries, fc.nat(), fc.nat(), fc.nat({ max: 2 ** 40 }), (given, skip, take, first) => {
        const run = new EntryRun(first);
        for (const { position, tag, high, low } of given) run.push(position, tag, high, low);
        expect(run.isFull).toBe(given.length === RUN_ENTRIES);
        const from = skip % given.length;
        const count = 1 + (take % (given.length - from));
        const value = envelope.seal(Uint8Array.of(0), 0, (writer) => run.write(writer, first + from, count));
        const read = EntryRun.read(envelope.open(Uint8Array.of(0), value).reader, first + from);
        expect([read.first, read.end]).toEqual([first + from, first + from + count]);
        for (let offset = read.first; offset < read.end; offset++) {
          const { position, tag, high, low } = given[offset - first] ?? { position: -1, tag: -1, high: -1, low: -1 };
          expect([read.positionAt(offset), read.tagHashAt(offset), read.groupKeyAt(offset)]).toEqual([
            position,
            tag,
            groupKeyOf(high, low),
          ]);
          expect([run.positionAt(offset), run.tagHashAt(offset), run.groupKeyAt(offset)]).toEqual([position, tag, groupKeyOf(high, low)]);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('that claims more entries than its bytes hold is refused without room for all of them', () => {
    const value = envelope.seal(Uint8Array.of(0), 0, (writer) => {
      writer.u32(0xffff_ffff);
      writer.u8(3);
      writer.u64(1);
    });
    expect(() => EntryRun.read(envelope.open(Uint8Array.of(0), value).reader, 0)).toThrow(corrupt);
  });
});
