import { expect, test } from 'vitest';
import type { DeliveryContext } from '../../../src/delivery/delivery-context.ts';
import type { GroupQueue } from '../../../src/delivery/queues/group-queue.ts';
import { acknowledge } from '../../../src/delivery/settling/acknowledge.ts';
import { QueueProgress, type UnsettledMessage } from '../../../src/storage/index/queue-progress.ts';
import type { CommitGroup } from '../../../src/storage/log/commit-group.ts';
import type { LogEntry } from '../../../src/storage/log/log-entry.ts';

// The acknowledgements that a failed heal gives up are written by the next one. They were handed over as arguments of one call, of which there cannot be
// so many: where more than about a hundred thousand had come together, they were lost with a RangeError inside the heal.
test('any number of acknowledgements outlives a heal that fails', () => {
  const joined: LogEntry[] = [];
  const commit = { sealed: false } as CommitGroup;
  const log = { ended: undefined, openLater: () => commit, join: (_group: CommitGroup, entry: LogEntry) => joined.push(entry) };
  const events = { listenerCount: () => 0 };
  const counters = { acked: 0 };
  const context = { store: { log }, events, counters } as unknown as DeliveryContext;
  const settled = new Set<number>();
  const group = { memberState: undefined, settled: ({ offset }: UnsettledMessage) => settled.add(offset) };
  const progress = new QueueProgress({ groupId: 1, topicId: 1, queueId: 0 }, 0, undefined);
  const queue = { group, progress } as unknown as GroupQueue;
  for (let offset = 0; offset < 200_000; offset++) acknowledge(context, queue, { offset, claimed: false } as UnsettledMessage);
  expect(joined).toHaveLength(1);
  joined[0]?.fail(new Error('the disk is full'));
  expect(joined).toHaveLength(2);
  joined[1]?.commit(1);
  expect(settled.size).toBe(200_000);
  expect(counters.acked).toBe(200_000);
});
