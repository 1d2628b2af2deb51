import type { Clock } from '../../index.ts';
import { ModelAge } from './model-age.ts';
import type { ModelGroup } from './model-group.ts';
import { ModelKeys } from './model-keys.ts';
import type { ModelMessage, ModelWait } from './model-message.ts';
import { ModelTime } from './model-time.ts';
import { ModelTransactions } from './model-transactions.ts';
import { ModelValues } from './model-values.ts';

/** How a process ends; what a power cut leaves of what no barrier had covered. */
export type ProcessEnd =
  | { readonly kind: 'closed' | 'crashed' }
  | { readonly kind: 'powerCut'; readonly survivors: 'none' | 'some' | 'holes' };

/**
 * Everything that the broker under test should know, kept in the simplest way. What is in it is the commands' own affair.
 * @public
 * @since 0.1.0
 */
export class FlowModel {
  /** By name. @internal */
  readonly messages: Map<string, ModelMessage> = new Map();
  /** By name. @internal */
  readonly groups: Map<string, ModelGroup> = new Map();
  /** @internal */
  readonly time: ModelTime;
  /** @internal */
  readonly keys: ModelKeys;
  /** @internal */
  readonly transactions: ModelTransactions = new ModelTransactions();
  /** @internal */
  readonly values: ModelValues = new ModelValues();
  /** A power cut has kept what was written after something that it took. @internal */
  hasHoles = false;
  #names = 0;
  #order = 0;
  /** What the order was when the broker was looked at last. */
  #checkedOrder = 0;

  /** @internal */
  constructor(clock: Clock) {
    this.time = new ModelTime(clock);
    this.keys = new ModelKeys(this.time);
  }

  /** @internal */
  nextName(): string {
    this.#names += 1;
    return `m${this.#names}`;
  }

  /** @internal */
  group(name: string): ModelGroup {
    const group = this.groups.get(name);
    if (group === undefined) throw new Error(`The model has no group ${JSON.stringify(name)}`);
    return group;
  }

  /** A message was sent, or its send was cut off. @internal */
  add(message: ModelMessage): void {
    this.messages.set(message.name, message);
    if (message.wait !== undefined) this.#believeWallClock(message.wait);
    if (message.dedupKey !== undefined) this.keys.took(message);
    if (message.state === 'visible') this.appear([message], 'now');
  }

  /**
   * Messages are in their queues at once, `now`, or since some instant after the last look at the broker, as a look at it has found.
   * @internal
   */
  appear(messages: readonly ModelMessage[], since: 'now' | 'lastCheck'): void {
    this.#order++;
    const order = { from: since === 'now' ? this.#order : this.#checkedOrder + 1, to: this.#order };
    for (const message of messages) {
      Object.assign(message, { state: 'visible', stateDurable: false, order, age: new ModelAge(this.time) });
      for (const group of this.groups.values()) group.appeared(message);
    }
  }

  /** A message is not in its queue any more: a power cut has undone that, or it is lost. @internal */
  hide(message: ModelMessage, state: 'waiting' | 'half' | 'gone'): void {
    Object.assign(message, { state, stateDurable: false, place: undefined });
    for (const group of this.groups.values()) group.deliveries.delete(message.name);
  }

  /** Nobody may get it, now or later. @internal */
  forget(message: ModelMessage): void {
    this.hide(message, 'gone');
    this.messages.delete(message.name);
  }

  /** A message has been seen: it is there, and so is whatever came with it. @internal */
  proved(message: ModelMessage): void {
    message.mayBeLost = false;
    const { transaction } = message;
    if (transaction?.state !== 'committed' || this.hasHoles) return;
    for (const other of transaction.messages) other.mayBeLost = false;
  }

  /** The broker has been looked at. @internal */
  checked(): void {
    this.time.checked();
    this.#checkedOrder = this.#order;
  }

  /** Leases and times to live whose time is over end. @internal */
  timePassed(): void {
    for (const group of this.groups.values()) {
      group.timePassed(this.time.monotonicMs);
      group.noteExpiry();
    }
  }

  /** The process ended: its leases are over. @internal */
  processEnded(end: ProcessEnd): void {
    for (const group of this.groups.values()) group.processEnded(end.kind !== 'closed');
    if (end.kind === 'powerCut') this.#powerLost(end.survivors === 'holes');
    if (end.kind === 'closed') this.barrierPassed();
    this.time.lifeEnded();
    for (const { wait, age } of this.messages.values()) {
      age?.processEnded();
      if (wait !== undefined) this.#believeWallClock(wait);
    }
    this.keys.processEnded();
    this.transactions.processEnded();
    this.timePassed();
  }

  /** Everything that was stored so far outlives a power cut. @internal */
  barrierPassed(): void {
    for (const message of this.messages.values()) {
      if (message.mayBeLost && message.place === undefined) continue;
      message.durable = true;
      message.stateDurable = true;
    }
    this.transactions.barrierPassed();
    this.values.barrierPassed();
  }

  /** Each opening does, so that what was sent in an earlier life comes sooner by as much as the wall clock was set forward in it. */
  #believeWallClock(wait: ModelWait): void {
    wait.notBeforeMs -= this.time.forwardBeforeLifeMs - wait.forwardBeforeMs;
    wait.forwardBeforeMs = this.time.forwardBeforeLifeMs;
  }

  /** What was not behind a barrier may be gone, and every group may be where it was before. */
  #powerLost(withHoles: boolean): void {
    this.hasHoles ||= withHoles;
    for (const message of this.messages.values()) {
      if (!message.durable) message.mayBeLost = true;
      if (message.stateDurable) continue;
      message.mayBeUndone = true;
      // Who comes due or is committed once more may get another place, and is as young as then.
      if (message.wait === undefined && message.transaction === undefined) continue;
      message.place = undefined;
      message.age?.mayBeginAnew();
    }
    for (const group of this.groups.values()) group.powerLost();
    this.transactions.powerLost();
  }
}
