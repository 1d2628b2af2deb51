import { expect, test } from 'vitest';
import { openTestBroker } from '../src/testing/index.ts';

test('the counters of a broker begin at 0 when it opens, whatever its store holds', async () => {
  const broker = await openTestBroker();
  await broker.createProducer().send({ topic: 'work', body: 'one' });
  const { sent, logBlocks, logBytes } = await broker.admin.stats();
  expect(sent).toBe(1);
  expect(logBlocks).toBeGreaterThan(0);
  expect(logBytes).toBeGreaterThan(0);
  await broker.reopen();
  expect(await broker.admin.stats()).toMatchObject({
    sent: 0,
    delivered: 0,
    acked: 0,
    logBlocks: 0,
    logBytes: 0,
    groupCommits: 0,
    topics: 1,
  });
  await broker.close();
});
