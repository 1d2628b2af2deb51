import { expect, test } from 'vitest';
import { Broker } from '../../src/broker.ts';
import { FaultPlan } from '../../src/platform/memory/fault-plan.ts';
import { faultyStorage } from '../../src/platform/memory/faulty-storage.ts';
import { SimulatedDisk } from '../../src/platform/memory/simulated-disk.ts';
import { ManualClock } from '../../src/testing/index.ts';

// `timeoutMs` was given to each step of a send anew, and to the creation of its topic not at all: on a disk that answered no more, the
// first send to a topic waited for ever.
test('the time of a send includes the creation of its topic', async () => {
  const clock = new ManualClock();
  const plan = new FaultPlan();
  const broker = await Broker.open({ storage: faultyStorage(new SimulatedDisk(), plan), clock, logger: false });
  plan.freezeWrites();
  const send = broker.createProducer({ timeoutMs: 500 }).send({ topic: 'new', body: 'x' });
  const outcome = expect(send).rejects.toMatchObject({ code: 'MQ_REQUEST_TIMEOUT' });
  await clock.advance(600);
  await outcome;
  plan.thaw();
  await broker.close();
});
