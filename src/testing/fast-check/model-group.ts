import type { MessageView } from '../../index.ts';
import { isExpired, type ModelDelivery, type ModelMessage, newDelivery, type Phase } from './model-message.ts';

/** Turns in a topic with priorities. */
interface ModelTurns {
  /** Messages that came since one came before a higher one, at most as many as the broker counts. */
  sinceOldest: number;
  /** Messages that came since the oldest one did. */
  overtaking: number;
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
  /** Whose turn it is in the topic with priorities; absent until a message of it comes in the present life of the broker. */
  turns: ModelTurns | undefined;

  constructor(name: string, options: { maxAttempts: number; wantedTag: string | undefined }) {
    this.name = name;
    this.maxAttempts = options.maxAttempts;
    this.wantedTag = options.wantedTag;
  }

  /** A message has become visible. */
  appeared(message: ModelMessage): void {
    if (this.wantedTag === undefined || message.tag === this.wantedTag) this.deliveries.set(message.name, newDelivery(message));
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

  /** Leases whose time is over end. */
  timePassed(monotonicMs: number): void {
    for (const delivery of this.inPhase('leased')) if (delivery.leasedUntilMs <= monotonicMs) this.release(delivery);
  }

  /** What is over may be settled by now, unless somebody holds it. */
  noteExpiry(): void {
    for (const delivery of this.deliveries.values())
      if (delivery.phase !== 'leased' && isExpired(delivery.message, 'perhaps')) delivery.mayBeExpired = true;
  }

  processEnded(isDeath: boolean): void {
    // That a lease ran out is written nowhere, so that the broker takes such a delivery for one in flight.
    if (isDeath) for (const delivery of this.deliveries.values()) delivery.suspect ||= delivery.attempt > 0;
    for (const delivery of this.inPhase('leased')) this.release(delivery);
    this.turns = undefined;
  }

  /** It may be where it was before, anywhere. */
  powerLost(): void {
    this.floors.clear();
    this.staleViews.length = 0;
    for (const delivery of this.deliveries.values()) {
      // Before it came back from the dead letters it may have had any number of deliveries.
      if (delivery.redriven) delivery.attempt = this.maxAttempts;
      delivery.attemptKnown = delivery.attemptKnown && delivery.attempt === 0;
      delivery.suspect = true;
      if (delivery.phase === 'acked' || delivery.phase === 'dead') delivery.mayBeSettled = true;
      if (delivery.phase !== 'ready' || delivery.attempt > 0 || delivery.redriven) delivery.phase = 'unknown';
    }
  }
}
