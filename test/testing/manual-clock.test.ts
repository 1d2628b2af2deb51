import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../src/testing/index.ts';

describe('a manual clock', () => {
  test('fires timers in the order of their instants, those of one instant in the order in which they were set', async () => {
    const clock = new ManualClock();
    const fired: string[] = [];
    const set = (delayMs: number, name: string): unknown => clock.setTimer(delayMs, () => fired.push(`${name} at ${clock.monotonic()}`));
    set(30, 'c');
    set(10, 'a');
    set(30, 'd');
    set(20, 'b');
    await clock.advance(25);
    expect(fired).toEqual(['a at 10', 'b at 20']);
    await clock.advance(5);
    expect(fired).toEqual(['a at 10', 'b at 20', 'c at 30', 'd at 30']);
  });

  test('fires timers that timers set, when they are due within the advance', async () => {
    const clock = new ManualClock();
    const instants: number[] = [];
    const again = (): void => {
      instants.push(clock.monotonic());
      clock.setTimer(10, again);
    };
    clock.setTimer(10, again);
    await clock.advance(35);
    expect(instants).toEqual([10, 20, 30]);
    expect(clock.monotonic()).toBe(35);
    expect(clock.nextTimerInMs).toBe(5);
  });

  test('lets what a timer started settle before the next one fires', async () => {
    const clock = new ManualClock();
    const log: string[] = [];
    clock.setTimer(10, () => {
      void (async () => {
        for (let i = 0; i < 50; i++) await undefined;
        log.push('first has settled');
        clock.setTimer(5, () => log.push('set by the first'));
      })();
    });
    clock.setTimer(20, () => log.push('second'));
    await clock.advance(20);
    expect(log).toEqual(['first has settled', 'set by the first', 'second']);
  });

  test('waits for what is watched', async () => {
    const clock = new ManualClock();
    const watch = { pending: 0, activity: 0 };
    const end = clock.watch(watch);
    let done = false;
    clock.setTimer(1, () => {
      watch.pending = 1;
      setTimeout(() => {
        done = true;
        watch.pending = 0;
      }, 20);
    });
    await clock.advance(1);
    expect(done).toBe(true);
    end();
  });

  test('moves both hands by an advance, and the wall clock alone by set', async () => {
    const clock = new ManualClock({ startAtMs: 1_000_000 });
    await clock.advance(500);
    expect([clock.now(), clock.monotonic()]).toEqual([1_000_500, 500]);
    clock.set(5);
    expect([clock.now(), clock.monotonic()]).toEqual([5, 500]);
    let fired = false;
    clock.setTimer(100, () => {
      fired = true;
    });
    clock.set(9_000_000);
    await clock.advance(0);
    expect(fired).toBe(false);
  });

  test('fires a timer of 0 without an advance, and no timer that was cancelled', async () => {
    const clock = new ManualClock();
    const fired: string[] = [];
    clock.setTimer(0, () => fired.push('now'));
    clock.setTimer(-5, () => fired.push('late already'));
    clock.setTimer(0, () => fired.push('never')).cancel();
    clock.setTimer(7, () => fired.push('never either')).cancel();
    await clock.settle();
    await clock.advance(10);
    expect(fired).toEqual(['now', 'late already']);
    expect(clock.timerCount).toBe(0);
  });

  test('takes delays longer than 32 bits and passes 30 days with timers pending in less than a second of work', async () => {
    const clock = new ManualClock();
    const days = 24 * 3_600_000;
    let wakeUps = 0;
    const everyHalfMinute = (): void => {
      wakeUps++;
      clock.setTimer(30_000, everyHalfMinute);
    };
    clock.setTimer(30_000, everyHalfMinute);
    let fired = false;
    clock.setTimer(30 * days, () => {
      fired = true;
    });
    const before = process.cpuUsage();
    await clock.advance(30 * days);
    const { user, system } = process.cpuUsage(before);
    expect(user + system).toBeLessThan(1_000_000);
    expect(fired).toBe(true);
    expect(wakeUps).toBe(86_400);
  });

  test('one advance waits for the other', async () => {
    const clock = new ManualClock();
    await Promise.all([clock.advance(10), clock.advance(5)]);
    expect(clock.monotonic()).toBe(15);
  });

  test('refuses numbers that are no time', () => {
    const clock = new ManualClock();
    for (const ms of [-1, Number.NaN, Number.POSITIVE_INFINITY]) expect(() => clock.advance(ms)).toThrow(TypeError);
    expect(() => clock.set(1.5)).toThrow(TypeError);
    expect(() => clock.setTimer(Number.NaN, () => {})).toThrow(TypeError);
  });
});
