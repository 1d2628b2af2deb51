/** SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash of 64 bits, in two halves. */
export function sipHash(key: Uint8Array, bytes: Uint8Array): { high: number; low: number } {
  const mask = 0xffff_ffff_ffff_ffffn;
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  const k0 = view.getBigUint64(0, true);
  const k1 = view.getBigUint64(8, true);
  let v0 = k0 ^ 0x736f6d6570736575n;
  let v1 = k1 ^ 0x646f72616e646f6dn;
  let v2 = k0 ^ 0x6c7967656e657261n;
  let v3 = k1 ^ 0x7465646279746573n;
  const rotate = (value: bigint, by: bigint): bigint => ((value << by) | (value >> (64n - by))) & mask;
  const round = (): void => {
    v0 = (v0 + v1) & mask;
    v1 = rotate(v1, 13n) ^ v0;
    v0 = rotate(v0, 32n);
    v2 = (v2 + v3) & mask;
    v3 = rotate(v3, 16n) ^ v2;
    v0 = (v0 + v3) & mask;
    v3 = rotate(v3, 21n) ^ v0;
    v2 = (v2 + v1) & mask;
    v1 = rotate(v1, 17n) ^ v2;
    v2 = rotate(v2, 32n);
  };
  const words = Math.floor(bytes.length / 8);
  for (let word = 0; word <= words; word++) {
    let m = word === words ? BigInt(bytes.length & 255) << 56n : 0n;
    for (let i = 0; i < 8 && word * 8 + i < bytes.length; i++) m |= BigInt(bytes[word * 8 + i] as number) << BigInt(i * 8);
    v3 ^= m;
    round();
    round();
    v0 ^= m;
  }
  v2 ^= 0xffn;
  for (let i = 0; i < 4; i++) round();
  const hash = v0 ^ v1 ^ v2 ^ v3;
  return { high: Number(hash >> 32n), low: Number(hash & 0xffff_ffffn) };
}
