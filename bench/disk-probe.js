import { randomFillSync } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import path from 'node:path';

/**
 * What the disk gives without any database: appends of one size to one file, each made durable before the next.
 * @param {{ directory: string; bytes: number; durationMs: number }} options
 * @returns {Promise<{ perSecond: number }>}
 */
export async function probeDisk({ directory, bytes, durationMs }) {
  const name = path.join(directory, 'probe');
  const content = randomFillSync(Buffer.alloc(bytes));
  const file = await open(name, 'w');
  try {
    let appended = 0;
    const startedAtMs = performance.now();
    let elapsedMs = 0;
    while (elapsedMs < durationMs) {
      await file.write(content);
      await file.datasync();
      appended += 1;
      elapsedMs = performance.now() - startedAtMs;
    }
    return { perSecond: (appended / elapsedMs) * 1000 };
  } finally {
    await file.close();
    await rm(name, { force: true });
  }
}
