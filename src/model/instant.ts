/** The instant a while from now. One that is too far away to be told, and to be written down, is the last that can be. */
export function instantAfter(nowMs: number, durationMs: number): number {
  return Math.min(nowMs + durationMs, Number.MAX_SAFE_INTEGER);
}
