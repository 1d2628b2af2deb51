import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tagHash } from '../../../src/model/tag-filter.ts';
import { portableCrc32 } from '../../../src/storage/checksum.ts';
import { Block, BlockBuilder } from '../../../src/storage/log/block.ts';
import {
  type MessageHead,
  readExtensionBehindHead,
  readMessage,
  readMessageHead,
  writeMessage,
} from '../../../src/storage/log/message-record.ts';
import { RECORD } from '../../../src/storage/log/record-kinds.ts';
import { content, u64 } from '../arbitraries.ts';

const STAMP = { sequence: 7, storedAtMs: 1_700_000_000_123, storeTag: 0xdead_beef };
const encoder = new TextEncoder();

describe('a message record', () => {
  test('is read as it was written, whatever its shape', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(content, u64), { minLength: 1, maxLength: 4 }), (messages) => {
        const builder = new BlockBuilder();
        for (const [message, offset] of messages) {
          builder.begin(RECORD.message);
          builder.setU64(writeMessage(builder, message), offset);
          builder.end();
        }
        const block = Block.read(builder.finish(STAMP, portableCrc32), STAMP.sequence, portableCrc32);
        for (const [number, [message, queueOffset]] of messages.entries()) {
          const { topicId, queueId, messageId, bornAtMs, tag, messageGroup, keys } = message;
          const read = readMessage(block, number);
          const { storedAtMs } = STAMP;
          expect(read).toMatchObject({ topicId, queueId, queueOffset, messageId, bornAtMs, storedAtMs, tag, messageGroup, keys });
          expect(Object.entries(read.properties)).toEqual(Object.entries(message.properties ?? {}));
          const body = typeof message.body === 'string' ? encoder.encode(message.body) : message.body;
          expect(Buffer.compare(read.body, body)).toBe(0);
          expect(read.body.buffer).not.toBe(block.bytes.buffer);
        }
      }),
    );
  });

  test('has a head that agrees with it', () => {
    fc.assert(
      fc.property(content, u64, (message, queueOffset) => {
        const builder = new BlockBuilder();
        builder.begin(RECORD.message);
        builder.setU64(writeMessage(builder, message), queueOffset);
        builder.end();
        const block = Block.own(builder.finish(STAMP, portableCrc32));
        const head: MessageHead = {
          topicId: -1,
          queueId: -1,
          queueOffset: -1,
          tagHash: -1,
          groupHigh: -1,
          groupLow: -1,
          bornAtMs: -1,
          flags: -1,
        };
        const reader = block.readerAt(block.record(0));
        readMessageHead(reader, head);
        const { topicId, queueId, tag, groupHash } = message;
        expect(readExtensionBehindHead(reader, head.flags)).toEqual(message.extension);
        expect(head).toEqual({
          flags: head.flags,
          bornAtMs: message.bornAtMs,
          topicId,
          queueId,
          queueOffset,
          tagHash: tag === undefined ? 0 : tagHash(tag),
          groupHigh: groupHash?.high ?? 0,
          groupLow: groupHash?.low ?? 0,
        });
      }),
    );
  });

  test('of another kind is not read as a message, nor is one with flags of a newer version', () => {
    const builder = new BlockBuilder();
    builder.begin(RECORD.ack);
    builder.u32(1);
    builder.end();
    builder.begin(RECORD.message);
    builder.u32(1);
    builder.u16(0);
    builder.u16(64);
    builder.u64(0);
    builder.end();
    const block = Block.own(builder.finish(STAMP, portableCrc32));
    for (const number of [0, 1, 2]) expect(() => readMessage(block, number)).toThrow(expect.objectContaining({ code: 'MQ_STORE_CORRUPT' }));
  });
});
