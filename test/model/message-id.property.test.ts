import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Clock } from '../../src/model/clock.ts';
import { isMessageId, MessageIdSource } from '../../src/model/message-id.ts';
import type { Random } from '../../src/model/random.ts';

const EPOCH_MS = Date.parse('2021-01-01T00:00:00Z');

function clockAt(read: () => number): Clock {
  return { now: read, monotonic: read, setTimer: () => ({ cancel() {} }) };
}

const unpredictable: Random = { bytes: (count) => crypto.getRandomValues(new Uint8Array(count)), next: Math.random };

function fixedBytes(...bytes: number[]): Random {
  return { bytes: (count) => Uint8Array.from(bytes.slice(0, count)), next: () => 0.5 };
}

describe('a message id', () => {
  test("has RocketMQ's layout: version, address, process, seconds since 2021, sequence", () => {
    const source = new MessageIdSource({
      random: fixedBytes(0xab, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0xff),
      clock: clockAt(() => EPOCH_MS + 0x1234_5678 * 1000 + 999),
    });
    expect(source.next()).toBe('01AB020304050607FF1234567800000000');
    expect(source.next()).toBe('01AB020304050607FF1234567800000001');
  });

  test('has the multicast bit set in its address, so that it is that of no network card', () => {
    const source = new MessageIdSource({ random: fixedBytes(0, 0, 0, 0, 0, 0, 0, 0), clock: clockAt(() => EPOCH_MS) });
    expect(source.next()).toBe('0101000000000000000000000000000000');
  });

  test('counts in hexadecimal over the borders of its bytes', () => {
    const source = new MessageIdSource({ random: unpredictable, clock: clockAt(() => EPOCH_MS) });
    for (let expected = 0; expected < 70_000; expected++) {
      const id = source.next();
      if (Number.parseInt(id.slice(26), 16) !== expected) expect.fail(`${id} where ${expected} was due`);
    }
  });

  test('is well formed at any time, also before 2021 and when the clock steps', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -(2 ** 40), max: 2 ** 43 }), { minLength: 1 }), (instants) => {
        let now = 0;
        const source = new MessageIdSource({ random: unpredictable, clock: clockAt(() => now) });
        for (const instant of instants) {
          now = instant;
          const id = source.next();
          expect(isMessageId(id)).toBe(true);
          const seconds = Math.floor((instant - EPOCH_MS) / 1000) >>> 0;
          expect(Number.parseInt(id.slice(18, 26), 16)).toBe(seconds);
        }
      }),
    );
  });

  test('is unique within a source and over restarts at the same instant', () => {
    const seen = new Set<string>();
    for (let restart = 0; restart < 200; restart++) {
      const source = new MessageIdSource({ random: unpredictable, clock: clockAt(() => EPOCH_MS) });
      for (let i = 0; i < 300; i++) seen.add(source.next());
    }
    expect(seen.size).toBe(200 * 300);
  });

  test.each([
    '',
    '01',
    `01${'a'.repeat(32)}`,
    `02${'A'.repeat(32)}`,
    `01${'A'.repeat(33)}`,
    `01${'G'.repeat(32)}`,
    `01${'A'.repeat(32)}\n`,
    5,
    undefined,
  ])('is not %j', (text) => expect(isMessageId(text)).toBe(false));
});
