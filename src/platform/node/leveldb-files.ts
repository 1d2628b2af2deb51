import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BrokerError } from '../../model/errors.ts';

/** LevelDB's own report of an opening is short; more than this is not read. */
const REPORT_BYTES = 1_048_576;

/**
 * Refuses a database whose `CURRENT` is missing: LevelDB would open it empty and delete its live tables.
 * With `create`, only a folder that holds data is refused; what an interrupted creation left behind is not data.
 */
export async function assertNotGutted(location: string, create: boolean): Promise<void> {
  const names = await namesIn(location);
  if (names.includes('CURRENT')) return;
  if (create && !(await holdsData(location, names))) return;
  throw new BrokerError(
    'MQ_STORE_DAMAGED',
    `The database in ${JSON.stringify(location)} has no file "CURRENT"; it would open empty. Restore the directory from a backup.`,
  );
}

/** What LevelDB said of data that it dropped while it opened, one line each. LevelDB begins a new report at each opening. */
export async function readOpeningNotes(location: string): Promise<readonly string[]> {
  let report: string;
  try {
    const file = await open(join(location, 'LOG'), 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(REPORT_BYTES), 0, REPORT_BYTES, 0);
      report = buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    // LevelDB itself goes on without its report.
    return [];
  }
  return report.split('\n').filter((line) => /\(ignoring error\)|dropping|Corruption/.test(line));
}

async function namesIn(location: string): Promise<string[]> {
  try {
    return await readdir(location);
  } catch {
    // What is wrong with the folder, LevelDB says better when it opens it.
    return [];
  }
}

async function holdsData(location: string, names: readonly string[]): Promise<boolean> {
  for (const name of names) {
    if (/\.(ldb|sst)$/.test(name)) return true;
    if (name.endsWith('.log') && (await stat(join(location, name))).size > 0) return true;
  }
  return false;
}
