import type { EventEmitter } from 'eventemitter3';
import type { Clock } from '../model/clock.ts';
import type { BrokerEvents } from '../model/events.ts';
import type { Limits } from '../model/limits.ts';
import type { Logger } from '../model/logger.ts';
import type { MessageIdSource } from '../model/message-id.ts';
import type { ProcessPort } from '../model/process-port.ts';
import type { DeadlineNode, UnsettledMessage } from '../storage/index/queue-progress.ts';
import type { BrokerTime } from '../storage/log/broker-time.ts';
import type { Store } from '../storage/store.ts';
import type { Arrivals } from './arrivals.ts';
import type { DeadlineQueue } from './deadline-queue.ts';
import type { DeliveryCounters } from './delivery-counters.ts';
import type { Suspects } from './queues/suspects.ts';
import type { TimerPort } from './timer-port.ts';
import type { TransactionCheckPort } from './transaction-port.ts';
import type { RecallHandles } from './views/recall-handle.ts';
import type { ReceiptHandles } from './views/receipt-handle.ts';

/** What every verb of the delivery room works with. */
export interface DeliveryContext {
  readonly store: Store;
  readonly clock: Clock;
  /** What the wall clock read at the opening. */
  readonly openedAtMs: number;
  /** By which windows run; that of the log. */
  readonly time: BrokerTime;
  /** By which delays run; when they are due is stored in it, and so it goes on where the process before has left it. */
  readonly delayTime: BrokerTime;
  readonly process: ProcessPort;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly events: EventEmitter<BrokerEvents>;
  readonly ids: MessageIdSource;
  readonly handles: ReceiptHandles;
  readonly deadlines: DeadlineQueue<UnsettledMessage>;
  /** Calls of send that have not been answered. */
  readonly sendDeadlines: DeadlineQueue<DeadlineNode & { timeOut(): void }>;
  readonly suspects: Suspects;
  readonly arrivals: Arrivals;
  readonly timers: TimerPort;
  readonly transactionChecks: TransactionCheckPort;
  readonly recallHandles: RecallHandles;
  readonly counters: DeliveryCounters;
  /** `memory` caps what receipts claim. */
  readonly storage: 'disk' | 'memory';
  /** Rejects with the reason once the broker no longer serves. */
  assertOpen(): void;
}
