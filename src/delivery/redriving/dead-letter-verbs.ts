import { BrokerError } from '../../model/errors.ts';
import type { MessageDraft } from '../../model/message-validation.ts';
import { checkTopicType } from '../../model/topic.ts';
import type { QueueProgress } from '../../storage/index/queue-progress.ts';
import type { CommitGroup } from '../../storage/log/commit-group.ts';
import type { ProgressAddress } from '../../storage/log/state-records.ts';
import type { Delivery } from '../delivery.ts';
import { type ConsumerGroup, groupNotFound } from '../groups/consumer-group.ts';
import { joinMessage } from '../sending/join-message.ts';
import { chooseQueue } from '../sending/queue-selection.ts';
import { BatchSend } from '../sending/send-completion.ts';
import type { Topic } from '../topic.ts';
import { topicNotFound } from '../topics.ts';
import type { ReadDeadLetter } from './dead-letter-reading.ts';
import { type DeadLetterFate, DeadLetterRemoval } from './redrive.ts';

/** A redrive is written once: a second try could meet letters that have gone meanwhile. */
const REDRIVE_TERMS = { durability: 'sync', attempts: 1, timeoutMs: 30_000, tracker: { pending: 0, onIdle: undefined } } as const;

/** Delivers dead letters to their group alone, with their ids, from attempt 1; they leave the list in the same step. */
export async function redriveToGroup(delivery: Delivery, group: ConsumerGroup, letters: readonly ReadDeadLetter[]): Promise<void> {
  const { index, log } = delivery.context.store;
  const topics = new Set<Topic>();
  for (const { letter, stored } of letters) {
    const topic = await delivery.topics.find(letter.originTopic);
    // Another topic may have its name now, and other messages at its offsets.
    if (topic?.record.topicId !== stored.address.topicId) throw originDeleted(letter.originTopic, 1, 'nothing was redriven');
    topics.add(topic);
    await group.attachTopic(topic);
    // What was attached before may have been detached meanwhile; its progress outlives that.
    await index.loadProgress(stored.address);
  }
  assertKept(delivery, group.record);
  // Behind the record of the deletion of their topic they would be messages of nothing.
  for (const { closed, record } of topics) if (closed) throw originDeleted(record.name, 1, 'nothing was redriven');
  await remove(delivery, log.openLater(), storedOf(letters), 'redriven', (address) => index.progress(address));
}

/** Sends dead letters on as new messages for all groups of a topic, in the commit that takes them off the list. */
export async function redriveToTopic(
  delivery: Delivery,
  { group, topic }: { readonly group: ConsumerGroup; readonly topic: Topic },
  letters: readonly ReadDeadLetter[],
): Promise<void> {
  const { context } = delivery;
  const drafts = letters.map((letter) => draftOf(topic, letter));
  for (const draft of drafts) checkTopicType(draft.topic, topic.record.options.type, draft, false);
  await delivery.gate.enter(0, { onFull: 'wait', timeoutMs: 30_000, signal: undefined });
  assertKept(delivery, group.record);
  if (topic.closed) throw topicNotFound(topic.record.name, 'it was deleted, and what had not been sent there stays in the list');
  const commit = context.store.log.open();
  commit.needsBarrier = true;
  const sent = new Promise((resolve, reject) => {
    const completion = new BatchSend(context, REDRIVE_TERMS, { resolve, reject });
    const join = { group: commit, completion, nowMs: context.clock.now() };
    for (const draft of drafts) joinMessage(context, draft, chooseQueue(topic, draft), join);
  });
  await Promise.all([sent, remove(delivery, commit, storedOf(letters), 'sentOn', () => undefined)]);
}

/** Throws dead letters away; their messages need not be readable. */
export async function purge(delivery: Delivery, letters: readonly ReadDeadLetter['stored'][]): Promise<void> {
  await remove(delivery, delivery.context.store.log.openLater(), letters, 'purged', () => undefined);
}

async function remove(
  delivery: Delivery,
  commit: CommitGroup,
  letters: readonly ReadDeadLetter['stored'][],
  fate: DeadLetterFate,
  progressOf: (address: ProgressAddress) => QueueProgress | undefined,
): Promise<void> {
  const { index, log } = delivery.context.store;
  const byQueue = new Map<string, { address: ProgressAddress; offsets: number[] }>();
  for (const stored of letters) {
    const { topicId, queueId } = stored.address;
    const known = byQueue.get(`${topicId}/${queueId}`);
    if (known === undefined) byQueue.set(`${topicId}/${queueId}`, { address: stored.address, offsets: [stored.mark.offset] });
    else known.offsets.push(stored.mark.offset);
  }
  const done = [...byQueue.values()].map(
    ({ address, offsets }) =>
      new Promise<void>((resolve, reject) => {
        log.join(commit, new DeadLetterRemoval({ index, address, offsets, fate, progress: progressOf(address) }, { resolve, reject }), 0);
      }),
  );
  await Promise.all(done);
}

/** The dead letters of a group go with it. */
function assertKept({ context }: Delivery, { groupId, name }: ConsumerGroup['record']): void {
  context.assertOpen();
  if (!context.store.index.catalogue.groups.has(groupId)) throw groupNotFound(name);
}

/** Whether a dead letter can be delivered to its group again, at the place where it came from. */
export function hasOrigin({ context }: Delivery, { stored }: ReadDeadLetter): boolean {
  return context.store.index.catalogue.topics.has(stored.address.topicId);
}

/** Why dead letters stay where they are, and what became of the others. */
export function originDeleted(topic: string, count: number, others: string): BrokerError {
  const what = count === 1 ? 'a dead letter of it stays' : `${count} dead letters stay`;
  return new BrokerError(
    'MQ_TOPIC_NOT_FOUND',
    `Topic ${JSON.stringify(topic)} was deleted, and ${what} in the list; redrive with { to: topic } sends them to another one; ${others}`,
  );
}

function storedOf(letters: readonly ReadDeadLetter[]): ReadDeadLetter['stored'][] {
  return letters.map(({ stored }) => stored);
}

/** A priority goes along where the topic has some; what the message waited for, and how long it was to live, is over. */
function draftOf(topic: Topic, { message, letter }: ReadDeadLetter): MessageDraft {
  const priority = topic.hasPriorities ? letter.message.priority : undefined;
  const terms = priority === undefined ? undefined : { delivery: undefined, ttlMs: undefined, dedupKey: undefined, priority };
  const { body, tag, keys, messageGroup } = message;
  const properties = Object.keys(message.properties).length === 0 ? undefined : message.properties;
  return { topic: topic.record.name, body, tag, keys, properties, messageGroup, partitionKey: undefined, terms };
}
