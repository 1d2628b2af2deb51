import { BrokerError, isBrokerError } from '../../model/errors.ts';
import type { Damage } from '../../model/events.ts';
import type { DurableStore } from '../../model/key-value-port.ts';
import type { ProcessPort } from '../../model/process-port.ts';
import type { Directory } from '../../model/storage-provider.ts';
import type { Checksum } from '../checksum.ts';
import { BrokerIndex } from '../index/broker-index.ts';
import { readCheckpoint } from '../index/checkpoint-writer.ts';
import { CHECKPOINT_KEY } from '../index/keys.ts';
import { Block, sequenceOfKey } from '../log/block.ts';
import { RECORD } from '../log/record-kinds.ts';
import { damagedStore, isCorruption } from '../store-errors.ts';
import { decodeMarker, type Marker, STORE_FORMAT, storeTagOf } from './marker.ts';
import { readOpened } from './opened-record.ts';
import { Replay, type ReplayResult } from './replay.ts';
import { ReplayCheckpoints } from './replay-checkpoints.ts';

/** Both stores, checked and brought together: the index includes the whole log. */
export interface OpenedStores {
  readonly log: DurableStore;
  readonly index: BrokerIndex;
  readonly marker: Marker;
  /** The store was made by this opening. */
  readonly created: boolean;
  readonly unclean: boolean;
  readonly replay: ReplayResult;
  readonly damages: readonly Damage[];
}

export interface OpenStoresOptions {
  readonly directory: Directory;
  readonly checksum: Checksum;
  readonly process: ProcessPort;
  readonly newStoreId: () => string;
  /** Log bytes after which a replay writes down what it has done; default 64 MiB. */
  readonly replayCheckpointBytes?: number;
}

/** Last block of a log, as far as its key and its tag tell. */
interface LogEnd {
  readonly sequence: number;
  readonly storeTag: number | undefined;
}

export async function openStores(options: OpenStoresOptions): Promise<OpenedStores> {
  const { directory, checksum, newStoreId } = options;
  const damages: Damage[] = [];
  const bytes = await directory.readMarker();
  const known = bytes === undefined ? undefined : decodeMarker(bytes, checksum);
  const logExists = await directory.storeExists('log');
  if (known !== undefined && !logExists) throw damagedStore('The folder "log" is gone');
  // A process that died while it created the store may leave a part of an empty one, and no marker.
  const log = await directory.openStore('log', { create: !logExists || bytes === undefined });
  try {
    const end = await endOf(log, checksum);
    const marker = known ?? (await adopt(log, end, { checksum, newStoreId, hadMarker: bytes !== undefined, damages }));
    checkEnd(marker, end);
    for (const note of log.openingNotes) damages.push({ kind: 'openingNote', store: 'log', detail: note });
    const storeTag = storeTagOf(marker.storeId);
    const { index, replay } = await openIndex(log, {
      ...options,
      storeTag,
      lowWater: marker.lowWater,
      lastSequence: end?.sequence ?? 0,
      damages,
    });
    const unclean = end !== undefined && !(marker.clean && end.sequence === marker.lowWater);
    return { log, index, marker, created: end === undefined, unclean, replay, damages: [...damages, ...replay.damages] };
  } catch (error) {
    await log.close();
    throw error;
  }
}

async function endOf(log: DurableStore, checksum: Checksum): Promise<LogEnd | undefined> {
  for await (const slice of log.scan({ reverse: true, limit: 1 })) {
    for (const [key, value] of slice) {
      const sequence = sequenceOfKey(key);
      return { sequence, storeTag: tagOf(value, sequence, checksum) };
    }
  }
  return undefined;
}

function tagOf(value: Uint8Array, sequence: number, checksum: Checksum): number | undefined {
  try {
    return Block.read(value, sequence, checksum).storeTag;
  } catch (error) {
    if (isCorruption(error)) return undefined;
    throw error;
  }
}

/** Makes the marker of a new store, or of one that lost its marker: the first record of the log says which store it is. */
async function adopt(
  log: DurableStore,
  end: LogEnd | undefined,
  context: { checksum: Checksum; newStoreId: () => string; hadMarker: boolean; damages: Damage[] },
): Promise<Marker> {
  if (end === undefined) {
    if (context.hadMarker) throw damagedStore('"broker.json" is unreadable and the log is empty');
    return { format: STORE_FORMAT, storeId: context.newStoreId(), lowWater: 0, clean: false };
  }
  // A process that died while it created the store leaves one block and no marker; nothing was promised yet.
  if (end.sequence > 1 || context.hadMarker) {
    const detail = '"broker.json" was missing or unreadable and has been written anew; whether the end of the log was cut cannot be told';
    context.damages.push({ kind: 'markerLost', store: 'log', detail });
  }
  return { format: STORE_FORMAT, storeId: await storeIdOf(log, context.checksum), lowWater: 0, clean: false };
}

