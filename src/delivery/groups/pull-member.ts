import { BrokerError } from '../../model/errors.ts';
import type { GroupQueue } from '../queues/group-queue.ts';
import { type DeliveryResult, deliverPicks, type Wanted } from '../receiving/delivery-of-picks.ts';
import type { Pick } from '../receiving/pick.ts';
import { PriorityTurns } from '../receiving/priority-turns.ts';
import { pulledViews } from '../receiving/pulled-views.ts';
import type { Topic } from '../topic.ts';
import { GroupMember } from './group-member.ts';
import { commitPosition } from './pull-position.ts';
import { assignQueues, type QueueReader, queueName, releaseQueues } from './queue-assignment.ts';

/**
 * A pull consumer. Each queue of the group's topics is read by one member alone, from a position that only a commit stores; there are no leases and
 * no attempts.
 */
export class PullMember extends GroupMember implements QueueReader {
  #assigned: ReadonlySet<GroupQueue> = new Set();
  #chosen: ReadonlySet<string> | undefined;
  /** Nothing is shared out to it before, so that no queue changes hands for half of its subscriptions. */
  #isReady = false;
  /** Picks of the pull under way; `undefined` without one. */
  #pulling: Pick[] | undefined;

  get assigned(): ReadonlySet<GroupQueue> {
    return this.#assigned;
  }

  get chosen(): ReadonlySet<string> | undefined {
    return this.#chosen;
  }

  assign(queues: ReadonlySet<GroupQueue>): void {
    this.#assigned = queues;
    this.takeFrom([...this.group.queues.values()].map((ofTopic) => ofTopic.filter((queue) => queues.has(queue))));
  }

  /** Nobody else reads them: how many messages of them have come is known from their positions. */
  protected override turnsOf(_topic: Topic, queues: readonly GroupQueue[]): PriorityTurns {
    return new PriorityTurns(queues.reduce((before, { examined }) => before + examined, 0));
  }

  override joined(): void {
    this.#isReady = true;
    super.joined();
  }

  /** The group has other topics or queues than before, or other members. */
  override topicsChanged(): void {
    assignQueues(this.group.queues.values(), this.#readers());
  }

  /**
   * Reads these queues from now on, whoever comes and goes, also when their topic is deleted and created again.
   * @throws BrokerError `MQ_QUEUE_IN_USE`
   */
  choose(queues: ReadonlySet<GroupQueue>): void {
    for (const other of this.#readers()) {
      if (other === this || other.chosen === undefined) continue;
      for (const queue of queues) if (other.chosen.has(queueName(queue))) throw inUse(queue);
    }
    this.#chosen = new Set(Array.from(queues, queueName));
    this.topicsChanged();
  }

  /** One pull at a time, so that messages come in the order of their queues: the next one waits for it. */
  override get isLoading(): boolean {
    return this.#pulling !== undefined || super.isLoading;
  }

  /** Takes up to `most` messages from the positions on; answers how many were chosen, of which `result` gets those that it wants. */
  take(most: number, result: DeliveryResult): number {
    if (this.#pulling !== undefined) return 0;
    this.#pulling = [];
    const picks = this.collect(most);
    if (picks.length === 0) this.#pulling = undefined;
    else
      deliverPicks(this.context, picks, {
        taker: this,
        deliver: (wanted) => this.#deliver(wanted, result),
        failed: (error) => this.#ended(() => result.failed(error)),
      });
    return picks.length;
  }

  override collect(most: number): Pick[] {
    const picks = super.collect(most);
    this.#pulling?.push(...picks);
    return picks;
  }

  /** The offset that comes next. What a pull under way will bring has not been passed yet. */
  positionOf(queue: GroupQueue): number {
    let position = queue.examined;
    for (const pick of this.#pulling ?? [])
      if (pick.queue === queue && pick.generation === queue.generation) position = Math.min(position, pick.offset);
    return position;
  }

  /** Stores all positions in one write. */
  async commit(): Promise<void> {
    await Promise.all([...this.#assigned].map((queue) => commitPosition(this.context, queue, this.positionOf(queue))));
  }

  /** Its queues are for the others, from the positions that are stored. */
  override close(): Promise<void> {
    this.leave();
    releaseQueues(this.#assigned);
    this.#assigned = new Set();
    this.topicsChanged();
    return Promise.resolve();
  }

  /** The views come in a later turn, and where a filter passed over everything the event loop has its own in between. */
  #deliver(wanted: readonly Wanted[], result: DeliveryResult): void {
    if (wanted.length === 0) return this.context.process.defer(() => this.#ended(() => result.views([])));
    queueMicrotask(() => this.#ended(() => result.views(pulledViews(this.context, wanted, this.schemas))));
  }

  #ended(tell: () => void): void {
    this.#pulling = undefined;
    tell();
    this.wake();
  }

  #readers(): PullMember[] {
    return [...this.group.members].filter((member) => member instanceof PullMember).filter((member) => member.#isReady);
  }
}

function inUse({ topic, queue }: GroupQueue): BrokerError {
  const { queueId } = topic.placeOf(queue.queueId);
  return new BrokerError(
    'MQ_QUEUE_IN_USE',
    `Queue ${queueId} of topic ${JSON.stringify(topic.record.name)} is assigned to another consumer of the group, which has chosen it`,
  );
}
