import type { ResolvedBrokerOptions } from './broker-options.ts';
import type { Damage } from './model/events.ts';
import type { Directory } from './model/storage-provider.ts';
import { Store } from './storage/store.ts';

/** What the store calls; filled in when the parts that answer exist, and does nothing until then. */
export class StoreWiring {
  onFailure: (error: Error) => void = ignore;
  onVisible: () => void = ignore;
  onDurable: () => void = ignore;
  onCommit: (bytes: number) => void = ignore;
  onDamage: (damage: Damage) => void = ignore;
  /** Waited for before the broker serves. */
  ready: () => Promise<void> = () => Promise.resolve();
}

/** Opens the stores of a directory, recovering what an unclean end left. */
export async function openStore(options: ResolvedBrokerOptions, directory: Directory, wiring: StoreWiring): Promise<Store> {
  const { clock, random, process, checksum, limits, logger } = options;
  const store = await Store.open({
    directory,
    clock,
    random,
    process,
    checksum,
    cacheBytes: limits.cacheBytes,
    onFailure: (error) => wiring.onFailure(error),
    onVisible: () => wiring.onVisible(),
    onDurable: () => wiring.onDurable(),
    onCommit: (bytes) => wiring.onCommit(bytes),
    onDamage: (damage) => wiring.onDamage(damage),
  });
  for (const damage of store.damages) logger.warn({ damage }, 'damage was found while opening');
  return store;
}

function ignore(): void {}
