import type { MessageFilter } from '../../model/message-filter.ts';
import type { EntryRun } from '../../storage/index/entry-run.ts';
import { type LogPosition, NO_POSITION } from '../../storage/log-position.ts';
import type { GroupKey } from '../../storage/message-group-hash.ts';
import type { GroupQueue } from '../queues/group-queue.ts';
import type { Pick } from './pick.ts';

/** Entries that are looked at in one go; a longer walk lets the event loop have its turn in between. */
const WALK_ENTRIES = 16_384;

/** Chooses messages of a queue, until there are `most` picks: what is due again first, then what is new. */
export function pickFrom(queue: GroupQueue, picks: Pick[], most: number, filter: MessageFilter): void {
  if (!queue.reading.isIdle || queue.frozen) return;
  pickDue(queue, picks, most);
  if (picks.length < most && queue.group.mayTakeNew(queue.topic.record.name)) pickNew(queue, picks, most, filter);
}

/** Log position of the message that comes next, as far as it is known without reading; positions rise with the age of the log. */
export function nextPosition(queue: GroupQueue, filter: MessageFilter): LogPosition | undefined {
  const due = queue.firstDue();
  if (due !== undefined) return queue.reading.runAt(due)?.positionAt(due);
  if (!queue.group.mayTakeNew(queue.topic.record.name)) return undefined;
  return passUnwanted(queue, filter, queue.examined + WALK_ENTRIES)?.positionAt(queue.examined);
}

function pickDue(queue: GroupQueue, picks: Pick[], most: number): void {
  const { ready, progress, locks, group, generation } = queue;
  for (let offset = queue.firstDue(); offset !== undefined && picks.length < most; offset = queue.firstDue()) {
    const run = queue.reading.runAt(offset);
    if (run === undefined) return;
    ready.pop();
    const message = progress.unsettled.get(offset);
    const groupKey = group.ordered ? run.groupKeyAt(offset) : 0;
    const position = run.positionAt(offset);
    if (message === undefined && isGone(queue, { offset, position, groupKey })) continue;
    if (groupKey !== 0 && !locks.isHead(groupKey, offset)) continue;
    if (message !== undefined) queue.claim(message);
    picks.push({ queue, offset, position, groupKey, attempt: (message?.attempt ?? 0) + 1, generation, turn: undefined });
  }
}

/** It was settled on its way here, or a power cut took it, which has been reported. It must not keep its message group locked. */
function isGone(queue: GroupQueue, { offset, position, groupKey }: { offset: number; position: LogPosition; groupKey: GroupKey }): boolean {
  const isSettled = queue.progress.settled.has(offset);
  if (!isSettled && position !== NO_POSITION) return false;
  if (!isSettled) queue.skipped.push(offset);
  queue.unlock(groupKey, offset);
  return true;
}

function pickNew(queue: GroupQueue, picks: Pick[], most: number, filter: MessageFilter): void {
  const { group, locks, generation } = queue;
  const walkEnd = queue.examined + WALK_ENTRIES;
  while (picks.length < most) {
    const run = passUnwanted(queue, filter, walkEnd);
    if (run === undefined) return;
    const offset = queue.examined++;
    const groupKey = group.ordered ? run.groupKeyAt(offset) : 0;
    if (groupKey !== 0 && !locks.take(groupKey, offset)) continue;
    picks.push({ queue, offset, position: run.positionAt(offset), groupKey, attempt: 1, generation, turn: undefined });
  }
}

/** Passes over new messages up to one that the filter may want, which is at `examined` then; answers the run that holds it. */
function passUnwanted(queue: GroupQueue, filter: MessageFilter, walkEnd: number): EntryRun | undefined {
  for (; queue.examined < queue.queue.end; queue.examined++) {
    const offset = queue.examined;
    if (offset >= walkEnd) {
      queue.reading.pause();
      return undefined;
    }
    const run = queue.reading.runAt(offset);
    if (run === undefined || (run.positionAt(offset) !== NO_POSITION && filter.mayMatch(run.tagHashAt(offset)))) return run;
    queue.skipped.push(offset);
  }
  return undefined;
}
