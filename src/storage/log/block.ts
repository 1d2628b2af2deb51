import { BrokerError } from '../../model/errors.ts';
import { ByteReader, corrupt } from '../byte-reader.ts';
import { ByteWriter } from '../byte-writer.ts';
import type { Checksum } from '../checksum.ts';
import { MAX_RECORDS_PER_BLOCK } from '../log-position.ts';

/*
 * A block is one value of the log store, under its sequence as a big-endian key:
 *
 *   0  u32  CRC-32 of everything behind it
 *   4  u8   format (1)
 *   5  u8   flags (0)
 *   6  u16  number of records
 *   8  u64  sequence, again, so that a value under a wrong key is noticed
 *  16  u64  storedAtMs of every message in it
 *  24  u32  store tag: the low 32 bits of the store's id
 *  28       records: u8 kind, u32 length, bytes
 */
const BLOCK_FORMAT = 1;
export const BLOCK_HEADER_BYTES = 28;
const RECORD_HEADER_BYTES = 5;
/** A block is full from here on; a reader of a sparse topic pays for its neighbours, so blocks stay small. */
export const BLOCK_TARGET_BYTES = 98_304;
const SCRATCH_BYTES = 128 * 1024;

/** Packs records into a scratch buffer that serves many blocks, one after the other. */
export class BlockBuilder extends ByteWriter {
  records = 0;
  #recordStart = 0;

  constructor() {
    super(SCRATCH_BYTES);
    this.used = BLOCK_HEADER_BYTES;
  }

  get isEmpty(): boolean {
    return this.records === 0;
  }

  /** True when a record of that many bytes should go into another block. */
  refuses(bytes: number): boolean {
    return this.records >= MAX_RECORDS_PER_BLOCK || (this.records > 0 && this.used + bytes > BLOCK_TARGET_BYTES);
  }

  /** Starts a record; what is written until `end` is its content. Answers its number. */
  begin(kind: number): number {
    this.reserve(RECORD_HEADER_BYTES);
    this.#recordStart = this.used;
    this.bytes[this.used] = kind;
    this.used += RECORD_HEADER_BYTES;
    return this.records++;
  }

  end(): void {
    this.setU32(this.#recordStart + 1, this.used - this.#recordStart - RECORD_HEADER_BYTES);
  }

  /** Writes the header. The bytes are valid until `restart`. */
  finish(header: { sequence: number; storedAtMs: number; storeTag: number }, checksum: Checksum): Uint8Array {
    const { bytes } = this;
    bytes[4] = BLOCK_FORMAT;
    bytes[5] = 0;
    this.setU16(6, this.records);
    this.setU64(8, header.sequence);
    this.setU64(16, header.storedAtMs);
    this.setU32(24, header.storeTag);
    this.setU32(0, checksum(bytes.subarray(4, this.used)));
    return this.written();
  }

  restart(): void {
    this.used = BLOCK_HEADER_BYTES;
    this.records = 0;
  }
}

/** A block that was read and whose checksum held. Record starts are looked up once, at the first need. */
export class Block {
  readonly bytes: Uint8Array;
  readonly sequence: number;
  readonly storedAtMs: number;
  readonly storeTag: number;
  readonly records: number;
  #starts: Uint32Array | undefined;
  #reader: ByteReader | undefined;

  private constructor(bytes: Uint8Array, view: DataView) {
    this.bytes = bytes;
    this.records = view.getUint16(6, true);
    this.sequence = readU64(view, 8);
    this.storedAtMs = readU64(view, 16);
    this.storeTag = view.getUint32(24, true);
  }

  /** A block that this process has just written; nothing to verify. */
  static own(bytes: Uint8Array): Block {
    return new Block(bytes, viewOf(bytes));
  }

  /** @throws BrokerError `MQ_STORE_CORRUPT` when the bytes are not the block of that sequence, `MQ_STORE_FORMAT_UNSUPPORTED` when a newer version wrote it. */
  static read(bytes: Uint8Array, sequence: number, checksum: Checksum): Block {
    if (bytes.length < BLOCK_HEADER_BYTES) throw corrupt(`block ${sequence} has ${bytes.length} bytes`);
    const view = viewOf(bytes);
    if (checksum(bytes.subarray(4)) !== view.getUint32(0, true)) throw corrupt(`block ${sequence} fails its checksum`);
    const format = bytes[4] as number;
    if (format > BLOCK_FORMAT) {
      throw new BrokerError(
        'MQ_STORE_FORMAT_UNSUPPORTED',
        `Block ${sequence} has format ${format}; this version reads up to ${BLOCK_FORMAT}`,
      );
    }
    const block = new Block(bytes, view);
    if (block.sequence !== sequence) throw corrupt(`block ${block.sequence} lies under the key of block ${sequence}`);
    return block;
  }

  /** The block's one reader, set on the content of a record; good until the next call. */
  readerAt({ start, end }: RecordBounds): ByteReader {
    this.#reader ??= new ByteReader(this.bytes);
    this.#reader.move(start, end);
    return this.#reader;
  }

  /** Kind of record `number`. */
  kindOf(number: number): number {
    this.#starts ??= this.#findStarts();
    const start = this.#starts[number];
    if (start === undefined || number >= this.records) throw corrupt(`block ${this.sequence} has no record ${number}`);
    return this.bytes[start] as number;
  }

  /** Kind of record `number`, and the bounds of its content. */
  record(number: number): RecordBounds {
    this.#starts ??= this.#findStarts();
    const start = this.#starts[number];
    if (start === undefined || number >= this.records) throw corrupt(`block ${this.sequence} has no record ${number}`);
    return { kind: this.bytes[start] as number, start: start + RECORD_HEADER_BYTES, end: this.#starts[number + 1] as number };
  }

  #findStarts(): Uint32Array {
    const view = viewOf(this.bytes);
    const starts = new Uint32Array(this.records + 1);
    let at = BLOCK_HEADER_BYTES;
    for (let number = 0; number < this.records; number++) {
      starts[number] = at;
      if (at + RECORD_HEADER_BYTES > this.bytes.length) throw corrupt(`block ${this.sequence} ends inside record ${number}`);
      at += RECORD_HEADER_BYTES + view.getUint32(at + 1, true);
    }
    if (at !== this.bytes.length) throw corrupt(`block ${this.sequence} is ${this.bytes.length} bytes long, its records end at ${at}`);
    starts[this.records] = at;
    return starts;
  }
}

export interface RecordBounds {
  readonly kind: number;
  readonly start: number;
  readonly end: number;
}

/** The key of a block. */
export function blockKey(sequence: number): Uint8Array {
  const key = new Uint8Array(8);
  const view = new DataView(key.buffer);
  view.setUint32(0, Math.floor(sequence / 0x1_0000_0000));
  view.setUint32(4, sequence % 0x1_0000_0000);
  return key;
}

/** The sequence that a key of the log store stands for. */
export function sequenceOfKey(key: Uint8Array): number {
  if (key.length !== 8) throw corrupt(`a log key of ${key.length} bytes`);
  const view = viewOf(key);
  return view.getUint32(0) * 0x1_0000_0000 + view.getUint32(4);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function readU64(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true);
}
