import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../model/clock.ts';
import { BrokerError } from '../../model/errors.ts';
import { errnoOf } from './file-errors.ts';
import { liveness, ownIdentity, type ProcessIdentity } from './process-identity.ts';

const FILE_NAME = 'owner.lock';
/** How often a waiting broker looks whether the holder has gone. */
const RETRY_MS = 50;

/** What `owner.lock` says of its holder. */
interface LockRecord extends ProcessIdentity {
  /** When the lock was taken, ISO 8601. */
  readonly since: string;
  readonly token: string;
}

/** How long to wait for a holder. */
export interface LockWait {
  readonly lockWaitMs: number;
  readonly clock: Clock;
}

/**
 * Our own lock beside the stores, because LevelDB's is lost when anybody in this process opens and closes its file, and does not say who holds it.
 *
 * A holder that certainly lives is respected, one that is certainly dead is replaced. Of a holder in another container or on another machine
 * the file alone cannot tell; it is replaced for the time being, and LevelDB's kernel lock, taken next, has the last word (see `refused`).
 */
export class OwnerLock {
  readonly #path: string;
  readonly #token: string;
  readonly #replaced: LockRecord | undefined;
  readonly #deadline: number;
  readonly #clock: Clock;

  constructor(path: string, token: string, replaced: LockRecord | undefined, deadline: number, clock: Clock) {
    this.#path = path;
    this.#token = token;
    this.#replaced = replaced;
    this.#deadline = deadline;
    this.#clock = clock;
  }

  /** Waits a moment for the holder of LevelDB's lock; false when the time to wait is over. */
  async waitForHolder(): Promise<boolean> {
    return pause(this.#clock, this.#deadline);
  }

  /** LevelDB is locked, so the record that we replaced belongs to the living: puts it back, and gives the error that names its holder. */
  async refused(cause: unknown): Promise<BrokerError> {
    if (this.#replaced !== undefined && (await readRecord(this.#path)).record?.token === this.#token) {
      const temporary = `${this.#path}.${this.#token}`;
      await writeFile(temporary, JSON.stringify(this.#replaced));
      await rename(temporary, this.#path);
    }
    return lockedError(this.#path, this.#replaced, cause);
  }

  /** Removes the lock, unless somebody else has taken it over. */
  async release(): Promise<void> {
    if ((await readRecord(this.#path)).record?.token === this.#token) await rm(this.#path, { force: true });
  }
}

/** Takes `owner.lock` in the folder; rejects with `MQ_STORE_LOCKED`, which names the holder. */
export async function takeOwnerLock(folder: string, wait: LockWait): Promise<OwnerLock> {
  const path = join(folder, FILE_NAME);
  const deadline = wait.clock.monotonic() + wait.lockWaitMs;
  const own: LockRecord = { ...ownIdentity(), since: new Date(wait.clock.now()).toISOString(), token: randomUUID() };
  let replaced: LockRecord | undefined;
  while (!(await createLock(path, own))) {
    const seen = await readRecord(path);
    if (seen.text === undefined) continue;
    const alive = seen.record !== undefined && liveness(seen.record, own) === 'alive';
    if (alive) {
      if (!(await pause(wait.clock, deadline))) throw lockedError(path, seen.record, undefined);
    } else if (await removeStale(path, seen.text, own.token)) {
      replaced = seen.record;
    }
  }
  return new OwnerLock(path, own.token, replaced, deadline, wait.clock);
}

/** Creates the lock with its whole content in one step; false when there is one. */
async function createLock(path: string, own: LockRecord): Promise<boolean> {
  const temporary = `${path}.${own.token}`;
  await writeFile(temporary, JSON.stringify(own));
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    if (!isWithoutLinks(error)) throw error;
    return await createWithoutLink(path, own);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Some file systems (FAT) have no hard links; there the lock is empty for a moment, and LevelDB's lock decides about that moment. */
async function createWithoutLink(path: string, own: LockRecord): Promise<boolean> {
  try {
    await writeFile(path, JSON.stringify(own), { flag: 'wx' });
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

function isWithoutLinks(error: unknown): boolean {
  return ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL'].includes(errnoOf(error) ?? '');
}

/** Removes the very lock that was seen, and no newer one that took its place meanwhile. */
async function removeStale(path: string, seenText: string, token: string): Promise<boolean> {
  const aside = `${path}.${token}.stale`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
  const isTheSeenOne = (await readRecord(aside)).text === seenText;
  if (!isTheSeenOne) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
  return isTheSeenOne;
}

/** No text: there is no file. No record: it is not one of ours, or was cut short. */
async function readRecord(path: string): Promise<{ readonly text?: string; readonly record?: LockRecord }> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return {};
    throw error;
  }
  try {
    const value: unknown = JSON.parse(text);
    return isLockRecord(value) ? { text, record: value } : { text };
  } catch {
    return { text };
  }
}

function isLockRecord(value: unknown): value is LockRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { pid, host, since, token } = value as Partial<Record<keyof LockRecord, unknown>>;
  return Number.isSafeInteger(pid) && Number(pid) > 0 && typeof host === 'string' && typeof since === 'string' && typeof token === 'string';
}

function lockedError(path: string, holder: LockRecord | undefined, cause: unknown): BrokerError {
  const who =
    holder === undefined
      ? 'by a process that left no record of itself'
      : `by process ${holder.pid} on ${JSON.stringify(holder.host)} since ${holder.since}`;
  return new BrokerError(
    'MQ_STORE_LOCKED',
    `The store is held ${who} (${JSON.stringify(path)}). Close that broker, wait for it with \`lockWaitMs\`, or choose another location.`,
    {
      ...(cause === undefined ? {} : { cause }),
      ...(holder === undefined ? {} : { details: { pid: holder.pid, host: holder.host, since: holder.since } }),
    },
  );
}

/** False when the deadline has passed. */
async function pause(clock: Clock, deadline: number): Promise<boolean> {
  const leftMs = deadline - clock.monotonic();
  if (leftMs <= 0) return false;
  await new Promise<void>((resolve) => {
    clock.setTimer(Math.min(RETRY_MS, leftMs), resolve);
  });
  return true;
}
