import type { BrokerStats } from './model/broker-stats.ts';
import type { Store } from './storage/store.ts';

/** What the stores tell of themselves. */
type StoreFigures = Pick<
  BrokerStats,
  | 'topics'
  | 'groups'
  | 'delayed'
  | 'transactions'
  | 'dedupKeys'
  | 'logBytes'
  | 'logBlocks'
  | 'groupCommits'
  | 'barriers'
  | 'queuedBytes'
  | 'cacheBytes'
  | 'lastCheckpointAtMs'
>;

/** Counters and gauges of a broker's stores now. */
export function storeFigures({ log, index, lastCheckpointAtMs }: Store): StoreFigures {
  return {
    topics: index.catalogue.topics.size,
    groups: index.catalogue.groups.size,
    delayed: index.delays.total,
    transactions: index.transactions.pending.size,
    dedupKeys: index.dedup.size,
    logBytes: log.writtenBytes,
    logBlocks: log.writtenBlocks,
    groupCommits: log.commits,
    barriers: log.barriers.completed,
    queuedBytes: log.queuedBytes,
    cacheBytes: log.cache.bytes,
    lastCheckpointAtMs,
  };
}

/** Open producers and consumers. */
export function clientsOf(clients: Iterable<object>): Pick<BrokerStats, 'producers' | 'consumers'> {
  let producers = 0;
  let consumers = 0;
  for (const client of clients) {
    if ('send' in client) producers++;
    else consumers++;
  }
  return { producers, consumers };
}
