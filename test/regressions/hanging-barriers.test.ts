import { expect, test } from 'vitest';
import { FaultPlan, ManualClock, openTestBroker } from '../../src/testing/index.ts';
import { turns } from './turns.ts';

// A barrier that hung on a disk with trouble, and then a write that failed, so that the stores were opened anew under it. That made durable what the barrier
// should have covered, but whoever waited for it went on waiting; and once another barrier had begun, not even the end of the broker told them.
test('what waits for a barrier that hangs is answered when the stores are opened anew', async () => {
  const failures = new FaultPlan();
  const broker = await openTestBroker({ clock: new ManualClock(), failures });
  const producer = broker.createProducer();
  await producer.send({ topic: 'orders', body: 'one' });
  failures.freezeBarriers();
  const answers: string[] = [];
  const sending = producer.send({ topic: 'orders', body: 'two' }).then(() => answers.push('send'));
  const creating = broker.admin.createTopic('later').then(() => answers.push('createTopic'));
  await turns();
  expect(answers).toEqual([]);
  failures.failWrite('log', 1);
  const failing = producer.send({ topic: 'orders', body: 'three' });
  failing.catch(() => undefined);
  await turns();
  expect(answers.sort()).toEqual(['createTopic', 'send']);
  expect(await broker.admin.stats()).toMatchObject({ state: 'open', heals: 1 });
  const dying = broker.crash();
  await expect(failing).rejects.toMatchObject({ code: 'MQ_BROKER_NOT_OPEN' });
  failures.thaw();
  await Promise.all([dying, sending, creating]);
  expect((await broker.admin.stats()).sent).toBe(2);
});
