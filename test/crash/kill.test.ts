import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { ChildProgram } from '../process/child-program.ts';
import { HistoryChecker } from './history.ts';
import { appendHistory, MIXED_LOAD_RULES, readHistory } from './history-file.ts';

const CYCLES = Number(process.env['POCKETMQ_KILL_CYCLES'] ?? 50);
const program = new URL('./programs/mixed-load.mjs', import.meta.url);
const folder = mkdtempSync(join(tmpdir(), 'pocketmq-kill-'));
const location = join(folder, 'store');
const history = join(folder, 'history');

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Where in the life of the child the clock of its death begins. */
const moments = [
  { word: 'open', fromMs: 20, toMs: 500 },
  { word: 'opening', fromMs: 0, toMs: 60 },
  { word: 'consuming', fromMs: 20, toMs: 300 },
  // The checkpoint of a close.
  { word: 'consuming', fromMs: 0, toMs: 60, closing: true },
  { word: 'opening', fromMs: 20, toMs: 500 },
] as const;

async function killedLife(cycle: number): Promise<void> {
  const child = new ChildProgram(program, { argument: { location, history, mode: 'load' } });
  const moment = moments[cycle % moments.length] ?? moments[0];
  await child.said(moment.word);
  if ('closing' in moment) {
    await sleep(Math.random() * 200);
    child.tell('close');
  }
  await sleep(moment.fromMs + Math.random() * (moment.toMs - moment.fromMs));
  const atMs = Date.now();
  const { signal, errors } = await child.kill();
  expect(errors).toBe('');
  if (!('closing' in moment)) expect(signal).toBe('SIGKILL');
  appendHistory(history, { kind: 'died', atMs });
}

async function closedLife(): Promise<void> {
  const child = new ChildProgram(program, { argument: { location, history, mode: 'load' } });
  await child.said('consuming');
  child.tell('close');
  await child.succeeded();
}

async function drain(): Promise<readonly string[]> {
  const child = new ChildProgram(program, { argument: { location, history, mode: 'drain' } });
  await child.succeeded();
  return child.lines.filter((line) => line.startsWith('damage'));
}

test(`loses nothing that was acknowledged in ${CYCLES} lives that are killed, also while they open`, {
  timeout: 30_000 + CYCLES * 3_000,
}, async () => {
  for (let cycle = 0; cycle < CYCLES; cycle++) {
    await killedLife(cycle);
    if (cycle % 17 === 16) await closedLife();
  }
  expect(await drain()).toEqual([]);
  // A second drain finds nothing: what was settled stays settled.
  expect(await drain()).toEqual([]);
  const checker = new HistoryChecker(MIXED_LOAD_RULES);
  for (const event of readHistory(history)) checker.add(event);
  const violations = checker.finish();
  if (violations.length > 0 && process.env['POCKETMQ_KEEP_HISTORY'] !== undefined)
    copyFileSync(history, process.env['POCKETMQ_KEEP_HISTORY']);
  console.log(`kill test: ${CYCLES} kills, ${JSON.stringify(checker.counts)}`);
  expect(violations.slice(0, 20)).toEqual([]);
  // The checker can only find what happened.
  expect(checker.counts.stored).toBeGreaterThan(CYCLES * 5);
  expect(checker.counts.acked).toBeGreaterThan(CYCLES * 5);
  expect(checker.counts.dead).toBeGreaterThan(0);
});
