/** A CRC-32 (polynomial 0xEDB88320, as in zlib and PNG) of bytes, as an unsigned 32-bit number. */
export type Checksum = (bytes: Uint8Array) => number;

let tables: Int32Array[] | undefined;

/** CRC-32 in JavaScript, four bytes a step, for places without zlib. */
export const portableCrc32: Checksum = (bytes) => {
  tables ??= buildTables();
  const [t0, t1, t2, t3] = tables as [Int32Array, Int32Array, Int32Array, Int32Array];
  let crc = -1;
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) {
    crc ^= byte(bytes, at) | (byte(bytes, at + 1) << 8) | (byte(bytes, at + 2) << 16) | (byte(bytes, at + 3) << 24);
    crc = entry(t3, crc & 255) ^ entry(t2, (crc >>> 8) & 255) ^ entry(t1, (crc >>> 16) & 255) ^ entry(t0, crc >>> 24);
  }
  for (; at < bytes.length; at++) crc = entry(t0, (crc ^ byte(bytes, at)) & 255) ^ (crc >>> 8);
  return (crc ^ -1) >>> 0;
};

function byte(bytes: Uint8Array, at: number): number {
  return bytes[at] as number;
}

function entry(table: Int32Array, index: number): number {
  return table[index] as number;
}

/** Table k holds the CRC of a byte followed by k zero bytes. */
function buildTables(): Int32Array[] {
  const first = new Int32Array(256);
  for (let n = 0; n < 256; n++) {
    let value = n;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    first[n] = value;
  }
  const all = [first];
  for (let k = 1; k < 4; k++) {
    const previous = all[k - 1] as Int32Array;
    all.push(previous.map((value) => entry(first, value & 255) ^ (value >>> 8)));
  }
  return all;
}
