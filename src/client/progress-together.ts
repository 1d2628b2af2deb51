import type { GroupProgress } from '../model/admin.ts';

/** One row for each queue out of the rows of several consumers: the slowest one tells how far they are. */
export function progressTogether(rows: readonly GroupProgress[]): GroupProgress[] {
  const byQueue = new Map<string, GroupProgress>();
  for (const row of rows) {
    const key = JSON.stringify([row.topic, row.queueId, row.priority]);
    const other = byQueue.get(key);
    byQueue.set(key, other === undefined ? row : slowest(row, other));
  }
  return [...byQueue.values()];
}

function slowest(left: GroupProgress, right: GroupProgress): GroupProgress {
  const oldest = [left.oldestUnackedAtMs, right.oldestUnackedAtMs].filter((atMs) => atMs !== undefined);
  return {
    ...left,
    floor: Math.min(left.floor, right.floor),
    frontier: Math.min(left.frontier, right.frontier),
    lag: Math.max(left.lag, right.lag),
    inflight: left.inflight + right.inflight,
    delayedRetries: left.delayedRetries + right.delayedRetries,
    oldestUnackedAtMs: oldest.length === 0 ? undefined : Math.min(...oldest),
  };
}
