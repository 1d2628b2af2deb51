import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { resolveGroupOptions } from '../../../src/model/group.ts';
import type { DurableStore } from '../../../src/model/key-value-port.ts';
import type { ProcessPort } from '../../../src/model/process-port.ts';
import type { Directory } from '../../../src/model/storage-provider.ts';
import { resolveTopicOptions } from '../../../src/model/topic.ts';
import { FaultPlan } from '../../../src/platform/memory/fault-plan.ts';
import { faultyStorage } from '../../../src/platform/memory/faulty-storage.ts';
import { memoryStorage } from '../../../src/platform/memory/memory-storage.ts';
import { portableCrc32 } from '../../../src/storage/checksum.ts';
import { BrokerIndex } from '../../../src/storage/index/broker-index.ts';
import type { MetadataChange } from '../../../src/storage/index/catalogue.ts';
import { CheckpointWriter, readCheckpoint } from '../../../src/storage/index/checkpoint-writer.ts';
import { PREFIX, rangeOf } from '../../../src/storage/index/keys.ts';
import { CHUNK_OFFSETS } from '../../../src/storage/index/settled-offsets.ts';
import { Block, BlockBuilder } from '../../../src/storage/log/block.ts';
import { writeMessage } from '../../../src/storage/log/message-record.ts';
import { RECORD } from '../../../src/storage/log/record-kinds.ts';
import {
  writeAddress,
  writeChangeInvisible,
  writeDeadLetters,
  writeHandOut,
  writeOffsets,
  writeRetryWaits,
} from '../../../src/storage/log/state-records.ts';
import { hashMessageGroup } from '../../../src/storage/message-group-hash.ts';
import { RecordReplay } from '../../../src/storage/recovery/record-replay.ts';
import { StillClock } from '../still-clock.ts';
import { answersOf } from './index-bench.ts';

/** Writes one record; the queue offsets of messages come from the log's own count. */
type Draft = (log: Log) => void;
type Step =
  | { readonly verb: 'commit'; readonly drafts: readonly Draft[] }
  | {
      readonly verb: 'checkpoint';
      readonly fate: 'kept' | 'crashed' | 'rejected' | 'rejectedButWritten';
      readonly meanwhile: readonly Draft[];
    }
  | { readonly verb: 'reopen'; readonly unclean: boolean };

const STORE_TAG = 9;

/** A log in memory: blocks, and what is needed to write the next one. */
class Log {
  readonly blocks: Block[] = [];
  readonly ends = new Map<string, number>();
  readonly deletedGroups = new Set<number>();
  readonly builder = new BlockBuilder();

  commit(drafts: readonly Draft[]): Block {
    this.builder.restart();
    for (const draft of drafts) draft(this);
    const header = { sequence: this.blocks.length + 1, storedAtMs: this.blocks.length, storeTag: STORE_TAG };
    const block = Block.read(this.builder.finish(header, portableCrc32).slice(), header.sequence, portableCrc32);
    this.blocks.push(block);
    return block;
  }

  record(kind: number, write: (builder: BlockBuilder) => void): void {
    this.builder.begin(kind);
    write(this.builder);
    this.builder.end();
  }

  nextOffset(topicId: number, queueId: number): number {
    const name = `${topicId}/${queueId}`;
    const offset = this.ends.get(name) ?? 0;
    this.ends.set(name, offset + 1);
    return offset;
  }
}

/** `groupId` names the group without which there is no such change. */
const metadata = (change: MetadataChange, groupId = 0): Draft => {
  return (log) => {
    if (log.deletedGroups.has(groupId)) return;
    log.record(RECORD.metadata, (builder) => builder.longText(JSON.stringify(change)));
  };
};
const topicRecord = (topicId: number, queueCount: number): MetadataChange & { what: 'topic' } => {
  const options = { ...resolveTopicOptions({}), queueCount };
  return {
    what: 'topic',
    record: { topicId, name: `topic-${topicId}`, options, createdQueueCount: queueCount, hashVersion: 1, createdAtMs: 1 },
  };
};
const groupRecord = (groupId: number): MetadataChange & { what: 'group' } => {
  return { what: 'group', record: { groupId, name: `group-${groupId}`, options: resolveGroupOptions({}), createdAtMs: 1 } };
};

const topicId = fc.integer({ min: 1, max: 2 });
const queueId = fc.nat({ max: 1 });
const groupId = fc.integer({ min: 1, max: 2 });
const offset = fc.oneof(fc.nat({ max: 8 }), fc.integer({ min: CHUNK_OFFSETS - 2, max: CHUNK_OFFSETS + 2 }));
const offsets = fc.uniqueArray(offset, { minLength: 1, maxLength: 4 });
const terms = fc.record({
  firstLease: fc.nat({ max: 100 }),
  untilMs: fc.nat(),
  durationMs: fc.nat(),
  holder: fc.constantFrom<('process' | 'remote')[]>('process', 'remote'),
});

