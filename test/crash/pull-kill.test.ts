import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { ChildProgram } from '../process/child-program.ts';

const LIVES = 15;
const folder = mkdtempSync(join(tmpdir(), 'pocketmq-pull-kill-'));
const location = join(folder, 'store');
const history = join(folder, 'history');

afterAll(() => rmSync(folder, { recursive: true, force: true }));

type ByQueue = readonly (readonly [queueId: number, offset: number])[];
type Line =
  | { readonly kind: 'began'; readonly positions: ByQueue }
  | { readonly kind: 'committing'; readonly positions: ByQueue }
  | { readonly kind: 'polled'; readonly offsets: ByQueue }
  | { readonly kind: 'committed' };

async function killedLife(): Promise<void> {
  const child = new ChildProgram(new URL('./programs/pull-reader.mjs', import.meta.url), { argument: { location, history } });
  await child.said(Math.random() < 0.8 ? 'reading' : 'opening');
  await sleep(Math.random() * 250);
  const { errors } = await child.kill();
  expect(errors).toBe('');
}

/** Fails where a queue is not read on from a position that was committed, or where a message is missing between two. */
function check(lines: readonly Line[]): { begun: number; polled: number; commits: number } {
  const counts = { begun: 0, polled: 0, commits: 0 };
  // What a life may begin with: the last confirmed commit, or the one that was under way when the process died.
  let confirmed = new Map<number, number>();
  let underWay: ReadonlyMap<number, number> | undefined;
  let next = new Map<number, number>();
  for (const line of lines) {
    if (line.kind === 'began') {
      const from = new Map(line.positions);
      expect([asObject(confirmed), ...(underWay === undefined ? [] : [asObject(underWay)])]).toContainEqual(asObject(from));
      confirmed = from;
      underWay = undefined;
      next = new Map(from);
      counts.begun++;
    } else if (line.kind === 'polled') {
      for (const [queueId, offset] of line.offsets) {
        expect(offset).toBe(next.get(queueId));
        next.set(queueId, offset + 1);
        counts.polled++;
      }
    } else if (line.kind === 'committing') underWay = new Map(line.positions);
    else {
      confirmed = new Map(underWay);
      underWay = undefined;
      counts.commits++;
    }
  }
  return counts;
}

function asObject(positions: ReadonlyMap<number, number>): Record<string, number> {
  return { 0: 0, 1: 0, 2: 0, ...Object.fromEntries(positions) };
}

test(`a pull consumer reads on from what it committed last, in ${LIVES} lives that are killed`, { timeout: 120_000 }, async () => {
  for (let life = 0; life < LIVES; life++) await killedLife();
  const lines = readFileSync(history, 'utf8').trimEnd().split('\n');
  const counts = check(lines.map((line) => JSON.parse(line) as Line));
  console.log(`pull kill test: ${JSON.stringify(counts)}`);
  expect(counts.begun).toBeGreaterThan(LIVES / 2);
  expect(counts.commits).toBeGreaterThan(LIVES);
});
