import { isCorruption } from '../store-errors.ts';

/** What a reader has to know of the log whose stores may be opened anew at any time. */
interface HealingLog {
  /** The stores have failed and are being opened again, or the log has ended. */
  readonly isSuspended: boolean;
  /** How often it has gone on with stores that were opened anew. */
  readonly resumes: number;
  /** Why nothing can be read now, and perhaps ever; `undefined` while a heal may still succeed. */
  readonly refusal: Error | undefined;
  /** Resolves when the heal has ended. */
  nextCommit(): Promise<void>;
}

/** Reads again where a heal has closed the stores under the reader; rejects with its reason where it fails. */
export async function overHeals<T>(log: HealingLog, read: () => Promise<T>): Promise<T> {
  for (;;) {
    const { resumes } = log;
    try {
      return await read();
    } catch (error) {
      if (isCorruption(error) || (!log.isSuspended && log.resumes === resumes)) throw error;
      if (log.refusal !== undefined) throw log.refusal;
      await log.nextCommit();
    }
  }
}
