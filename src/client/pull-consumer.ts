import type { Delivery } from '../delivery/delivery.ts';
import { PullMember } from '../delivery/groups/pull-member.ts';
import type { GroupQueue } from '../delivery/queues/group-queue.ts';
import { offsetWithin, startOffset } from '../delivery/queues/start-position.ts';
import { resolveStartFrom } from '../model/group.ts';
import type { MessageView } from '../model/message.ts';
import { checkFieldNames, requireObject } from '../model/option-checks.ts';
import type { MessageQueue, PollOptions, PullConsumer, PullConsumerOptions, SeekTarget } from '../model/pull-consumer.ts';
import { schemasOf } from '../model/subscriptions.ts';
import { AskingConsumer, type AskingParts } from './asking-consumer.ts';
import { assignedQueue, chosenQueues, messageQueueOf } from './message-queues.ts';
import { PendingReceives } from './pending-receives.ts';
import {
  abortSignal,
  awaitDuration,
  DEFAULT_AWAIT_MS,
  DEFAULT_MESSAGES,
  filtersOf,
  groupOf,
  messageCount,
} from './subscription-options.ts';

const KNOWN: ReadonlySet<string> = new Set(['group', 'subscriptions', 'startFrom']);
const SEEK_RULE = "seek goes to an offset, 'earliest', 'latest' or { atMs }";
const POLL_KNOWN: ReadonlySet<string> = new Set(['maxMessages', 'awaitDurationMs', 'signal']);

/** A consumer that reads whole queues by their offsets. */
export class LocalPullConsumer extends AskingConsumer<PullMember> implements PullConsumer {
  readonly #lastSeek = new WeakMap<GroupQueue, symbol>();

  static async open(
    delivery: Delivery,
    options: PullConsumerOptions,
    onClose: AskingParts<PullMember>['onClose'],
  ): Promise<LocalPullConsumer> {
    const { context } = delivery;
    checkFieldNames('The options of a pull consumer', requireObject('The options of a pull consumer', options), KNOWN);
    const pending = new PendingReceives(context);
    const schemas = schemasOf(options.subscriptions);
    const member = await delivery.groups.join(groupOf(options, context.limits), filtersOf(options.subscriptions, context), {
      kind: 'pull',
      startFrom: options.startFrom === undefined ? undefined : resolveStartFrom(options.startFrom),
      open: (groups) => new PullMember(context, groups, { onWake: () => pending.retry(), schemas }),
    });
    pending.attach(member);
    return new LocalPullConsumer(delivery, { member, pending, onClose });
  }

  assignment(): readonly MessageQueue[] {
    this.assertOpen();
    return [...this.member.assigned].map(messageQueueOf);
  }

  assign(queues: readonly MessageQueue[]): void {
    this.assertOpen();
    this.member.choose(chosenQueues(this.member, queues));
  }

  poll(options: PollOptions = {}): Promise<MessageView[]> {
    try {
      this.assertOpen();
      checkFieldNames('The options of poll', requireObject('The options of poll', options), POLL_KNOWN);
      const { limits } = this.delivery.context;
      const most = messageCount(options.maxMessages ?? Math.min(DEFAULT_MESSAGES, limits.maxReceiveCount), limits);
      return this.pending.receive({
        awaitMs: awaitDuration(options.awaitDurationMs ?? DEFAULT_AWAIT_MS),
        signal: abortSignal(options.signal),
        take: (result) => this.member.take(most, result),
      });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async seek(queue: MessageQueue, to: SeekTarget): Promise<void> {
    const found = this.#assigned(queue);
    const seek = Symbol();
    this.#lastSeek.set(found, seek);
    const offset = await this.#target(found, to);
    // Looking for an instant takes a while, in which the queue may have changed hands, or its topic have been created anew.
    if (this.#assigned(queue) !== found) return await this.seek(queue, to);
    // One that came later and was faster counts.
    if (this.#lastSeek.get(found) !== seek) return;
    found.continueAt(offset);
    this.member.wake();
  }

  async position(queue: MessageQueue): Promise<number> {
    return this.member.positionOf(this.#assigned(queue));
  }

  async commit(): Promise<void> {
    this.assertOpen();
    await this.member.commit();
  }

  #assigned(queue: MessageQueue): GroupQueue {
    this.assertOpen();
    return assignedQueue(this.member, queue);
  }

  async #target({ queue }: GroupQueue, to: SeekTarget): Promise<number> {
    if (typeof to === 'number') return offsetWithin(queue, to);
    return await startOffset(this.delivery.context, queue, resolveStartFrom(to, SEEK_RULE));
  }
}
