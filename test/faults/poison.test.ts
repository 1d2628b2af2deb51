import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ChildProgram } from '../process/child-program.ts';

const program = new URL('./programs/poison.mjs', import.meta.url);
const MESSAGES = 20;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pocketmq-poison-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Outcome {
  readonly deaths: number;
  readonly dead: readonly { readonly body: string; readonly attempts: number }[];
  readonly acked: ReadonlySet<string>;
  /** How often each message was handed out. */
  readonly attempts: ReadonlyMap<string, number>;
}

/** Starts the program again as often as it is killed. */
async function surviveIt(maxAttempts: number, poisons: readonly number[]): Promise<Outcome> {
  const handled = join(folder, 'handled');
  for (let deaths = 0; deaths < 30; deaths++) {
    const argument = { location: join(folder, 'store'), handled, maxAttempts, poisons, send: deaths === 0 };
    const child = new ChildProgram(program, { argument });
    const { code, signal, errors } = await child.ended;
    expect(errors).toBe('');
    if (signal === 'SIGKILL') continue;
    expect(code).toBe(0);
    const dead = JSON.parse((await child.said('dead ')).slice('dead '.length)) as Outcome['dead'];
    const lines = readFileSync(handled, 'utf8').trim().split('\n');
    const acked = new Set(lines.filter((line) => line.startsWith('acked ')).map((line) => line.slice('acked '.length)));
    const attempts = new Map<string, number>();
    for (const line of lines.filter((one) => one.startsWith('got '))) {
      const body = line.split(' ').slice(1, 3).join(' ');
      attempts.set(body, (attempts.get(body) ?? 0) + 1);
    }
    return { deaths, dead, acked, attempts };
  }
  throw new Error('the poison kills for ever');
}

describe('a message that kills its process', { timeout: 60_000 }, () => {
  test.each([
    [2, [9]],
    [3, [9]],
    [5, [9]],
    [3, [4, 6]],
    [4, [0, 1, 2]],
  ])('dies alone after %i attempts, and its neighbours pass (poisons %j)', async (maxAttempts, poisons) => {
    const { deaths, dead, acked, attempts } = await surviveIt(maxAttempts, poisons);
    expect(dead.toSorted((left, right) => left.body.localeCompare(right.body))).toEqual(
      poisons.map((number) => ({ body: `poison ${number}`, attempts: maxAttempts })),
    );
    // The program ends when nothing lags, so that what is not dead was acknowledged; a kill may have come before the line that tells it.
    expect(acked.size).toBeLessThanOrEqual(MESSAGES - poisons.length);
    for (let number = 0; number < MESSAGES; number++) {
      if (!poisons.includes(number)) expect(attempts.get(`good ${number}`) ?? 0).toBeGreaterThanOrEqual(1);
    }
    for (const number of poisons) expect(attempts.get(`poison ${number}`)).toBeLessThanOrEqual(maxAttempts);
    expect(deaths).toBeLessThanOrEqual(maxAttempts * poisons.length);
  });

  test('with one attempt is dead after it, and takes at most those along that listeners held', async () => {
    const { deaths, dead, acked } = await surviveIt(1, [9]);
    expect(deaths).toBe(1);
    expect(dead).toContainEqual({ body: 'poison 9', attempts: 1 });
    // Six listeners ran.
    expect(dead.length).toBeLessThanOrEqual(6);
    expect(acked.size + dead.length).toBeLessThanOrEqual(MESSAGES);
    for (const { body, attempts } of dead) {
      expect(attempts).toBe(1);
      expect(acked.has(body)).toBe(false);
    }
  });
});
