import { RawStores } from '../raw.js';
import { Durations, Stopwatch, warmUpOf } from '../stopwatch.js';

/**
 * Appends `count` messages to the raw stores, `group` in each commit, one commit after the other.
 * @param {{ directory: string; count: number; group: number; bodyBytes: number; sync?: boolean; backlog?: number }} options
 */
export async function rawAppend({ directory, count, group, bodyBytes, sync = false, backlog = 0 }) {
  const stores = await RawStores.open(directory);
  const watch = new Stopwatch();
  for (let filled = 0; filled < backlog; filled += 256) await stores.commit({ messages: 256, bodyBytes, sync: false });
  const warmUp = warmUpOf(count);
  for (let done = 0; done < warmUp; done += group) await stores.commit({ messages: group, bodyBytes, sync });
  watch.start();
  for (let done = 0; done < count; done += group) {
    await stores.commit({ messages: group, bodyBytes, sync });
    watch.add(group);
  }
  const result = watch.result();
  await stores.close();
  return result;
}

/**
 * The time that one message takes to be put, at a given rate.
 * @param {{ directory: string; perSecond: number; seconds: number; bodyBytes: number }} options
 */
export async function rawLatency({ directory, perSecond, seconds, bodyBytes }) {
  const stores = await RawStores.open(directory);
  const durations = new Durations();
  const startedAtMs = performance.now();
  let sent = 0;
  while (sent < perSecond * seconds) {
    const due = Math.floor(((performance.now() - startedAtMs) / 1000) * perSecond);
    for (; sent < due; sent += 1) {
      const putAtMs = performance.now();
      await stores.commit({ messages: 1, bodyBytes, sync: false });
      if (sent > perSecond) durations.add(performance.now() - putAtMs);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await stores.close();
  return durations.result();
}
