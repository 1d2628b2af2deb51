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

/** The clock of delays is told rounded up, and the wall clock rounded down: they seem this much further apart than they are, or less. */
const ROUNDING_MS = 2;

/**
 * Where the clocks stood by the newest message, `told`, after what was known before it. As long as no step shows they stay as far apart as they
 * were: taken from each message anew, what is rounded would add up from one process to the next, and what waits over many would come early.
 */
export function clocksAfter(known: DelayClocks | undefined, told: DelayClocks): DelayClocks {
  // A new store begins with clocks that agree.
  const apartMs = known === undefined ? 0 : known.delayMs - known.wallMs;
  const growthMs = told.delayMs - told.wallMs - apartMs;
  return growthMs > 0 && growthMs <= ROUNDING_MS ? { wallMs: told.wallMs, delayMs: told.wallMs + apartMs } : told;
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
