import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { nodeProcess } from '../../../src/platform/node/node-process.ts';
import { systemClock } from '../../../src/platform/node/system-clock.ts';
import { systemRandom } from '../../../src/platform/node/system-random.ts';
import { zlibCrc32 } from '../../../src/platform/node/zlib-crc32.ts';
import { compileSources } from '../compiled-sources.ts';

describe('system clock', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('fires once, at its time, also beyond the limit of the timers of Node', () => {
    vi.useFakeTimers();
    const month = 30 * 86_400_000;
    const fired: string[] = [];
    systemClock.setTimer(month, () => fired.push('month'));
    systemClock.setTimer(10, () => fired.push('soon'));
    vi.advanceTimersByTime(month - 1);
    expect(fired).toEqual(['soon']);
    vi.advanceTimersByTime(1);
    expect(fired).toEqual(['soon', 'month']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('takes a timer back, also after it was armed again', () => {
    vi.useFakeTimers();
    const fired: string[] = [];
    const timer = systemClock.setTimer(3_000_000_000, () => fired.push('late'));
    vi.advanceTimersByTime(2_500_000_000);
    timer.cancel();
    vi.advanceTimersByTime(2_500_000_000);
    expect(fired).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('tells wall time in whole milliseconds, and time that never goes back', () => {
    expect(Number.isInteger(systemClock.now())).toBe(true);
    const first = systemClock.monotonic();
    expect(systemClock.monotonic()).toBeGreaterThanOrEqual(first);
  });
});

describe('system random', () => {
  it('gives as many bytes as asked for, and numbers from 0 up to 1', () => {
    expect([0, 1, 16, 200_000].map((count) => systemRandom.bytes(count).length)).toEqual([0, 1, 16, 200_000]);
    expect(
      systemRandom
        .bytes(200_000)
        .subarray(199_000)
        .some((byte) => byte !== 0),
    ).toBe(true);
    const numbers = Array.from({ length: 1_000 }, () => systemRandom.next());
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...numbers)).toBeLessThan(1);
    expect(new Set(numbers).size).toBe(1_000);
  });
});

describe('process port', () => {
  it('defers to after what is due in this turn', async () => {
    const order: string[] = [];
    const deferred = new Promise<void>((resolve) => {
      nodeProcess.defer(() => {
        order.push('deferred');
        resolve();
      });
    });
    await Promise.resolve().then(() => order.push('microtask'));
    await deferred;
    expect(order).toEqual(['microtask', 'deferred']);
  });

  it('keeps the process alive exactly while somebody holds it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pocketmq-process-'));
    await compileSources(folder);
    const script = `
      import { nodeProcess } from './platform/node/node-process.js';
      import { systemClock } from './platform/node/system-clock.js';
      const [first, second] = [nodeProcess.hold(), nodeProcess.hold()];
      first();
      first();
      systemClock.setTimer(1e9, () => {});
      setTimeout(() => { console.log('held'); second(); }, 50).unref();
      process.on('exit', () => console.log('free'));
    `;
    await writeFile(join(folder, 'hold.js'), script);
    const { stdout, status } = spawnSync(process.execPath, [join(folder, 'hold.js')], { timeout: 10_000, encoding: 'utf8' });
    await rm(folder, { recursive: true });
    expect({ stdout, status }).toEqual({ stdout: 'held\nfree\n', status: 0 });
  });
});

describe('CRC-32', () => {
  it.runIf(zlibCrc32 !== undefined)('is that of zlib, and goes on from an earlier value', () => {
    const text = new TextEncoder().encode('123456789');
    expect(zlibCrc32?.(text)).toBe(0xcbf43926);
    expect(zlibCrc32?.(text.subarray(4), zlibCrc32(text.subarray(0, 4)))).toBe(0xcbf43926);
  });
});
