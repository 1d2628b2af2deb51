import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PREFIX } from '../../../src/storage/index/keys.ts';
import { writeMessage } from '../../../src/storage/log/message-record.ts';
import { RECORD } from '../../../src/storage/log/record-kinds.ts';
import { writeAddress, writeOffsets } from '../../../src/storage/log/state-records.ts';
import { CheckpointBench } from './checkpoint-bench.ts';
import { answersOf } from './index-bench.ts';
import { beginning, type Draft, drafts, groupRecord, Log, metadata, step, topicRecord } from './random-records.ts';

describe('an index at any checkpoint', () => {
  test('and the log behind it make the index that the whole log makes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 16 }), async (steps) => {
        const bench = await CheckpointBench.open(new Log());
        await bench.commit(beginning);
        for (const one of steps) await bench.run(one);
        const expected = await answersOf(await bench.rebuilt());
        expect(await answersOf(bench.index)).toEqual(expected);
        await bench.reload();
        expect(await answersOf(bench.index)).toEqual(expected);
      }),
      { numRuns: 120 },
    );
  });

  test('loses nothing of what is committed while a large checkpoint is being packed', async () => {
    await fc.assert(
      fc.asyncProperty(drafts, drafts, async (before, meanwhile) => {
        const bench = await CheckpointBench.open(new Log());
        // So many queues that the packing lets others have their turn.
        await bench.commit([...beginning, metadata(topicRecord(3, 520))]);
        const rest = { messageId: 'id', bornAtMs: 1, tag: undefined, messageGroup: undefined, groupHash: undefined, keys: [] };
        const filler = Array.from({ length: 520 }, (_, queue): Draft => {
          return (log) =>
            log.record(RECORD.message, (builder) => {
              writeMessage(builder, { topicId: 3, queueId: queue, ...rest, properties: undefined, body: '' });
            });
        });
        await bench.commit(filler);
        await bench.commit(before);
        await bench.checkpoint({ fate: 'crashed', meanwhile });
        expect(await answersOf(bench.index)).toEqual(await answersOf(await bench.rebuilt()));
      }),
      { numRuns: 25 },
    );
  });

  // They were handed over as arguments of one call, of which there may be some 120,000: a store with more of them did not open without its index.
  test('takes more topics and subscriptions than a call takes arguments', async () => {
    const bench = await CheckpointBench.open(new Log());
    for (let number = 0; number < 150_000; number++)
      bench.index.applyMetadata({ what: 'subscription', record: { groupId: 1, topicName: `topic-${number}` } }, number + 1);
    await bench.checkpoint({ fate: 'kept', meanwhile: [] });
    expect(await bench.keysUnder(PREFIX.subscription)).toBe(150_000);
  });

  test('keeps what a deletion left until a checkpoint includes the deletion, and frees it then', async () => {
    const bench = await CheckpointBench.open(new Log());
    const handedOut = (log: Log): void =>
      log.record(RECORD.ack, (builder) => {
        writeAddress(builder, { groupId: 1, topicId: 1, queueId: 0 });
        writeOffsets(builder, [1]);
      });
    await bench.commit([...beginning, handedOut]);
    await bench.checkpoint({ fate: 'kept', meanwhile: [] });
    const stored = await bench.keysUnder(PREFIX.progress);
    expect(stored).toBe(1);
    const deletion = metadata({ what: 'group', record: { ...groupRecord(1).record, deleted: true } });
    await bench.checkpoint({ fate: 'kept', meanwhile: [deletion] });
    expect(await bench.keysUnder(PREFIX.progress)).toBe(1);
    await bench.checkpoint({ fate: 'kept', meanwhile: [] });
    expect(await bench.keysUnder(PREFIX.progress)).toBe(0);
  });
});
