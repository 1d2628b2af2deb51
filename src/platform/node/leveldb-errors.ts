import type { BrokerErrorCode } from '../../model/error-code.ts';
import { BrokerError, isBrokerError } from '../../model/errors.ts';

/** What the store was asked to do when the database complained. */
export type StoreAction = 'open' | 'read' | 'write' | 'close';

/**
 * Turns an error of LevelDB or of the file system into one of ours. LevelDB's true reason is in `cause.code`, often only in the text, and sometimes
 * it has no code at all; what we do not recognise is therefore treated as the worst that its action allows.
 */
export function storeError(error: unknown, action: StoreAction, location: string): BrokerError {
  if (isBrokerError(error)) return error;
  const codes = causeCodes(error);
  const text = causeText(error);
  const code = errorCode(codes, text, action);
  return new BrokerError(code, `${SENTENCES[code] ?? FAILED[action]} ${JSON.stringify(location)}: ${text}`, { cause: error });
}

const FAILED: Readonly<Record<StoreAction, string>> = {
  open: 'Cannot open the store',
  read: 'Cannot read from the store',
  write: 'A write has failed, and may or may not be there after the next open, in the store',
  close: 'Cannot close the store',
};

const SENTENCES: Readonly<Partial<Record<BrokerErrorCode, string>>> = {
  MQ_STORE_LOCKED: 'Another broker holds the store',
  MQ_DISK_FULL: 'The disk is full (free some space), store',
  MQ_STORE_CORRUPT: 'The database files are corrupt in the store',
  MQ_STORE_DAMAGED: 'Files of the database are missing (restore the directory from a backup) in the store',
  MQ_BROKER_NOT_OPEN: 'The store is closed:',
};

/** A read beyond the end of a table that was cut short is an invalid argument to LevelDB. */
const CORRUPTION = /corruption|corrupted|\.(ldb|sst): Invalid argument/i;

function errorCode(codes: readonly string[], text: string, action: StoreAction): BrokerErrorCode {
  if (codes.includes('LEVEL_LOCKED')) return 'MQ_STORE_LOCKED';
  if (codes.includes('ENOSPC') || codes.includes('EDQUOT') || /No space left|Disk quota exceeded/i.test(text)) return 'MQ_DISK_FULL';
  if (action === 'open' && /does not exist \(create_if_missing|missing files|No such file or directory/i.test(text))
    return 'MQ_STORE_DAMAGED';
  if (codes.includes('LEVEL_CORRUPTION') || CORRUPTION.test(text)) return 'MQ_STORE_CORRUPT';
  if (action !== 'open' && codes.some((code) => code === 'LEVEL_DATABASE_NOT_OPEN' || code === 'LEVEL_ITERATOR_NOT_OPEN')) {
    return 'MQ_BROKER_NOT_OPEN';
  }
  return action === 'read' ? 'MQ_INTERNAL_ERROR' : 'MQ_STORE_WRITE_FAILED';
}

function causeCodes(error: unknown): string[] {
  const codes: string[] = [];
  for (let at: unknown = error; at instanceof Error && codes.length < 8; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') codes.push(at.code);
  }
  return codes;
}

function causeText(error: unknown): string {
  const lines: string[] = [];
  for (let at: unknown = error; at instanceof Error && lines.length < 8; at = at.cause) lines.push(at.message);
  return lines.length === 0 ? String(error) : lines.join(': ');
}
