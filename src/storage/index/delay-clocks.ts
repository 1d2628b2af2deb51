import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';

/**
 * Where two clocks stood in one instant: the wall clock, and the one by which delays run, which knows no steps. They are apart once the wall
 * clock was stepped, and every message with a delay tells by how much: it has the one as its birth, and the other in its delivery time.
 */
export interface DelayClocks {
  readonly wallMs: number;
  readonly delayMs: number;
}

/** `undefined` for a message that tells nothing: it waits for an instant of the wall clock, or for longer than instants go. */
export function clocksAt(
  bornAtMs: number,
  { deliverAtMs, delayMs }: { readonly deliverAtMs: number; readonly delayMs?: number | undefined },
): DelayClocks | undefined {
  if (delayMs === undefined || deliverAtMs === Number.MAX_SAFE_INTEGER || deliverAtMs < delayMs) return undefined;
  return { wallMs: bornAtMs, delayMs: deliverAtMs - delayMs };
}

/**
 * What the clock of delays reads when the wall clock reads `wallMs` in a new process: what has passed since is told by the wall clock alone. It
 * never goes back, so that nobody waits for longer than at first.
 */
export function resumedAtMs(stood: DelayClocks, wallMs: number): number {
  return stood.delayMs + Math.max(0, wallMs - stood.wallMs);
}

export function writeClocks(writer: ByteWriter, { wallMs, delayMs }: DelayClocks): void {
  writer.u64(wallMs);
  writer.u64(delayMs);
}

export function readClocks(reader: ByteReader): DelayClocks {
  return { wallMs: reader.u64(), delayMs: reader.u64() };
}
