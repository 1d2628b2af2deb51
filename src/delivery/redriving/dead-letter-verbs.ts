import { BrokerError } from '../../model/errors.ts';
import type { MessageDraft } from '../../model/message-validation.ts';
import { checkTopicType } from '../../model/topic.ts';
import type { CommitGroup } from '../../storage/log/commit-group.ts';
import type { ProgressAddress } from '../../storage/log/state-records.ts';
import type { Delivery } from '../delivery.ts';
import type { ConsumerGroup } from '../groups/consumer-group.ts';
import type { GroupQueue } from '../queues/group-queue.ts';
import { joinMessage } from '../sending/join-message.ts';
import { chooseQueue } from '../sending/queue-selection.ts';
import { BatchSend } from '../sending/send-completion.ts';
import type { Topic } from '../topic.ts';
import type { ReadDeadLetter } from './dead-letter-reading.ts';
import { type DeadLetterFate, DeadLetterRemoval } from './redrive.ts';

/** A redrive is written once: a second try could meet letters that have gone meanwhile. */
const REDRIVE_TERMS = { durability: 'sync', attempts: 1, timeoutMs: 30_000, tracker: { pending: 0, onIdle: undefined } } as const;

/** Delivers dead letters to their group alone, with their ids, from attempt 1; they leave the list in the same step. */
export async function redriveToGroup(delivery: Delivery, group: ConsumerGroup, letters: readonly ReadDeadLetter[]): Promise<void> {
  for (const { letter, stored } of letters) {
    const topic = await delivery.topics.find(letter.originTopic);
    // Another topic may have its name now, and other messages at its offsets.
    if (topic?.record.topicId !== stored.address.topicId) throw originDeleted(letter.originTopic, 1, 'nothing was redriven');
    await group.attachTopic(topic);
  }
  const commit = delivery.context.store.log.openLater();
  await remove(delivery, commit, storedOf(letters), 'redriven', (address) => group.queues.get(address.topicId)?.[address.queueId]);
}

/** Sends dead letters on as new messages for all groups of a topic, in the commit that takes them off the list. */
export async function redriveToTopic(delivery: Delivery, topic: Topic, letters: readonly ReadDeadLetter[]): Promise<void> {
  const { context } = delivery;
  const drafts = letters.map((letter) => draftOf(topic, letter));
  for (const draft of drafts) checkTopicType(draft.topic, topic.record.options.type, draft, false);
  await delivery.gate.enter(0, { onFull: 'wait', timeoutMs: 30_000, signal: undefined });
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
  queueOf: (address: ProgressAddress) => GroupQueue | undefined,
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
        log.join(commit, new DeadLetterRemoval({ index, address, offsets, fate, queue: queueOf(address) }, { resolve, reject }), 0);
      }),
  );
  await Promise.all(done);
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
