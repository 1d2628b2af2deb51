/**
 * Where the engine takes its randomness from.
 * @public
 * @since 0.1.0
 */
export interface Random {
  /** `count` unpredictable bytes. */
  bytes(count: number): Uint8Array;
  /** A number in [0, 1). */
  next(): number;
}
