import { BrokerError } from '../model/errors.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const HIGH = 0x1_0000_0000;
const SHORT_TEXT = 24;

/** Reads little-endian values and refuses to read behind the end: bytes come from a disk. */
export class ByteReader {
  readonly bytes: Uint8Array;
  at: number;
  end: number;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Reads another part of the same bytes; a reader of many records needs no other. */
  move(start: number, end: number): void {
    this.at = start;
    this.end = end;
  }

  get left(): number {
    return this.end - this.at;
  }

  u8(): number {
    const at = this.#take(1);
    return this.#view.getUint8(at);
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  u64(): number {
    const at = this.#take(8);
    const value = this.#view.getUint32(at + 4, true) * HIGH + this.#view.getUint32(at, true);
    if (value > Number.MAX_SAFE_INTEGER) throw corrupt(`a number of ${value} at byte ${at}`);
    return value;
  }

  /** A view of the next bytes; whoever keeps them copies them. */
  raw(length: number): Uint8Array {
    const at = this.#take(length);
    return this.bytes.subarray(at, at + length);
  }

  skip(length: number): void {
    this.#take(length);
  }

  text(length: number): string {
    const at = this.#take(length);
    if (length <= SHORT_TEXT) {
      const short = this.#ascii(at, length);
      if (short !== undefined) return short;
    }
    try {
      return decoder.decode(this.bytes.subarray(at, at + length));
    } catch (cause) {
      throw corrupt(`text at byte ${at}`, cause);
    }
  }

  shortText(): string {
    return this.text(this.u16());
  }

  longText(): string {
    return this.text(this.u32());
  }

  #take(length: number): number {
    const at = this.at;
    if (at + length > this.end) throw corrupt(`${length} bytes at ${at}, where ${this.end - at} are left`);
    this.at = at + length;
    return at;
  }

  #ascii(at: number, length: number): string | undefined {
    let text = '';
    for (let i = at; i < at + length; i++) {
      const code = this.bytes[i] as number;
      if (code > 127) return undefined;
      text += String.fromCharCode(code);
    }
    return text;
  }
}

/** The error of stored bytes that are not what the format says. */
export function corrupt(what: string, cause?: unknown): BrokerError {
  return new BrokerError('MQ_STORE_CORRUPT', `Stored bytes do not fit the format: ${what}`, { cause });
}
