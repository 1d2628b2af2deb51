import { BrokerError } from '../../model/errors.ts';
import type { MessageView } from '../../model/message.ts';
import type { UnsettledMessage } from '../../storage/index/queue-progress.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import type { GroupPort, LeaseOwner } from '../queues/group-port.ts';
import type { GroupQueue } from '../queues/group-queue.ts';
import { handleExpired, type StateEntry } from '../queues/state-entry.ts';
import { heldMessage, queueOf, renewedView } from '../views/message-view.ts';
import { leasedAs, namedDelivery } from '../views/named-delivery.ts';
import { acknowledge } from './acknowledge.ts';
import { deadLetter } from './dead-letter.ts';
import { changeInvisible, giveBack } from './lease-end.ts';

/** A delivery that somebody wants to end, as its view or its receipt handle names it. */
interface Named {
  readonly queue: GroupQueue;
  /** The message where the view has told it; else it is looked up. */
  readonly held: UnsettledMessage | undefined;
  readonly offset: number;
  readonly leaseNumber: number;
  /** When its lease ends, by the broker's time. */
  readonly endsAtMs: number;
}

/** The group of the consumer that settles, with its queues by topic id. */
interface SettlingGroup extends GroupPort {
  readonly queues: ReadonlyMap<number, readonly GroupQueue[]>;
}

/** Everything that a holder of a lease may do with it. Each looks at the receipt handle alone, and is fenced by the lease's number. */
export class Settlement {
  readonly #context: DeliveryContext;

  constructor(context: DeliveryContext) {
    this.#context = context;
  }

  /** Settles messages; all of them are on disk when it resolves. An expired one rejects the call, after the others were settled. */
  async acknowledge(group: SettlingGroup, views: readonly MessageView[]): Promise<void> {
    this.#context.assertOpen();
    const genuine: MessageView[] = [];
    const named: Named[] = [];
    for (const view of views) {
      if (this.#isHeldBy(group, view)) genuine.push(view);
      else named.push(this.#named(group, view));
    }
    const entries = new Set<StateEntry>();
    const others: Promise<void>[] = [];
    for (const view of genuine) {
      const message = heldMessage(view);
      // The same message may be named twice.
      if (message === undefined || message.claimed) others.push(this.#acknowledgeSlowly(this.#named(group, view)));
      else entries.add(acknowledge(this.#context, queueOf(message), message));
    }
    for (const one of named) {
      const message = this.#valid(one);
      if (message !== undefined && !message.claimed) entries.add(acknowledge(this.#context, one.queue, message));
      else others.push(this.#acknowledgeSlowly(one));
    }
    const pending = [...entries].map((entry) => entry.done());
    if (others.length === 0 && pending.length === 1) return await pending[0];
    for (const result of await Promise.allSettled([...pending, ...others])) if (result.status === 'rejected') throw result.reason;
  }

  async changeInvisibleDuration(group: SettlingGroup, view: MessageView, invisibleMs: number): Promise<MessageView> {
    this.#context.assertOpen();
    const named = this.#named(group, view);
    const { queue } = named;
    if (invisibleMs === 0) {
      await this.#whenLeased(named, (message) => giveBack(this.#context, queue, message).done());
      return view;
    }
    return await this.#whenLeased(named, async (message) => {
      const { schemas } = (message.owner ?? {}) as Partial<LeaseOwner>;
      const entry = changeInvisible(this.#context, queue, message, invisibleMs);
      await entry.done();
      const { terms, endsAtMs } = entry;
      return renewedView(
        view,
        { untilMs: terms.untilMs, endsAtMs, handles: this.#context.handles, schema: schemas?.get(view.topic) },
        { held: message, leaseNumber: terms.firstLease },
      );
    });
  }

  async forwardToDeadLetter(group: SettlingGroup, view: MessageView, reason: string): Promise<void> {
    this.#context.assertOpen();
    const named = this.#named(group, view);
    await this.#unlessSettled(named, (message) => deadLetter(this.#context, named.queue, message, reason));
  }

  /** A message that is settled already, or that is being changed at the moment. */
  async #acknowledgeSlowly(named: Named): Promise<void> {
    await this.#unlessSettled(named, (message) => acknowledge(this.#context, named.queue, message).done());
  }

  /** Settles a message; when it is settled already, whoever was faster has done what was asked for. */
  async #unlessSettled(named: Named, settle: (message: UnsettledMessage) => Promise<void>): Promise<void> {
    const { progress } = named.queue;
    const isSettled = (): boolean => progress.settled.has(named.offset) && !progress.unsettled.has(named.offset);
    if (isSettled()) return this.#assertInTime(named);
    try {
      await this.#whenLeased(named, settle);
    } catch (error) {
      if (!isSettled()) throw error;
      this.#assertInTime(named);
    }
  }

  /** For a settled message any handle that was issued for it answers success while its time runs. */
  #assertInTime({ queue, offset, endsAtMs }: Named): void {
    if (this.#context.time.now() >= endsAtMs) throw handleExpired(queue, offset);
  }

  /**
   * Changes the message when the handle is its valid one; a change that is on its way to the log is waited for. `change` claims the message in the
   * turn in which it was found free: of two calls that find it so one would come too late otherwise, and not know.
   */
  async #whenLeased<T>(named: Named, change: (message: UnsettledMessage) => Promise<T>): Promise<T> {
    for (;;) {
      const message = this.#valid(named);
      if (message === undefined) throw handleExpired(named.queue, named.offset);
      if (!message.claimed) return await change(message);
      await this.#context.store.log.nextCommit();
      this.#context.assertOpen();
    }
  }

  #valid(named: Named): UnsettledMessage | undefined {
    return leasedAs(named.held ?? named.queue.progress.unsettled.get(named.offset), named.leaseNumber);
  }

  /** The view is genuine, and its lease runs: the usual case, which needs no handle. */
  #isHeldBy(group: SettlingGroup, view: MessageView): boolean {
    if (typeof view !== 'object' || view === null) return false;
    const held = heldMessage(view);
    return held !== undefined && held.state === 'leased' && !held.ready && isOf(group, queueOf(held));
  }

  #named(group: SettlingGroup, view: MessageView): Named {
    const { address, held, offset, leaseNumber, endsAtMs } = namedDelivery(view, this.#context.handles);
    if (held !== undefined && isOf(group, queueOf(held))) return { queue: queueOf(held), held, offset, leaseNumber, endsAtMs };
    if (address.groupId !== group.record.groupId) {
      throw new BrokerError(
        'MQ_INVALID_RECEIPT_HANDLE',
        `The receipt handle belongs to another group than ${JSON.stringify(group.record.name)}`,
      );
    }
    const queue = group.queues.get(address.topicId)?.[address.queueId];
    if (queue === undefined) throw handleExpired();
    return { queue, held: undefined, offset, leaseNumber, endsAtMs };
  }
}

/** The group goes through the queue: it does no more once the topic is deleted, also where a view still leads there. */
function isOf(group: SettlingGroup, queue: GroupQueue): boolean {
  return queue.group === group && !queue.dropped;
}
