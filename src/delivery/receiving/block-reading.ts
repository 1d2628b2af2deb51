import { isBrokerError } from '../../model/errors.ts';
import { corrupt } from '../../storage/byte-reader.ts';
import type { Block } from '../../storage/log/block.ts';
import type { MessageInBlock } from '../../storage/log/message-record.ts';
import { readVisible, targetOf } from '../../storage/log/pointer-record.ts';
import { blockSequenceOf, type LogPosition, recordNumberOf } from '../../storage/log-position.ts';
import { isCorruption } from '../../storage/store-errors.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import { reportDamage } from '../delivery-events.ts';

/** What names a message: where its record lies, or a pointer to it. */
interface Named {
  readonly position: LogPosition;
}

/** A block by its sequence: one that was looked for is there, or damaged. */
export type FoundBlocks = (sequence: number) => Block | 'damaged';

/** Whether the messages of picks can be read without the disk. */
export function areAtHand({ store }: DeliveryContext, picks: readonly Named[]): boolean {
  return picks.every(({ position }) => isAtHand(store.log, position));
}

export function blocksAtHand({ store }: DeliveryContext): FoundBlocks {
  return (sequence) => store.log.cache.peek(sequence) ?? 'damaged';
}

/** Whether a message is in memory, with the one that it points at. */
function isAtHand(log: DeliveryContext['store']['log'], position: LogPosition): boolean {
  const block = log.cached(position);
  if (block === undefined) return false;
  const target = targetOf(block, recordNumberOf(position));
  return target === undefined || log.cached(target) !== undefined;
}

/** All blocks of the picks, held from before the first read: one of them may leave the cache while another comes in. */
export async function readBlocks(context: DeliveryContext, picks: readonly Named[]): Promise<FoundBlocks> {
  const blocks = new Map<number, Block | 'damaged'>();
  await readInto(context, blocks, new Set(picks.map(({ position }) => blockSequenceOf(position))));
  const targets = new Set<number>();
  for (const { position } of picks) {
    const block = blocks.get(blockSequenceOf(position));
    const target = block === undefined || block === 'damaged' ? undefined : targetOf(block, recordNumberOf(position));
    if (target !== undefined && !blocks.has(blockSequenceOf(target))) targets.add(blockSequenceOf(target));
  }
  if (targets.size > 0) await readInto(context, blocks, targets);
  return (sequence) => blocks.get(sequence) ?? 'damaged';
}

async function readInto(context: DeliveryContext, blocks: Map<number, Block | 'damaged'>, sequences: ReadonlySet<number>): Promise<void> {
  await Promise.all(
    [...sequences].map(async (sequence) => {
      try {
        blocks.set(sequence, await context.store.log.read(sequence));
      } catch (error) {
        if (!isCorruption(error)) throw error;
        blocks.set(sequence, 'damaged');
        reportDamage(context, sequence, error);
      }
    }),
  );
}

/** The message of a pick; nothing where a block is damaged, which was reported when the block was read. */
export function messageOf(context: DeliveryContext, pick: Named, blockOf: FoundBlocks): MessageInBlock | undefined {
  let isDamaged = false;
  try {
    return readVisible(pick.position, (sequence) => {
      const block = blockOf(sequence);
      isDamaged ||= block === 'damaged';
      if (block === 'damaged') throw corrupt(`block ${sequence}`);
      return block;
    });
  } catch (error) {
    if (!isBrokerError(error)) throw error;
    if (!isDamaged) reportDamage(context, blockSequenceOf(pick.position), error);
    return undefined;
  }
}
