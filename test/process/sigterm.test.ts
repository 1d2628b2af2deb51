import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Broker } from '../../src/index.ts';
import { ChildProgram } from './child-program.ts';

test('SIGTERM, close() and the end of the main function end a process under load with code 0, and keep every receipt', async () => {
  const location = mkdtempSync(join(tmpdir(), 'pocketmq-sigterm-'));
  const child = new ChildProgram(new URL('./programs/sigterm-load.mjs', import.meta.url), { argument: { location } });
  try {
    await child.said('working');
    const { code, signal, errors } = await child.kill('SIGTERM');
    expect({ code, signal, errors }).toEqual({ code: 0, signal: null, errors: '' });
    const counts = JSON.parse((await child.said('closed ')).slice('closed '.length)) as Record<string, number>;
    expect(counts).toMatchObject({ other: 0, pending: 0, openReceives: 0 });
    expect(counts['receipts']).toBeGreaterThan(0);

    const broker = await Broker.open({ location });
    const simple = await broker.createSimpleConsumer({ group: 'count', subscriptions: { orders: '*' } });
    const ids = new Set<string>();
    for (;;) {
      const views = await simple.receive({ maxMessages: 1_000, awaitDurationMs: 0 });
      if (views.length === 0) break;
      for (const view of views) ids.add(view.messageId);
      await simple.ack(views);
    }
    await broker.close();
    expect(ids.size).toBe(counts['receipts']);
  } finally {
    await child.kill();
    rmSync(location, { recursive: true, force: true });
  }
});
