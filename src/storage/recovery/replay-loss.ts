import { blockSequenceOf, type LogPosition } from '../log-position.ts';

/** What a replay has found missing so far. */
export class ReplayLoss {
  /** Records whose topic, group or message is not there: a power cut or a damaged block took it. */
  dangling = 0;
  /** Offsets of queues whose messages are gone. */
  lostMessages = 0;
  /** Blocks that are gone or damaged, as ranges with both ends included, in their order. */
  readonly #ranges: { readonly from: number; readonly to: number }[] = [];

  /** Blocks before the present one are gone, so that records may speak of messages which are not there. */
  get isAfterLoss(): boolean {
    return this.#ranges.length > 0;
  }

  lost(from: number, to: number): void {
    this.#ranges.push({ from, to });
  }

  /** Whether the block of a position is known to be gone. */
  has(position: LogPosition): boolean {
    const sequence = blockSequenceOf(position);
    return this.#ranges.some(({ from, to }) => sequence >= from && sequence <= to);
  }
}
