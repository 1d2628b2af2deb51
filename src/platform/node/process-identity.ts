import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * What tells one process from every other, also from a later one with the same pid, and its threads from each other: a worker thread may end long
 * before its process. Absent where the platform does not say.
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** Clock ticks from the boot to the start of the process (Linux). */
  readonly startedAtTicks?: string;
  /** The thread, by the system's number (Linux). */
  readonly threadId?: number;
  /** Clock ticks from the boot to the start of the thread (Linux). */
  readonly threadStartedAtTicks?: string;
  /** Changes with every boot (Linux). */
  readonly bootId?: string;
  /** Pids mean something only within it (Linux). */
  readonly pidNamespace?: string;
}

/** `unknown` = it cannot be told from here; whoever asks needs another witness. */
export type Liveness = 'alive' | 'dead' | 'unknown';

/** Who this process is, and which of its threads. */
export function ownIdentity(): ProcessIdentity {
  const startedAtTicks = processStat('self')?.startedAtTicks;
  const threadId = ownThreadId();
  const threadStartedAtTicks = threadId === undefined ? undefined : processStat(`self/task/${threadId}`)?.startedAtTicks;
  const bootId = readText('/proc/sys/kernel/random/boot_id');
  const pidNamespace = readLink('/proc/self/ns/pid');
  return {
    pid: process.pid,
    host: hostname(),
    ...(startedAtTicks === undefined ? {} : { startedAtTicks }),
    ...(threadId === undefined ? {} : { threadId }),
    ...(threadStartedAtTicks === undefined ? {} : { threadStartedAtTicks }),
    ...(bootId === undefined ? {} : { bootId }),
    ...(pidNamespace === undefined ? {} : { pidNamespace }),
  };
}

/** Whether the process of an earlier identity still runs, as far as can be told from this one. */
export function liveness(holder: ProcessIdentity, own: ProcessIdentity = ownIdentity()): Liveness {
  if (holder.bootId !== own.bootId) return holder.host === own.host ? 'dead' : 'unknown';
  if (holder.pidNamespace !== own.pidNamespace) return 'unknown';
  // Without a boot id nothing but the name tells machines apart.
  if (own.bootId === undefined && holder.host !== own.host) return 'unknown';
  if (!pidExists(holder.pid)) return 'dead';
  const stat = processStat(String(holder.pid));
  if (stat?.ended === true) return 'dead';
  if (stat === undefined || holder.startedAtTicks === undefined) return 'unknown';
  return stat.startedAtTicks === holder.startedAtTicks && threadLives(holder) ? 'alive' : 'dead';
}

/** Of a thread that has ended, LevelDB has let the stores go before. */
function threadLives({ pid, threadId, threadStartedAtTicks }: ProcessIdentity): boolean {
  if (threadId === undefined || threadStartedAtTicks === undefined) return true;
  const stat = processStat(`${pid}/task/${threadId}`);
  return stat?.ended === false && stat.startedAtTicks === threadStartedAtTicks;
}

/** The link answers for the thread that reads it, and a synchronous read is done by the thread that asks for it. */
function ownThreadId(): number | undefined {
  const id = Number(/^\d+\/task\/(\d+)$/.exec(readLink('/proc/thread-self') ?? '')?.[1]);
  return Number.isSafeInteger(id) ? id : undefined;
}

function pidExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and belongs to somebody else.
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

function processStat(pid: string): { readonly startedAtTicks: string; readonly ended: boolean } | undefined {
  const text = readText(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The second field is the program's name in brackets, and may itself hold brackets and blanks.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, startedAtTicks] = [fields[0], fields[19]];
  // A killed process that its parent has not asked about yet (Z) holds nothing any more.
  return startedAtTicks === undefined ? undefined : { startedAtTicks, ended: state === 'Z' || state === 'X' };
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
