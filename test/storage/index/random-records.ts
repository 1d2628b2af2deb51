import fc from 'fast-check';
import { resolveGroupOptions } from '../../../src/model/group.ts';
import { resolveTopicOptions } from '../../../src/model/topic.ts';
import { portableCrc32 } from '../../../src/storage/checksum.ts';
import type { MetadataChange } from '../../../src/storage/index/catalogue.ts';
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

/** Writes one record; the queue offsets of messages come from the log's own count. */
export type Draft = (log: Log) => void;
export type Step =
  | { readonly verb: 'commit'; readonly drafts: readonly Draft[] }
  | {
      readonly verb: 'checkpoint';
      readonly fate: 'kept' | 'crashed' | 'rejected' | 'rejectedButWritten';
      readonly meanwhile: readonly Draft[];
    }
  | { readonly verb: 'reopen'; readonly unclean: boolean };

export const STORE_TAG = 9;

/** A log in memory: blocks, and what is needed to write the next one. */
export class Log {
  readonly blocks: Block[] = [];
  readonly ends: Map<string, number> = new Map();
  readonly deletedGroups: Set<number> = new Set();
  readonly builder: BlockBuilder = new BlockBuilder();
  /** Between two blocks. */
  readonly #stepMs: number;

  constructor(stepMs = 1) {
    this.#stepMs = stepMs;
  }

  /** When the next block is stored. */
  get nowMs(): number {
    return this.blocks.length * this.#stepMs;
  }

  commit(drafts: readonly Draft[]): Block {
    this.builder.restart();
    for (const draft of drafts) draft(this);
    const header = { sequence: this.blocks.length + 1, storedAtMs: this.nowMs, storeTag: STORE_TAG };
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
export const metadata = (change: MetadataChange, groupId = 0): Draft => {
  return (log) => {
    if (log.deletedGroups.has(groupId)) return;
    log.record(RECORD.metadata, (builder) => builder.longText(JSON.stringify(change)));
  };
};
export const topicRecord = (topicId: number, queueCount: number): MetadataChange & { what: 'topic' } => {
  const options = { ...resolveTopicOptions({}), queueCount };
  return {
    what: 'topic',
    record: { topicId, name: `topic-${topicId}`, options, createdQueueCount: queueCount, hashVersion: 1, createdAtMs: 1 },
  };
};
export const groupRecord = (groupId: number): MetadataChange & { what: 'group' } => {
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
export const drafts: fc.Arbitrary<Draft[]> = fc.array(
  fc.oneof({ weight: 4, arbitrary: message }, { weight: 14, arbitrary: state }, { weight: 1, arbitrary: change }),
  {
    minLength: 1,
    maxLength: 5,
  },
);
export const step: fc.Arbitrary<Step> = fc.oneof(
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

// A group has its start positions before anything is recorded of it.
export const beginning: readonly Draft[] = [
  ...[1, 2].flatMap((id) => [metadata(topicRecord(id, 2)), metadata(groupRecord(id))]),
  metadata({ what: 'subscription', record: { groupId: 1, topicName: 'topic-1', topicId: 1, starts: [2, 5] } }),
];
