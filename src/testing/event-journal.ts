import { EventEmitter } from 'eventemitter3';
import type { BrokerEvents, Clock } from '../index.ts';
import type { ClockWatch } from './manual-clock.ts';

type Payload<Name extends keyof BrokerEvents> = Parameters<BrokerEvents[Name]>[0];

/**
 * One thing that a test broker told: its kind, when, and what.
 * @public
 * @since 0.1.0
 */
export type RecordedEvent<Name extends keyof BrokerEvents = keyof BrokerEvents> = {
  [Kind in Name]: {
    /** The name of the event. */
    readonly kind: Kind;
    /** By the wall clock of the broker, milliseconds since the epoch. */
    readonly atMs: number;
    /** What a listener of the event gets. */
    readonly event: Parameters<BrokerEvents[Kind]>[0];
  };
}[Name];

/** Every event that a broker has. */
const KINDS: { readonly [Name in keyof BrokerEvents]: true } = {
  sent: true,
  delivered: true,
  acked: true,
  failed: true,
  deadLettered: true,
  dropped: true,
  expired: true,
  recalled: true,
  transactionParked: true,
  unsettledLimit: true,
  topicCreated: true,
  groupCreated: true,
  damage: true,
  state: true,
  error: true,
};

/**
 * Hears everything that the brokers of one test broker say, one after the other, remembers it and passes it on. Broadcast consumers leave no other
 * trace of their work, so that a clock watches the journal beside the storage.
 */
export class EventJournal implements ClockWatch {
  /** Where a test listens; it outlives crashes. */
  readonly events: EventEmitter<BrokerEvents> = new EventEmitter();
  readonly pending = 0;
  activity = 0;
  readonly #clock: Clock;
  #recorded: RecordedEvent[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Listens to a broker that has just been opened. */
  follow(events: EventEmitter<BrokerEvents>): void {
    for (const kind of Object.keys(KINDS) as (keyof BrokerEvents)[]) this.#followKind(events, kind);
  }

  of(topic: string): RecordedEvent[] {
    return this.#recorded.filter((recorded) => topicOf(recorded) === topic);
  }

  all(): readonly RecordedEvent[] {
    return this.#recorded;
  }

  forget(): void {
    this.#recorded = [];
  }

  #followKind<Name extends keyof BrokerEvents>(events: EventEmitter<BrokerEvents>, kind: Name): void {
    const listener = (event: Payload<Name>): void => {
      this.activity++;
      this.#recorded.push({ kind, atMs: this.#clock.now(), event } as RecordedEvent);
      (this.events as unknown as EventEmitter).emit(kind, event);
    };
    events.on(kind, listener as EventEmitter.EventListener<BrokerEvents, Name>);
  }
}

function topicOf(recorded: RecordedEvent): string | undefined {
  switch (recorded.kind) {
    case 'sent':
    case 'delivered':
    case 'acked':
    case 'deadLettered':
    case 'dropped':
    case 'expired':
    case 'recalled':
    case 'unsettledLimit':
    case 'topicCreated':
      return recorded.event.topic;
    case 'failed':
      return recorded.event.message.topic;
    case 'groupCreated':
    case 'transactionParked':
    case 'damage':
    case 'state':
    case 'error':
      return undefined;
    default:
      return recorded satisfies never;
  }
}
