import path from 'node:path';
import { ClassicLevel } from 'classic-level';

// A second reader of the format, written from docs/storage-format.md alone.

/** Values by their keys in hexadecimal. */
export type Store = ReadonlyMap<string, Buffer>;

export async function entriesOf(location: string, name: 'log' | 'index'): Promise<Store> {
  const database = new ClassicLevel<Buffer, Buffer>(path.join(location, name), { keyEncoding: 'buffer', valueEncoding: 'buffer' });
  const entries = new Map((await database.iterator().all()).map(([key, value]) => [key.toString('hex'), value]));
  await database.close();
  return entries;
}

export function* recordsOf(block: Buffer): Generator<{ kind: number; content: Buffer }> {
  for (let at = 28; at < block.length; ) {
    const length = block.readUInt32LE(at + 1);
    yield { kind: block.readUInt8(at), content: block.subarray(at + 5, at + 5 + length) };
    at += 5 + length;
  }
}

export class Reader {
  #at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  u8(): number {
    return this.raw(1).readUInt8();
  }

  u16(): number {
    return this.raw(2).readUInt16LE();
  }

  u32(): number {
    return this.raw(4).readUInt32LE();
  }

  u64(): number {
    return Number(this.raw(8).readBigUInt64LE());
  }

  shortText(): string {
    return this.raw(this.u16()).toString();
  }

  longText(): string {
    return this.raw(this.u32()).toString();
  }

  raw(count: number): Buffer {
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  rest(): Buffer {
    return this.#bytes.subarray(this.#at);
  }
}

export function fnv1a64(text: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text)) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  return hash;
}

export function hex(value: number, bytes: number): string {
  return value.toString(16).padStart(bytes * 2, '0');
}
