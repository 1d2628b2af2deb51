import * as zlib from 'node:zlib';

/** CRC-32 of bytes, continued from the value of the bytes before them. */
export type Crc32 = (bytes: Uint8Array, value?: number) => number;

/** zlib's own CRC-32, where this Node has it (20.15, 22.2 and later). */
export const zlibCrc32: Crc32 | undefined = (zlib as { crc32?: Crc32 }).crc32;
