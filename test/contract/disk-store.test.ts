import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'vitest';
import { Broker } from '../../src/index.ts';
import { ManualClock, messagingContract } from '../../src/testing/index.ts';

describe('the contract on the disk store', () => {
  messagingContract({ describe, it }, async () => {
    const location = await mkdtemp(path.join(tmpdir(), 'pocketmq-contract-'));
    const clock = new ManualClock();
    const broker = await Broker.open({ location, clock, logger: false });
    return {
      messaging: broker,
      admin: broker.admin,
      clock,
      dispose: async () => {
        await broker.close({ deadlineMs: 0 });
        await rm(location, { recursive: true, force: true });
      },
    };
  });
});
