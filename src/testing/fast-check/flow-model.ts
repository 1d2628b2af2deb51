import type { MessageView } from '../../index.ts';

/** What the model knows of a message that was sent, or that may have been. */
export interface ModelMessage {
  /** Its body, which is unique. */
  readonly name: string;
  readonly topic: string;
  readonly tag: string | undefined;
  readonly messageGroup: string | undefined;
  /** Where its receipt said that it lies; absent while nobody knows whether it was stored. */
  place: { readonly messageId: string; readonly queueId: number; readonly queueOffset: number } | undefined;
  /** False while a power cut may take it. */
  durable: boolean;
  /** True once nobody can tell whether it is stored: the send was cut off, or a power cut came before its barrier. */
  mayBeLost: boolean;
}

/**
 * What a consumer group has done with a message. `unknown` is what a power cut leaves: an earlier state is back, nobody knows which.
 */
export type Phase = 'ready' | 'leased' | 'acked' | 'dead' | 'unknown';

/** A message as one consumer group sees it. */
export interface ModelDelivery {
  readonly message: ModelMessage;
  phase: Phase;
  /** Deliveries so far; after a power cut, the most that it may be. */
  attempt: number;
  /** The number of attempts is exact. */
  attemptKnown: boolean;
  /** When the lease ends, by the monotonic clock. */
  leasedUntilMs: number;
  /** The view that may settle it. */
  view: MessageView | undefined;
  /** It was in flight when a process died: it may have to wait for other suspects. */
  suspect: boolean;
  /** Nobody can tell any more whether it was settled before the power went. */
  mayBeSettled: boolean;
  /** It came back from the dead letters: it is no longer in its message group's order. */
  redriven: boolean;
}

/** One consumer group whose messages are received by commands. */
export class ModelGroup {
  readonly name: string;
  readonly maxAttempts: number;
  readonly wantedTag: string | undefined;
  readonly deliveries: Map<string, ModelDelivery> = new Map();
  /** Views whose handles must be refused. */
  readonly staleViews: MessageView[] = [];
  /** Highest floor seen, by topic and queue. */
  readonly floors: Map<string, number> = new Map();

  constructor(name: string, options: { maxAttempts: number; wantedTag: string | undefined }) {
    this.name = name;
    this.maxAttempts = options.maxAttempts;
    this.wantedTag = options.wantedTag;
  }

  wants(message: ModelMessage): boolean {
    return this.wantedTag === undefined || message.tag === this.wantedTag;
  }

  inPhase(phase: Phase): ModelDelivery[] {
    return [...this.deliveries.values()].filter((delivery) => delivery.phase === phase);
  }

  /** True when nothing of this group is uncertain, so that counts can be compared. */
  get isCertain(): boolean {
    return [...this.deliveries.values()].every(({ phase, message }) => phase !== 'unknown' && !message.mayBeLost);
  }

  /** The lease has ended, in whatever way but an acknowledgement. */
  release(delivery: ModelDelivery): void {
    if (delivery.view !== undefined) this.staleViews.push(delivery.view);
    delivery.view = undefined;
    delivery.phase = delivery.attempt >= this.maxAttempts ? 'dead' : 'ready';
  }

  settle(delivery: ModelDelivery, phase: 'acked' | 'dead'): void {
    delivery.phase = phase;
    delivery.view = undefined;
  }
}

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
  #names = 0;

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
    for (const group of this.groups.values()) {
      if (!group.wants(message)) continue;
      group.deliveries.set(message.name, {
        message,
        phase: 'ready',
        attempt: 0,
        attemptKnown: true,
        leasedUntilMs: 0,
        view: undefined,
        suspect: false,
        mayBeSettled: false,
        redriven: false,
      });
    }
  }

  /** Leases whose time is over end. @internal */
  timePassed(monotonicMs: number): void {
    for (const group of this.groups.values()) {
      for (const delivery of group.inPhase('leased')) if (delivery.leasedUntilMs <= monotonicMs) group.release(delivery);
    }
  }

  /** The process ended: its leases are over. @internal */
  processEnded(how: 'closed' | 'crashed' | 'powerCut'): void {
    for (const group of this.groups.values()) {
      // That a lease ran out is written nowhere, so that the broker takes such a delivery for one in flight.
      if (how !== 'closed') for (const delivery of group.deliveries.values()) delivery.suspect ||= delivery.attempt > 0;
      for (const delivery of group.inPhase('leased')) group.release(delivery);
    }
    if (how === 'powerCut') this.#powerLost();
    if (how === 'closed') this.barrierPassed();
  }

  /** Everything that was stored so far outlives a power cut. @internal */
  barrierPassed(): void {
    for (const message of this.messages.values()) if (message.place !== undefined) message.durable = true;
  }

  /** What was not behind a barrier may be gone, and every group may be where it was before. */
  #powerLost(): void {
    for (const message of this.messages.values()) if (!message.durable) message.mayBeLost = true;
    for (const group of this.groups.values()) {
      group.floors.clear();
      group.staleViews.length = 0;
      for (const delivery of group.deliveries.values()) {
        // Before it came back from the dead letters it may have had any number of deliveries.
        if (delivery.redriven) delivery.attempt = group.maxAttempts;
        delivery.attemptKnown = delivery.attemptKnown && delivery.attempt === 0;
        delivery.suspect = true;
        if (delivery.phase === 'acked' || delivery.phase === 'dead') delivery.mayBeSettled = true;
        if (delivery.phase !== 'ready' || delivery.attempt > 0 || delivery.redriven) delivery.phase = 'unknown';
      }
    }
  }
}
