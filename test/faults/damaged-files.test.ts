import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ChildProgram } from '../process/child-program.ts';

type Ending = 'close' | 'kill';

const MESSAGES = 400;
const NUMBERS: readonly number[] = Array.from({ length: MESSAGES }, (_, number) => number);
const ACKED: ReadonlySet<number> = new Set(NUMBERS.filter((number) => number < 100 || (number >= 300 && number < 350)));
const DEAD: readonly number[] = [100, 101];
/** What opening a damaged store may be refused with. */
const REFUSALS: ReadonlySet<string> = new Set(['MQ_STORE_DAMAGED', 'MQ_STORE_CORRUPT', 'MQ_STORE_FORMAT_UNSUPPORTED']);

/** What becomes of a file; `undefined` where it is too small for that. */
const damages: Readonly<Record<string, (path: string, size: number) => void>> = {
  'has a bit flipped at its beginning': (path) => flip(path, 3),
  'has a bit flipped in a quarter': (path, size) => flip(path, size >> 2),
  'has a bit flipped in the middle': (path, size) => flip(path, size >> 1),
  'has a bit flipped near its end': (path, size) => flip(path, size - 20),
  'has 4 KiB zeroed in the middle': (path, size) => zero(path, size >> 1, 4_096),
  'is zeroed whole': (path, size) => zero(path, 0, size),
  'lacks its last 7 bytes': (path, size) => truncateSync(path, Math.max(0, size - 7)),
  'is cut in half': (path, size) => truncateSync(path, size >> 1),
  'is empty': (path) => truncateSync(path, 0),
  'is deleted': (path) => rmSync(path),
};

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  const place = Math.min(Math.max(0, at), bytes.length - 1);
  bytes[place] = (bytes[place] ?? 0) ^ 0x10;
  writeFileSync(path, bytes);
}

function zero(path: string, from: number, count: number): void {
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.fill(0, from, Math.min(bytes.length, from + count)));
}

const folder = mkdtempSync(join(tmpdir(), 'pocketmq-damage-'));
const templates: Readonly<Record<Ending, string>> = { close: join(folder, 'closed'), kill: join(folder, 'killed') };
let copies = 0;

beforeAll(async () => {
  const program = new URL('./programs/make-store.mjs', import.meta.url);
  const closed = new ChildProgram(program, { argument: { location: templates.close, ending: 'close' } });
  const killed = new ChildProgram(program, { argument: { location: templates.kill, ending: 'kill' } });
  await closed.succeeded();
  await killed.said('ready');
  await killed.kill();
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a store still says. */
interface Findings {
  readonly refusal?: string;
  readonly reports: readonly string[];
  readonly wrong: readonly string[];
  readonly everything: readonly number[];
  readonly again: readonly number[];
  readonly dead: readonly number[];
}

const NOTHING: Findings = { reports: [], wrong: [], everything: [], again: [], dead: [] };
let examiner: ChildProgram | undefined;

afterAll(async () => {
  await examiner?.kill();
});

/** In another process, because LevelDB may abort it. */
async function examine(location: string): Promise<Findings> {
  examiner ??= new ChildProgram(new URL('./programs/examine-store.mjs', import.meta.url));
  const { ended } = examiner;
  examiner.tell(location);
  const prefix = `found ${location} `;
  const timer = new AbortController();
  const outcome = await Promise.race([
    examiner.said(prefix).catch(() => undefined),
    sleep(10_000, 'it hangs', { signal: timer.signal }).catch(() => undefined),
  ]);
  timer.abort();
  if (outcome !== undefined && outcome !== 'it hangs') return JSON.parse(outcome.slice(prefix.length)) as Findings;
  examiner.child.kill('SIGKILL');
  examiner = undefined;
  return { ...NOTHING, refusal: outcome ?? `the process died: ${(await ended).errors}` };
}

/**
 * After a kill nothing outside LevelDB's newest log knows how far it went, so that a cut tail cannot be told from a kill that came earlier.
 * A hole can, and so can everything before the last opening.
 */
function isCutTail(file: string, how: string, missing: readonly number[]): boolean {
  const isCut = how.startsWith('lacks') || how.startsWith('is cut');
  return /^log\/\d+\.log$/.test(file) && isCut && missing.every((number, place) => number === MESSAGES - missing.length + place);
}

function filesOf(location: string): string[] {
  const below = (name: string): string[] => readdirSync(join(location, name)).map((file) => `${name}/${file}`);
  return ['broker.json', ...(existsSync(join(location, 'owner.lock')) ? ['owner.lock'] : []), ...below('log'), ...below('index')];
}

/** LevelDB checks no block of a table, and stops the process where a damaged one breaks its own assumptions: loud enough. */
function isAbortOfLevelDb(file: string, refusal: string): boolean {
  return file.endsWith('.ldb') && /^the process died: .*leveldb.*Assertion/s.test(refusal);
}

function problemsOf(findings: Findings, file: string, how: string, ending: Ending): string[] {
  const { refusal, reports, wrong, everything, again, dead } = findings;
  if (refusal !== undefined)
    return REFUSALS.has(refusal) || isAbortOfLevelDb(file, refusal) ? [] : [`refused with ${refusal}: ${reports[0]}`];
  const problems = wrong.map((text) => `wrong content: ${text}`);
  const missing = NUMBERS.filter((number) => !everything.includes(number));
  if (reports.length > 0 || (ending === 'kill' && isCutTail(file, how, missing))) return problems;
  const undone = again.filter((number) => ACKED.has(number));
  const missingDeadLetters = DEAD.filter((number) => !dead.includes(number) && !again.includes(number));
  if (missing.length > 0) problems.push(`${missing.length} messages are silently missing: ${missing.slice(0, 5)}`);
  if (undone.length > 0) problems.push(`${undone.length} acknowledgements are silently undone: ${undone.slice(0, 5)}`);
  if (missingDeadLetters.length > 0) problems.push(`dead letters are silently missing: ${missingDeadLetters}`);
  return problems;
}

describe.each(['close', 'kill'] as const)('a store after a %s', { timeout: 120_000 }, (ending) => {
  test('is whole as long as nobody damages it', async () => {
    const location = join(folder, `copy-${copies++}`);
    cpSync(templates[ending], location, { recursive: true });
    const { everything, ...rest } = await examine(location);
    expect(everything.toSorted((left, right) => left - right)).toEqual(NUMBERS);
    expect(rest).toEqual({ reports: [], wrong: [], again: [], dead: DEAD });
  });

  test.each(Object.entries(damages))('of which one file %s opens with what was acknowledged, or says what it lost', async (how, damage) => {
    const problems: string[] = [];
    const outcomes: Record<string, number> = {};
    for (const file of filesOf(templates[ending])) {
      const location = join(folder, `copy-${copies++}`);
      cpSync(templates[ending], location, { recursive: true });
      const path = join(location, file);
      const { size } = statSync(path);
      if (size === 0 && !how.includes('deleted')) continue;
      damage(path, size);
      const findings = await examine(location);
      problems.push(...problemsOf(findings, file, how, ending).map((problem) => `${file} ${how}: ${problem}`));
      const outcome = findings.refusal?.split(':')[0] ?? (findings.reports.length > 0 ? 'reported' : 'whole');
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      rmSync(location, { recursive: true, force: true });
    }
    console.log(`after a ${ending}, a file ${how}: ${JSON.stringify(outcomes)}`);
    expect(problems).toEqual([]);
  });
});
