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

/** A block of one record, as the scratch buffer that wrote it shows it. */
function written(sequence: number, bytes: number, fill: number): Uint8Array {
  const builder = new BlockBuilder();
  builder.begin(1);
  builder.raw(new Uint8Array(bytes).fill(fill));
  builder.end();
  return builder.finish({ sequence, storedAtMs: 0, storeTag: 0 }, portableCrc32);
}

function contentOf(block: Block | undefined): Uint8Array {
  if (block === undefined) throw new Error('the block is not there');
  const { start, end } = block.record(0);
  return block.bytes.slice(start, end);
}

describe('the block cache', () => {
  test('keeps the newest blocks that fit, charged by the bytes that they keep alive', () => {
    const size = blockOf(1, 1000).bytes.buffer.byteLength;
    const cache = new BlockCache(3 * size);
    for (let sequence = 1; sequence <= 10; sequence++) cache.put(blockOf(sequence, 1000));
    expect([7, 8, 9, 10].map((sequence) => cache.peek(sequence)?.sequence)).toEqual([undefined, 8, 9, 10]);
    expect(cache.bytes).toBe(3 * size);
    cache.put(blockOf(10, 1000));
    expect(cache.bytes).toBe(3 * size);
  });

  test('does not take a block that is larger than all of it, and does not empty itself for one', () => {
    const cache = new BlockCache(5000);
    cache.put(blockOf(1, 1000));
    cache.put(blockOf(2, 9000));
    expect([cache.peek(1)?.sequence, cache.peek(2)]).toEqual([1, undefined]);
  });

  test('uses the bytes of blocks that left again, and charges them whole', () => {
    const cache = new BlockCache(2 * 49_152);
    const first = cache.own(written(1, 40_000, 1));
    cache.put(first);
    for (let sequence = 2; sequence <= 3; sequence++) cache.put(cache.own(written(sequence, 40_000, sequence)));
    expect(cache.bytes).toBe(2 * 49_152);
    const reused = cache.own(written(4, 40_000, 4));
    expect(reused.bytes.buffer).toBe(first.bytes.buffer);
    expect(contentOf(reused)).toEqual(new Uint8Array(40_000).fill(4));
    expect([2, 3].map((sequence) => contentOf(cache.peek(sequence))[0])).toEqual([2, 3]);
  });

  test('never uses the bytes of a block again that somebody may still hold', () => {
    const cache = new BlockCache(49_152);
    cache.put(cache.own(written(1, 40_000, 1)));
    const held = cache.lend(1);
    const read = Block.own(written(2, 40_000, 2).slice());
    cache.putRead(read);
    for (let sequence = 3; sequence <= 6; sequence++) cache.put(cache.own(written(sequence, 40_000, 9)));
    expect(contentOf(held)).toEqual(new Uint8Array(40_000).fill(1));
    expect(contentOf(read)).toEqual(new Uint8Array(40_000).fill(2));
  });
});
