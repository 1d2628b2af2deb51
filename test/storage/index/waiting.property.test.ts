import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CheckpointBench } from './checkpoint-bench.ts';
import { type Draft, Log, metadata, topicRecord } from './random-records.ts';
import { waitingIn, waitingStep, waitingTopics } from './waiting-records.ts';

const FILLER_TOPIC = 9;
const BLOCK_MS = 20_000;

/** Keys enough that a checkpoint lets others have their turn between them and the rest. */
function fill(bench: CheckpointBench): void {
  const at = { atMs: bench.log.nowMs, storedAtMs: bench.log.nowMs };
  for (let number = 0; number < 8_200; number++) bench.index.dedup.add(FILLER_TOPIC, { high: number, low: number }, number + 1, at);
}

const begun: readonly Draft[] = [...waitingTopics, metadata(topicRecord(FILLER_TOPIC, 1))];

// Delay messages, transactions, dedup keys and values are packed one after the other, and records come in between: each must say what it includes.
test('an index at any checkpoint and the log behind it know what the whole log says of what waits', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(waitingStep, { minLength: 2, maxLength: 14 }), async (steps) => {
      const bench = await CheckpointBench.open(new Log(BLOCK_MS));
      await bench.commit(begun);
      for (const one of steps) {
        if (one.verb === 'checkpoint') fill(bench);
        await bench.run(one);
      }
      const { nowMs } = bench.log;
      const expected = await waitingIn(await bench.rebuilt(), nowMs);
      expect(await waitingIn(bench.index, nowMs)).toEqual(expected);
      await bench.reload();
      expect(await waitingIn(bench.index, nowMs)).toEqual(expected);
    }),
    { numRuns: 150 },
  );
});
