import { mkdtempSync, rmSync } from 'node:fs';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ChildProgram } from './child-program.ts';

interface Look {
  readonly files: readonly string[];
  readonly fileCount: number;
  readonly heapBytes: number;
  readonly resources: readonly string[];
}

test.skipIf(platform() !== 'linux')(
  'a hundred openings and closings leak no file, no timer and no memory',
  { timeout: 60_000 },
  async () => {
    const location = mkdtempSync(join(tmpdir(), 'pocketmq-leaks-'));
    const child = new ChildProgram(new URL('./programs/open-close.mjs', import.meta.url), {
      argument: { location, cycles: 100 },
      nodeFlags: ['--expose-gc'],
    });
    try {
      await child.succeeded();
      const { before, after } = JSON.parse((await child.said('result ')).slice('result '.length)) as { before: Look; after: Look };
      expect(after.files).toEqual([]);
      expect(after.fileCount).toBe(before.fileCount);
      expect(after.resources.toSorted()).toEqual(before.resources.toSorted());
      expect(after.resources).not.toContain('Timeout');
      // The log grows by two messages a cycle, and so does what is known of it; a broker that stayed would be hundreds of kilobytes each.
      expect(after.heapBytes - before.heapBytes).toBeLessThan(100 * 10_000);
    } finally {
      await child.kill();
      rmSync(location, { recursive: true, force: true });
    }
  },
);
