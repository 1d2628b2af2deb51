import { describe, it } from 'vitest';
import { Broker } from '../../src/index.ts';
import { ManualClock, messagingContract } from '../../src/testing/index.ts';

describe('the contract on the memory store', () => {
  messagingContract({ describe, it }, async () => {
    const clock = new ManualClock();
    const broker = await Broker.open({ storage: 'memory', clock, logger: false });
    return { messaging: broker, admin: broker.admin, clock, dispose: () => broker.close({ deadlineMs: 0 }) };
  });
});
