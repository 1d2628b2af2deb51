const encoder = new TextEncoder();
const LOW = 0x1_0000_0000;
/** Up to this many characters a loop over ASCII is cheaper than a call of the encoder. */
const SHORT_TEXT = 48;

/** Writes little-endian values into a buffer that grows as needed and is used again after `clear`. */
export class ByteWriter {
  bytes: Uint8Array;
  used = 0;
  #view: DataView;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.bytes.buffer);
  }

  clear(): void {
    this.used = 0;
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    const needed = this.used + count;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.used));
    this.bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  u8(value: number): void {
    this.reserve(1);
    this.bytes[this.used++] = value;
  }

  u16(value: number): void {
    this.reserve(2);
    this.#view.setUint16(this.used, value, true);
    this.used += 2;
  }

  u32(value: number): void {
    this.reserve(4);
    this.#view.setUint32(this.used, value, true);
    this.used += 4;
  }

  i32(value: number): void {
    this.reserve(4);
    this.#view.setInt32(this.used, value, true);
    this.used += 4;
  }

  /** A non-negative safe integer below 2^53 in eight bytes, low half first. */
  u64(value: number): void {
    this.reserve(8);
    this.setU64(this.used, value);
    this.used += 8;
  }

  setU16(at: number, value: number): void {
    this.#view.setUint16(at, value, true);
  }

  setU32(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
  }

  setU64(at: number, value: number): void {
    const high = Math.floor(value / LOW);
    this.#view.setUint32(at, value - high * LOW, true);
    this.#view.setUint32(at + 4, high, true);
  }

  raw(source: Uint8Array): void {
    this.reserve(source.length);
    this.bytes.set(source, this.used);
    this.used += source.length;
  }

  /** The text alone; answers how many bytes it took. */
  text(value: string): number {
    this.reserve(value.length * 3);
    const start = this.used;
    const written = value.length <= SHORT_TEXT ? this.#ascii(value) : -1;
    this.used = start + (written >= 0 ? written : encoder.encodeInto(value, this.bytes.subarray(start)).written);
    return this.used - start;
  }

  /** The text behind its length in bytes (16 bits). */
  shortText(value: string): void {
    const at = this.used;
    this.u16(0);
    this.setU16(at, this.text(value));
  }

  /** The text behind its length in bytes (32 bits). */
  longText(value: string): void {
    const at = this.used;
    this.u32(0);
    this.setU32(at, this.text(value));
  }

  /** What was written, as a view that the next write overwrites. */
  written(): Uint8Array {
    return this.bytes.subarray(0, this.used);
  }

  /** What was written, as bytes of its own. */
  copy(): Uint8Array {
    return this.bytes.slice(0, this.used);
  }

  #ascii(value: string): number {
    const { bytes, used } = this;
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code > 127) return -1;
      bytes[used + i] = code;
    }
    return value.length;
  }
}
