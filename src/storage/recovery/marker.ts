import { BrokerError } from '../../model/errors.ts';
import type { Checksum } from '../checksum.ts';

/** Newest format that this version reads and the one that it writes. */
export const STORE_FORMAT = 1;

/**
 * The content of `broker.json`, which lies outside LevelDB so that a store that comes up empty or cut is noticed.
 */
export interface Marker {
  readonly format: number;
  /** 32 hex digits, made when the store is created. */
  readonly storeId: string;
  /** Every block up to this one is durable: a log that ends before it has lost something. */
  readonly lowWater: number;
  /** The broker was closed, and the low-water block is the last one. */
  readonly clean: boolean;
}

const encoder = new TextEncoder();

export function encodeMarker(marker: Marker, checksum: Checksum): Uint8Array {
  const text = JSON.stringify(marker);
  return encoder.encode(`${JSON.stringify({ ...marker, checksum: checksum(encoder.encode(text)) }, null, 2)}\n`);
}

/**
 * @returns `undefined` when the bytes are no marker of ours: cut, flipped or emptied.
 * @throws BrokerError `MQ_STORE_FORMAT_UNSUPPORTED` when a newer version wrote it.
 */
export function decodeMarker(bytes: Uint8Array, checksum: Checksum): Marker | undefined {
  const parsed = parse(bytes);
  if (parsed === undefined) return undefined;
  // Over every field there is, so that a newer version may add some and is still told from damage.
  const { checksum: written, ...content } = parsed;
  if (checksum(encoder.encode(JSON.stringify(content))) !== written) return undefined;
  const { format, storeId, lowWater, clean } = content;
  if (format > STORE_FORMAT) {
    throw new BrokerError(
      'MQ_STORE_FORMAT_UNSUPPORTED',
      `The store has format ${format}; this version reads up to ${STORE_FORMAT}. Nothing was changed`,
    );
  }
  return { format, storeId, lowWater, clean };
}

/** The low 32 bits of a store's id, which every block carries. */
export function storeTagOf(storeId: string): number {
  return Number.parseInt(storeId.slice(0, 8), 16);
}

function parse(bytes: Uint8Array): (Marker & { checksum: number }) | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return isMarker(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isMarker(value: unknown): value is Marker & { checksum: number } {
  if (typeof value !== 'object' || value === null) return false;
  const { format, storeId, lowWater, clean, checksum } = value as Record<string, unknown>;
  return (
    Number.isSafeInteger(format) &&
    typeof storeId === 'string' &&
    /^[0-9a-f]{32}$/.test(storeId) &&
    Number.isSafeInteger(lowWater) &&
    typeof clean === 'boolean' &&
    typeof checksum === 'number'
  );
}
