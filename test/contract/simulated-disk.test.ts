import { describe, it } from 'vitest';
import { ManualClock, messagingContract, openTestBroker } from '../../src/testing/index.ts';

describe('the contract on a test broker, which stands on a simulated disk', () => {
  messagingContract({ describe, it }, async () => {
    const clock = new ManualClock();
    const broker = await openTestBroker({ clock });
    return { messaging: broker, admin: broker.admin, clock, dispose: () => broker.close({ deadlineMs: 0 }) };
  });
});
