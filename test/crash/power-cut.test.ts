import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ChildProgram } from '../process/child-program.ts';
import { Ext4Disk, whyNoPowerCut } from './ext4-disk.ts';
import { HistoryChecker } from './history.ts';
import { appendHistory, MIXED_LOAD_RULES, readHistory } from './history-file.ts';

const CYCLES = Number(process.env['POCKETMQ_POWER_CUTS'] ?? 5);
const reason = whyNoPowerCut();
const mixedLoad = new URL('./programs/mixed-load.mjs', import.meta.url);
const firstSends = new URL('./programs/first-sends.mjs', import.meta.url);

let folder: string;
let disk: Ext4Disk;
let history: string;
let location: string;

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** Cuts the power under a program, and starts the machine again. */
async function cutUnder(child: ChildProgram): Promise<void> {
  const atMs = disk.cutPower();
  await child.kill();
  appendHistory(history, { kind: 'died', atMs });
  appendHistory(history, { kind: 'powerCut', atMs });
  disk.restart();
}

function startLoad(options: { padding?: number } = {}): ChildProgram {
  return new ChildProgram(mixedLoad, { argument: { location, history, mode: 'load', minFreeDiskBytes: 8_388_608, ...options } });
}

async function drainAndCheck(): Promise<HistoryChecker> {
  const drain = new ChildProgram(mixedLoad, { argument: { location, history, mode: 'drain', minFreeDiskBytes: 8_388_608 } });
  await drain.succeeded();
  const checker = new HistoryChecker(MIXED_LOAD_RULES);
  for (const event of readHistory(history)) checker.add(event);
  const violations = checker.finish();
  if (violations.length > 0 && process.env['POCKETMQ_KEEP_HISTORY'] !== undefined)
    copyFileSync(history, process.env['POCKETMQ_KEEP_HISTORY']);
  expect(violations.slice(0, 20)).toEqual([]);
  return checker;
}

// A skipped suite says why in its name.
describe.skipIf(reason !== undefined)(
  `a power cut on ext4${reason === undefined ? '' : ` (skipped: ${reason})`}`,
  { timeout: 120_000 },
  () => {
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'pocketmq-power-'));
      disk = new Ext4Disk(folder);
      history = join(folder, 'history');
      location = join(disk.mountPoint, 'store');
    });
    afterEach(() => {
      disk.remove();
      rmSync(folder, { recursive: true, force: true });
    });

    test(`keeps every sync send and every order through ${CYCLES} cuts under load`, async () => {
      for (let cycle = 0; cycle < CYCLES; cycle++) {
        const child = startLoad();
        await child.said('consuming');
        await pause(150 + Math.random() * 700);
        await cutUnder(child);
      }
      const { counts } = await drainAndCheck();
      console.log(`power-cut test: ${CYCLES} cuts, ${JSON.stringify(counts)}`);
      expect(counts.stored).toBeGreaterThan(CYCLES * 20);
    });

    test('keeps sync sends while the log of LevelDB rotates', async () => {
      for (let cycle = 0; cycle < 3; cycle++) {
        const child = startLoad({ padding: 3_000 });
        await child.said('consuming');
        await pause(600 + Math.random() * 1_200);
        await cutUnder(child);
      }
      const { counts } = await drainAndCheck();
      console.log(`power-cut test, rotation: ${JSON.stringify(counts)}`);
    });

    test('leaves a store that was just created and never written to fit for use', async () => {
      const child = new ChildProgram(firstSends, { argument: { location, history, sends: 0 } });
      await child.said('done');
      await cutUnder(child);
      await drainAndCheck();
    });

    test('keeps the first sends of a store that was just created', async () => {
      const child = new ChildProgram(firstSends, { argument: { location, history, sends: 3 } });
      await child.said('done');
      await pause(150);
      await cutUnder(child);
      expect((await drainAndCheck()).counts.stored).toBe(3);
    });

    test('takes nothing after close, async messages and acknowledgements included', async () => {
      const child = startLoad();
      await child.said('consuming');
      await pause(300);
      child.tell('close');
      await child.succeeded();
      appendHistory(history, { kind: 'powerCut', atMs: disk.cutPower() });
      disk.restart();
      await drainAndCheck();
    });
  },
);
