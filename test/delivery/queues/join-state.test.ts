import { describe, expect, test } from 'vitest';
import type { DeliveryContext } from '../../../src/delivery/delivery-context.ts';
import type { GroupQueue } from '../../../src/delivery/queues/group-queue.ts';
import { joinState, openState } from '../../../src/delivery/queues/join-state.ts';
import { MemberState } from '../../../src/delivery/queues/member-state.ts';
import { StateEntry } from '../../../src/delivery/queues/state-entry.ts';
import { QueueProgress } from '../../../src/storage/index/queue-progress.ts';
import type { CommitGroup } from '../../../src/storage/log/commit-group.ts';
import type { LogEntry } from '../../../src/storage/log/log-entry.ts';
import { RECORD } from '../../../src/storage/log/record-kinds.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

class Recorded extends StateEntry {
  readonly #name: string;
  readonly #steps: string[];
  readonly #onApply: () => void;

  constructor(queue: GroupQueue, steps: string[], name: string, onApply: () => void = () => undefined) {
    super(queue, RECORD.ack);
    this.#name = name;
    this.#steps = steps;
    this.#onApply = onApply;
  }

  protected override write(): void {
    this.#steps.push(`${this.#name} written`);
  }

  protected override apply(): void {
    this.#steps.push(`${this.#name} applied`);
    this.#onApply();
  }

  protected override undo(error: Error): void {
    this.#steps.push(`${this.#name} undone: ${error.message}`);
  }

  protected override effects(): void {
    this.#steps.push(`${this.#name} told`);
  }
}

/** A queue of a group, or of a broadcast member, before a log that only remembers what joined it. */
function place(kind: 'group' | 'member') {
  const commit = { sealed: false } as CommitGroup;
  const log = {
    ended: undefined as Error | undefined,
    joined: [] as LogEntry[],
    openLater: () => commit,
    join: (_group: CommitGroup, entry: LogEntry) => log.joined.push(entry),
  };
  const context = { store: { log }, process: { hold: () => () => undefined, defer: setImmediate } } as unknown as DeliveryContext;
  const memberState = kind === 'member' ? new MemberState(context) : undefined;
  const progress = new QueueProgress({ groupId: 1, topicId: 1, queueId: 0 }, 0, undefined);
  const queue = { group: { memberState }, progress } as unknown as GroupQueue;
  return { context, queue, log, commit, memberState: memberState as MemberState, steps: [] as string[] };
}

describe('a change of the state of a group', () => {
  test('joins the log and is applied by nobody else', async () => {
    const { context, queue, log, commit, steps } = place('group');
    const entry = joinState(context, new Recorded(queue, steps, 'a'));
    await turn();
    expect(log.joined).toEqual([entry]);
    expect([openState(context, queue), steps]).toEqual([commit, []]);
  });
});

describe('a change of the state of a broadcast member', () => {
  test('takes effect at the end of the turn: never inside its caller, nor before what is to happen in this turn', async () => {
    const { context, queue, log, steps } = place('member');
    const entry = joinState(context, new Recorded(queue, steps, 'a'));
    const done = entry.done().then(() => steps.push('done'));
    expect(steps).toEqual([]);
    await Promise.resolve();
    expect(steps).toEqual([]);
    await turn();
    await done;
    expect(steps).toEqual(['a applied', 'a told', 'done']);
    expect(log.joined).toEqual([]);
  });

  test('takes effect in its order, all of a turn before any of it is told', async () => {
    const { context, queue, steps } = place('member');
    for (const name of ['a', 'b', 'c']) joinState(context, new Recorded(queue, steps, name));
    await turn();
    expect(steps).toEqual(['a applied', 'b applied', 'c applied', 'a told', 'b told', 'c told']);
  });

  test('joins the turn that it is given, until that is over', async () => {
    const { context, queue, steps } = place('member');
    const first = openState(context, queue);
    joinState(context, new Recorded(queue, steps, 'a'), first);
    expect(openState(context, queue)).toBe(first);
    await turn();
    expect(first.sealed).toBe(true);
    expect(openState(context, queue)).not.toBe(first);
  });

  test('waits for the next turn when it follows from another one, so that the event loop has its own in between', async () => {
    const { context, queue, steps } = place('member');
    joinState(context, new Recorded(queue, steps, 'a', () => joinState(context, new Recorded(queue, steps, 'b'))));
    await turn();
    expect(steps).toEqual(['a applied', 'a told']);
    await turn();
    expect(steps).toEqual(['a applied', 'a told', 'b applied', 'b told']);
  });

  test('is undone when the broker is gone by then, and whoever waits for it is told', async () => {
    const { context, queue, log, steps } = place('member');
    const refused = expect(joinState(context, new Recorded(queue, steps, 'a')).done()).rejects.toThrow('closed');
    log.ended = new Error('closed');
    await turn();
    await refused;
    expect(steps).toEqual(['a undone: closed']);
  });

  test('is waited for when the member closes, with all that follows from it', async () => {
    const { context, queue, steps, memberState } = place('member');
    joinState(context, new Recorded(queue, steps, 'a', () => joinState(context, new Recorded(queue, steps, 'b'))));
    await memberState.close();
    expect(steps).toEqual(['a applied', 'a told', 'b applied', 'b told']);
    await memberState.close();
  });
});

describe('the positions of a broadcast member', () => {
  const address = (topicId: number, queueId: number) => ({ groupId: 1, topicId, queueId });

  test('are its start where the queue was there then, else 0', async () => {
    const { memberState } = place('member');
    await memberState.begin('orders', Promise.resolve({ topicId: 7, starts: [3, 5], notBeforeMs: 99 }));
    const positions = await Promise.all(
      [address(7, 0), address(7, 1), address(7, 2), address(8, 0)].map((at) => memberState.progressOf(at, 'orders')),
    );
    expect(positions.map(({ floor, frontier }) => [floor, frontier])).toEqual([
      [3, 3],
      [5, 5],
      [0, 0],
      [0, 0],
    ]);
    expect([memberState.notBeforeMs('orders'), memberState.notBeforeMs('bills')]).toEqual([99, undefined]);
  });

  test('wait for a start that is still looked for', async () => {
    const { memberState } = place('member');
    let found: (start: { topicId: number; starts: number[] }) => void = () => undefined;
    const beginning = memberState.begin('orders', new Promise((resolve) => (found = resolve)));
    const progress = memberState.progressOf(address(7, 0), 'orders');
    found({ topicId: 7, starts: [4] });
    await beginning;
    expect((await progress).floor).toBe(4);
  });

  test('take no more memory the further they come', async () => {
    const { memberState } = place('member');
    const progress = await memberState.progressOf(address(7, 0), 'orders');
    const terms = { firstLease: 1, untilMs: 1, durationMs: 1, holder: 'process' } as const;
    for (let offset = 0; offset < 200_000; offset += 2) {
      progress.handOut(offset, 1, offset + 1, terms);
      progress.handOut(offset + 1, 1, offset + 2, terms);
      progress.settle(offset + 1);
      progress.settle(offset);
    }
    expect(progress.floor).toBe(200_000);
    expect([...progress.settled.chunks()].length).toBeLessThanOrEqual(1);
    expect([progress.unsettled.size, progress.dirtyChunks.size, progress.storedChunks.size, progress.dirty]).toEqual([0, 0, 0, false]);
  });
});