async function storeIdOf(log: DurableStore, checksum: Checksum): Promise<string> {
  for await (const slice of log.scan({})) {
    for (const [key, value] of slice) {
      const block = readable(value, sequenceOfKey(key), checksum);
      if (block !== undefined && block.record(0).kind === RECORD.opened) return readOpened(block, 0).storeId;
    }
  }
  throw damagedStore('"broker.json" is missing and the log does not tell which store it is');
}

function readable(value: Uint8Array, sequence: number, checksum: Checksum): Block | undefined {
  try {
    return Block.read(value, sequence, checksum);
  } catch {
    return undefined;
  }
}

function checkEnd(marker: Marker, end: LogEnd | undefined): void {
  if (end?.storeTag !== undefined && end.storeTag !== storeTagOf(marker.storeId))
    throw damagedStore('"broker.json" belongs to another store than the log');
  const last = end?.sequence ?? 0;
  if (last < marker.lowWater) throw damagedStore(`The log ends at block ${last}, although everything up to ${marker.lowWater} was durable`);
}

interface IndexContext extends OpenStoresOptions {
  readonly storeTag: number;
  readonly lowWater: number;
  /** The last block of the log. */
  readonly lastSequence: number;
  readonly damages: Damage[];
}

/** Opens and completes the index; one that is damaged, foreign or ahead of the log is thrown away and built again from the log. */
async function openIndex(log: DurableStore, context: IndexContext): Promise<{ index: BrokerIndex; replay: ReplayResult }> {
  const { directory } = context;
  try {
    return await replayOver(await existingIndex(directory), log, context);
  } catch (error) {
    if (!isCorruption(error)) throw error;
    context.damages.push({ kind: 'corruptIndex', store: 'index', detail: `${error.message}; the index was built again from the log` });
  }
  return await replayOver(await emptyIndex(directory), log, context);

  async function replayOver(
    opened: DurableStore,
    journal: DurableStore,
    given: IndexContext,
  ): Promise<{ index: BrokerIndex; replay: ReplayResult }> {
    let store = opened;
    try {
      assertNothingDropped(store);
      if (await hasRemains(store)) {
        await store.close();
        store = await emptyIndex(directory);
      }
      return await replayInto(store, journal, given);
    } catch (error) {
      await store.close();
      throw error;
    }
  }
}

/** Values without a checkpoint are what a crash left of the first one; nothing in them can be relied on. */
async function hasRemains(store: DurableStore): Promise<boolean> {
  return (await store.get(CHECKPOINT_KEY)) === undefined && !(await isEmpty(store));
}

/** What the database dropped may lie before the checkpoint, and then nothing else would tell that it is missing. */
function assertNothingDropped({ openingNotes: [note] }: DurableStore): void {
  if (note !== undefined) throw corruptIndex(`the database dropped a part of it: ${note}`);
}

/** An index whose files are missing is as good as one that is corrupt: the log has everything. */
async function existingIndex(directory: Directory): Promise<DurableStore> {
  try {
    return await directory.openStore('index', { create: true });
  } catch (error) {
    if (isBrokerError(error) && error.code === 'MQ_STORE_DAMAGED') throw corruptIndex(error.message, error);
    throw error;
  }
}

async function emptyIndex(directory: Directory): Promise<DurableStore> {
  await directory.destroyStore('index');
  return await directory.openStore('index', { create: true });
}

async function replayInto(
  store: DurableStore,
  log: DurableStore,
  context: IndexContext,
): Promise<{ index: BrokerIndex; replay: ReplayResult }> {
  const index = new BrokerIndex(store, context.checksum);
  const checkpoint = await readCheckpoint(index);
  if (checkpoint !== undefined && checkpoint.storeTag !== context.storeTag) throw corruptIndex('it belongs to another store');
  const from = (checkpoint?.sequence ?? 0) + 1;
  if (from - 1 > context.lastSequence) throw corruptIndex('it is ahead of the log');
  if (checkpoint !== undefined) await index.loadCatalogue();
  await index.delays.loadCounts(store);
  await index.transactions.load(store);
  const { checksum, storeTag, lowWater } = context;
  const checkpoints = new ReplayCheckpoints(index, log, { ...context, everyBytes: context.replayCheckpointBytes });
  const replay = new Replay(index, { checksum, storeTag, storedAtMs: checkpoint?.storedAtMs ?? 0, checkpoints });
  const result = await replay.run(log, from, lowWater);
  index.delays.afterReplay();
  return { index, replay: result };
}

async function isEmpty(store: DurableStore): Promise<boolean> {
  for await (const slice of store.scan({ limit: 1 })) if (slice.length > 0) return false;
  return true;
}

function corruptIndex(detail: string, cause?: unknown): BrokerError {
  return new BrokerError('MQ_STORE_CORRUPT', `The index cannot be trusted: ${detail}`, { cause });
}
