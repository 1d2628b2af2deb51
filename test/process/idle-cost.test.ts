import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ChildProgram } from './child-program.ts';

test('a retry in thirty days takes less than a thousandth of a core until then', { timeout: 40_000 }, async () => {
  const location = mkdtempSync(join(tmpdir(), 'pocketmq-idle-'));
  const child = new ChildProgram(new URL('./programs/idle-cost.mjs', import.meta.url), {
    argument: { location, windows: 9 },
  });
  try {
    await child.succeeded();
    const result = JSON.parse((await child.said('result ')).slice('result '.length)) as {
      median: number;
      shares: number[];
      waitsMs: number;
    };
    expect(result.waitsMs).toBeGreaterThan(29 * 86_400_000);
    expect(result.median, JSON.stringify(result.shares)).toBeLessThan(0.001);
  } finally {
    await child.kill();
    rmSync(location, { recursive: true, force: true });
  }
});