const message: fc.Arbitrary<Draft> = fc.tuple(topicId, queueId, fc.option(fc.constantFrom('a', 'b'), { nil: undefined })).map(
  ([topic, queue, name]): Draft =>
    (log) => {
      const groupHash = name === undefined ? undefined : hashMessageGroup(name);
      const rest = { messageId: 'id', bornAtMs: 1, tag: name, messageGroup: name, groupHash, keys: [], properties: undefined, body: 'x' };
      log.record(RECORD.message, (builder) => {
        builder.setU64(writeMessage(builder, { topicId: topic, queueId: queue, ...rest }), log.nextOffset(topic, queue));
      });
    },
);

const content: fc.Arbitrary<readonly [number, (builder: BlockBuilder) => void]> = fc.oneof(
  fc.tuple(offsets, terms, fc.nat({ max: 5 })).map(
    ([at, given, attempt]) =>
      [
        RECORD.handOut,
        (to: BlockBuilder) =>
          writeHandOut(
            to,
            given,
            at.map((one) => ({ offset: one, attempt })),
          ),
      ] as const,
  ),
  fc
    .tuple(fc.constantFrom(RECORD.ack, RECORD.filtered, RECORD.giveBack), offsets)
    .map(([kind, at]) => [kind, (to: BlockBuilder) => writeOffsets(to, [...at])] as const),
  fc.constantFrom(0, 3, 9).map((first) => {
    const many = Array.from({ length: CHUNK_OFFSETS }, (_, i) => first + i);
    return [RECORD.ack, (to: BlockBuilder) => writeOffsets(to, many)] as const;
  }),
  fc.tuple(offset, fc.nat(), fc.nat()).map(([at, visibleAtMs, delayMs]) => {
    return [RECORD.retryWait, (to: BlockBuilder) => writeRetryWaits(to, [{ offset: at, visibleAtMs, delayMs }])] as const;
  }),
  fc
    .tuple(offset, terms)
    .map(([at, given]) => [RECORD.changeInvisible, (to: BlockBuilder) => writeChangeInvisible(to, at, given)] as const),
  fc.tuple(offset, fc.nat({ max: 9 })).map(([at, version]) => {
    const mark = { offset: at, attempts: version, atMs: version, reason: `${version}`, position: 65_536 + version };
    return [RECORD.deadLetter, (to: BlockBuilder) => writeDeadLetters(to, [mark])] as const;
  }),
  offset.map((at) => [RECORD.reset, (to: BlockBuilder) => to.u64(at)] as const),
  fc.tuple(fc.nat({ max: 1 }), offsets).map(([sentOn, at]) => {
    return [
      RECORD.redrive,
      (to: BlockBuilder) => {
        to.u8(sentOn);
        writeOffsets(to, [...at]);
      },
    ] as const;
  }),
  offsets.map((at) => [RECORD.purge, (to: BlockBuilder) => writeOffsets(to, [...at])] as const),
);
const state: fc.Arbitrary<Draft> = fc.tuple(groupId, topicId, queueId, content).map(
  ([group, topic, queue, [kind, write]]): Draft =>
    (log) =>
      log.record(kind, (builder) => {
        writeAddress(builder, { groupId: group, topicId: topic, queueId: queue });
        write(builder);
      }),
);
const change: fc.Arbitrary<Draft> = fc.oneof(
  fc.tuple(groupId, fc.constantFrom('topic-8', 'topic-9'), fc.nat()).map(([id, topicName, notBeforeMs]) => {
    return metadata({ what: 'subscription', record: { groupId: id, topicName, notBeforeMs } }, id);
  }),
  groupId.map((id): Draft => {
    const deletion = metadata({ what: 'group', record: { ...groupRecord(id).record, deleted: true } });
    return (log) => {
      log.deletedGroups.add(id);
      deletion(log);
    };
  }),
  topicId.map((id) => metadata({ what: 'topic', record: { ...topicRecord(id, 2).record, deleted: true } })),
);
const drafts = fc.array(fc.oneof({ weight: 4, arbitrary: message }, { weight: 14, arbitrary: state }, { weight: 1, arbitrary: change }), {
  minLength: 1,
  maxLength: 5,
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: drafts.map((given): Step => ({ verb: 'commit', drafts: given })) },
  {
    weight: 3,
    arbitrary: fc.record<Step & { verb: 'checkpoint' }>({
      verb: fc.constant('checkpoint'),
      fate: fc.constantFrom('kept', 'kept', 'crashed', 'rejected', 'rejectedButWritten'),
      meanwhile: fc.oneof(fc.constant([]), drafts),
    }),
  },
  { weight: 1, arbitrary: fc.boolean().map((unclean): Step => ({ verb: 'reopen', unclean })) },
);

/** An index that follows a log, with the checkpoints and deaths that the steps ask for. */
class Bench {
  readonly log: Log;
  readonly plan: FaultPlan;
  readonly #directory: Directory;
  #store: DurableStore;
  index: BrokerIndex;
  #replay: RecordReplay;
  /** Openings by sequence: whether the end before was unclean. */
  readonly #openings = new Map<number, boolean>();

