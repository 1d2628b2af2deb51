import { describe, expect, test } from 'vitest';
import { portableCrc32 } from '../../../src/storage/checksum.ts';
import { Block, BlockBuilder } from '../../../src/storage/log/block.ts';
import { BlockCache } from '../../../src/storage/log/block-cache.ts';

function blockOf(sequence: number, bytes: number): Block {
  const builder = new BlockBuilder();
  builder.begin(1);
  builder.raw(new Uint8Array(bytes));
  builder.end();
  return Block.own(builder.finish({ sequence, storedAtMs: 0, storeTag: 0 }, portableCrc32).slice());
}

describe('the block cache', () => {
  test('keeps the newest blocks that fit, charged by the bytes that they keep alive', () => {
    const size = blockOf(1, 1000).bytes.buffer.byteLength;
    const cache = new BlockCache(3 * size);
    for (let sequence = 1; sequence <= 10; sequence++) cache.put(blockOf(sequence, 1000));
    expect([7, 8, 9, 10].map((sequence) => cache.get(sequence)?.sequence)).toEqual([undefined, 8, 9, 10]);
    expect(cache.bytes).toBe(3 * size);
    cache.put(blockOf(10, 1000));
    expect(cache.bytes).toBe(3 * size);
  });

  test('does not take a block that is larger than all of it, and does not empty itself for one', () => {
    const cache = new BlockCache(5000);
    cache.put(blockOf(1, 1000));
    cache.put(blockOf(2, 9000));
    expect([cache.get(1)?.sequence, cache.get(2)]).toEqual([1, undefined]);
  });
});
