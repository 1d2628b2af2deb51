import type { StandardSchema } from '../../model/standard-schema.ts';
import type { UnsettledMessage } from '../../storage/index/queue-progress.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import type { LeaseOwner } from '../queues/group-port.ts';
import { type DeliveryResult, deliverPicks } from '../receiving/delivery-of-picks.ts';
import { handOut } from '../receiving/leased-delivery.ts';
import type { PriorityTurns } from '../receiving/priority-turns.ts';
import { giveBack } from '../settling/lease-end.ts';
import type { Topic } from '../topic.ts';
import { queueOf } from '../views/message-view.ts';
import { GroupMember, type MemberGroups } from './group-member.ts';

/** What a consumer does when its group's queues may have something for it, and when one of its leases runs out. */
export interface MemberCallbacks {
  /** Something may be there. Called synchronously while a commit becomes visible: it may take at once. */
  onWake(): void;
  /** True when the consumer deals with the message itself. */
  onLeaseExpired(message: UnsettledMessage): boolean;
}

/** A push or simple consumer: it shares all queues with the other members, and holds a lease of each message that it got. */
export class LeasingMember extends GroupMember implements LeaseOwner {
  readonly #callbacks: MemberCallbacks;
  /** Hand-outs on their way to the log. */
  #handingOut = 0;
  readonly #onHandedOut: (() => void)[] = [];

  constructor(
    context: DeliveryContext,
    groups: MemberGroups,
    options: { callbacks: MemberCallbacks; schemas: ReadonlyMap<string, StandardSchema> | undefined },
  ) {
    super(context, groups, { onWake: () => options.callbacks.onWake(), schemas: options.schemas });
    this.#callbacks = options.callbacks;
  }

  /** The group has other topics or queues than before. */
  override topicsChanged(): void {
    this.takeFrom(this.group.queues.values());
  }

  /** All members take turns together. */
  protected override turnsOf(topic: Topic): PriorityTurns {
    return this.group.turnsOf(topic);
  }

  onLeaseExpired(message: UnsettledMessage): boolean {
    return this.#callbacks.onLeaseExpired(message);
  }

  /** Takes up to `most` messages that are visible now; answers how many were chosen, of which `result` gets those that it wants when they are committed. */
  take(most: number, invisibleMs: number, result: DeliveryResult): number {
    const picks = this.collect(most);
    if (picks.length === 0) return 0;
    const leasing = { owner: this, invisibleMs, result: this.#counted(result) };
    deliverPicks(this.context, picks, {
      taker: this,
      deliver: (wanted) => handOut(this.context, wanted, leasing),
      failed: leasing.result.failed,
    });
    return picks.length;
  }

  #counted(result: DeliveryResult): DeliveryResult {
    this.#handingOut++;
    const ended = (): void => {
      if (--this.#handingOut > 0) return;
      for (const resolve of this.#onHandedOut.splice(0)) resolve();
    };
    return {
      views: (views) => {
        ended();
        result.views(views);
      },
      failed: (error) => {
        ended();
        result.failed(error);
      },
    };
  }

  /** Gives back what this consumer still holds; the deliveries have counted. What a broadcast member holds is forgotten with it. */
  override async close(): Promise<void> {
    this.leave();
    if (this.#handingOut > 0) await new Promise<void>((resolve) => this.#onHandedOut.push(resolve));
    const { memberState } = this.group;
    if (memberState !== undefined) {
      await memberState.close();
      return this.group.detachAll();
    }
    for (;;) {
      const held = this.#held();
      const free = held.filter((message) => !message.claimed);
      await Promise.all(free.map((message) => giveBack(this.context, queueOf(message), message).done()));
      if (free.length === held.length) return;
      // What is on its way for the others may leave them with this consumer, such as a new end of their lease.
      await this.context.store.log.nextCommit();
    }
  }

  #held(): UnsettledMessage[] {
    const held: UnsettledMessage[] = [];
    for (const { progress } of [...this.group.queues.values()].flat()) {
      for (const message of progress.unsettled.values()) if (message.owner === this && message.state === 'leased') held.push(message);
    }
    return held;
  }
}
