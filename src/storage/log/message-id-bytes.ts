import { HEX_DIGITS } from '../../model/hex.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';

/** A message id in RocketMQ's format is 34 upper-case hexadecimal digits; on disk it takes half of that. */
export const MESSAGE_ID_BYTES = 17;
/** The ids of one source and one second differ only behind these. */
const COMMON_BYTES = 13;

const NIBBLES = new Int8Array(128).fill(-1);
for (let value = 0; value < 16; value++) NIBBLES[value.toString(16).toUpperCase().charCodeAt(0)] = value;

/** The common part of the id that was read last: most ids share it with their neighbours, and text is dear to build. */
const lastCommon = new Uint8Array(COMMON_BYTES);
let lastCommonText = hexText(lastCommon, 0, COMMON_BYTES);

export function isHexId(id: string): boolean {
  if (id.length !== MESSAGE_ID_BYTES * 2) return false;
  for (let i = 0; i < id.length; i++) {
    const code = id.charCodeAt(i);
    if (code > 127 || (NIBBLES[code] as number) < 0) return false;
  }
  return true;
}

export function writeHexId(writer: ByteWriter, id: string): void {
  writer.reserve(MESSAGE_ID_BYTES);
  for (let i = 0; i < id.length; i += 2) {
    writer.bytes[writer.used++] = ((NIBBLES[id.charCodeAt(i)] as number) << 4) | (NIBBLES[id.charCodeAt(i + 1)] as number);
  }
}

export function readHexId(reader: ByteReader): string {
  const { bytes, at } = reader;
  reader.skip(MESSAGE_ID_BYTES);
  if (!isLastCommon(bytes, at)) {
    for (let i = 0; i < COMMON_BYTES; i++) lastCommon[i] = bytes[at + i] as number;
    lastCommonText = hexText(bytes, at, at + COMMON_BYTES);
  }
  return lastCommonText + hexText(bytes, at + COMMON_BYTES, at + MESSAGE_ID_BYTES);
}

function isLastCommon(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < COMMON_BYTES; i++) if (bytes[at + i] !== lastCommon[i]) return false;
  return true;
}

function hexText(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let i = from; i < to; i++) text += HEX_DIGITS[bytes[i] as number];
  return text;
}
