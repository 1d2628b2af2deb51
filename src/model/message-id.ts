import type { Clock } from './clock.ts';
import { HEX_DIGITS } from './hex.ts';
import type { Random } from './random.ts';

/** RocketMQ counts the seconds of its message ids from 2021-01-01T00:00:00Z. */
const EPOCH_MS = Date.UTC(2021, 0, 1);
const MULTICAST = 0x01;
const ID_BYTES = 17;
const SECONDS_AT = 9;
const SEQUENCE_AT = 13;

function hex(byte: number): string {
  return HEX_DIGITS[byte & 0xff] as string;
}

function hex24(value: number): string {
  return hex(value >>> 16) + hex(value >>> 8) + hex(value);
}

/**
 * Makes message ids in RocketMQ's format, version 1: `01`, six bytes of a hardware address, two of a process, four of seconds, four of a
 * sequence. Instead of address and process each source draws 63 random bits, so that two sources, before and after a restart, do
 * not meet; the address has its multicast bit set, as no real one has.
 */
export class MessageIdSource {
  readonly #clock: Clock;
  readonly #source: string;
  /** The id that `next` gave last, as bytes; the next call writes over it. */
  readonly bytes: Uint8Array = new Uint8Array(ID_BYTES);
  #seconds = -1;
  #sequence = 0;
  /** All but the last byte of the sequence. */
  #prefix = '';

  constructor(options: { readonly random: Random; readonly clock: Clock }) {
    this.#clock = options.clock;
    const bytes = options.random.bytes(8);
    bytes[0] = (bytes[0] ?? 0) | MULTICAST;
    this.#source = `01${Array.from(bytes, hex).join('')}`;
    this.bytes[0] = 1;
    this.bytes.set(bytes, 1);
  }

  /** `nowMs` is the wall clock where the caller has read it already. */
  next(nowMs: number = this.#clock.now()): string {
    const seconds = Math.floor((nowMs - EPOCH_MS) / 1000) >>> 0;
    const sequence = this.#sequence;
    const lowByte = sequence & 0xff;
    if (seconds !== this.#seconds || lowByte === 0) {
      this.#seconds = seconds;
      this.#prefix = this.#source + hex(seconds >>> 24) + hex24(seconds) + hex24(sequence >>> 8);
      const view = new DataView(this.bytes.buffer);
      view.setUint32(SECONDS_AT, seconds);
      view.setUint32(SEQUENCE_AT, sequence);
    }
    this.bytes[ID_BYTES - 1] = lowByte;
    this.#sequence = (sequence + 1) >>> 0;
    return this.#prefix + (HEX_DIGITS[lowByte] as string);
  }
}

/** Whether a text is a message id as {@link MessageIdSource} makes it. */
export function isMessageId(text: unknown): text is string {
  return typeof text === 'string' && /^01[0-9A-F]{32}$/.test(text);
}