  private constructor(log: Log, plan: FaultPlan, parts: { directory: Directory; store: DurableStore }) {
    this.log = log;
    this.plan = plan;
    this.#directory = parts.directory;
    this.#store = parts.store;
    this.index = new BrokerIndex(parts.store, portableCrc32);
    this.#replay = new RecordReplay(this.index);
  }

  static async open(log: Log): Promise<Bench> {
    const plan = new FaultPlan();
    const storage = faultyStorage(memoryStorage(), plan);
    const directory = await storage.acquire({ lockWaitMs: 0, minFreeDiskBytes: 0, clock: new StillClock() });
    return new Bench(log, plan, { directory, store: await directory.openStore('index', { create: true }) });
  }

  async commit(given: readonly Draft[]): Promise<void> {
    await this.#apply(this.log.commit(given));
  }

  async run(one: Step): Promise<void> {
    if (one.verb === 'commit') await this.commit(one.drafts);
    else if (one.verb === 'reopen') await this.reopen(one.unclean);
    else await this.checkpoint(one);
  }

  async checkpoint({ fate, meanwhile }: { readonly fate: string; readonly meanwhile: readonly Draft[] }): Promise<void> {
    const sequence = this.log.blocks.length;
    // What happens while the checkpoint is packed: more is committed.
    let between: Promise<void> | undefined;
    const process: ProcessPort = {
      hold: () => () => undefined,
      defer: (fn) => {
        between ??= meanwhile.length === 0 ? Promise.resolve() : this.commit(meanwhile);
        between.then(fn, fn);
      },
    };
    const writer = new CheckpointWriter(this.index, process);
    await writer.capture();
    await between;
    if (between === undefined && meanwhile.length > 0) await this.commit(meanwhile);
    if (fate === 'rejected' || fate === 'rejectedButWritten') {
      this.plan.failWrite('index', 1, { applied: fate === 'rejectedButWritten' });
      await expect(writer.write({ storeTag: STORE_TAG, sequence, storedAtMs: 0 })).rejects.toThrow('Planned failure');
      // The handle is poisoned; the living process opens the store again, and keeps what it knows.
      this.#store = await this.#reopened();
      return this.index.reopened(this.#store);
    }
    await writer.write({ storeTag: STORE_TAG, sequence, storedAtMs: 0 });
    if (fate === 'crashed') await this.reload();
  }

  async #reopened(): Promise<DurableStore> {
    await this.#store.close();
    return await this.#directory.openStore('index', { create: true });
  }

  async keysUnder(prefix: number): Promise<number> {
    let count = 0;
    for await (const slice of this.#store.scan(rangeOf(prefix))) count += slice.length;
    return count;
  }

  /** A new process: the index as of its checkpoint, and the log behind it. */
  async reload(): Promise<void> {
    this.#store = await this.#reopened();
    this.index = new BrokerIndex(this.#store, portableCrc32);
    const checkpoint = await readCheckpoint(this.index);
    if (checkpoint === undefined) {
      // As an opening does: without a checkpoint nothing that lies in the index can be relied on.
      await this.#store.clear({});
    }
    this.#replay = new RecordReplay(this.index);
    if (checkpoint !== undefined) await this.index.loadCatalogue();
    for (const block of this.log.blocks.slice(checkpoint?.sequence ?? 0)) await this.#apply(block);
  }

  async reopen(unclean: boolean): Promise<void> {
    await this.reload();
    this.#openings.set(this.log.blocks.length + 1, unclean);
    await this.commit([(log) => log.record(RECORD.opened, (builder) => builder.longText('{}'))]);
  }

  /** The same log, applied from its first block to an empty index. */
  async rebuilt(): Promise<BrokerIndex> {
    const other = await Bench.open(this.log);
    for (const [sequence, unclean] of this.#openings) other.#openings.set(sequence, unclean);
    for (const block of this.log.blocks) await other.#apply(block);
    return other.index;
  }

  async #apply(block: Block): Promise<void> {
    for (let number = 0; number < block.records; number++) {
      const unclean = this.#openings.get(block.sequence);
      if (unclean !== undefined) await this.#replay.releaseProcessLeases(block, number, unclean);
      else await this.#replay.apply(block, number);
    }
  }
}

// A group has its start positions before anything is recorded of it.
const beginning: readonly Draft[] = [
  ...[1, 2].flatMap((id) => [metadata(topicRecord(id, 2)), metadata(groupRecord(id))]),
  metadata({ what: 'subscription', record: { groupId: 1, topicName: 'topic-1', topicId: 1, starts: [2, 5] } }),
];

describe('an index at any checkpoint', () => {
  test('and the log behind it make the index that the whole log makes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 16 }), async (steps) => {
        const bench = await Bench.open(new Log());
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
        const bench = await Bench.open(new Log());
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

  test('keeps what a deletion left until a checkpoint includes the deletion, and frees it then', async () => {
    const bench = await Bench.open(new Log());
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
