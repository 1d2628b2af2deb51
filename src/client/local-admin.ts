import type { Delivery } from '../delivery/delivery.ts';
import type {
  Admin,
  DeadLetter,
  DelayedMessage,
  GroupProgress,
  ListTransactionsRequest,
  OffsetReset,
  Page,
  PageRequest,
  PurgeResult,
  RedriveRequest,
  RedriveResult,
  ResetOffsetRequest,
  TransactionInfo,
} from '../model/admin.ts';
import type { BrokerStats } from '../model/broker-stats.ts';
import { notSupported } from '../model/errors.ts';
import type { GroupInfo, GroupOptions } from '../model/group.ts';
import type { TopicInfo, TopicOptions } from '../model/topic.ts';
import { DeadLetterAdmin } from './dead-letter-admin.ts';
import { DelayAdmin } from './delay-admin.ts';
import { GroupAdmin } from './group-admin.ts';
import { TopicAdmin } from './topic-admin.ts';
import { TransactionAdmin } from './transaction-admin.ts';

/** Methods of the contract that later versions bring: callable, and refused with their name. */
const PLANNED = ['getMessage', 'findMessages', 'readQueue', 'trackMessage', 'compact', 'verify', 'backup'] as const;

/** Administration of a broker in this process. Every method answers a promise, also for what is wrong with the call. */
export class LocalAdmin implements Admin {
  readonly #delivery: Delivery;
  readonly #topics: TopicAdmin;
  readonly #delays: DelayAdmin;
  readonly #transactions: TransactionAdmin;
  readonly #groups: GroupAdmin;
  readonly #deadLetters: DeadLetterAdmin;
  readonly #stats: () => BrokerStats;

  constructor(delivery: Delivery, stats: () => BrokerStats) {
    this.#delivery = delivery;
    this.#topics = new TopicAdmin(delivery);
    this.#delays = new DelayAdmin(delivery);
    this.#transactions = new TransactionAdmin(delivery);
    this.#groups = new GroupAdmin(delivery);
    this.#deadLetters = new DeadLetterAdmin(delivery);
    this.#stats = stats;
    for (const name of PLANNED) {
      Object.defineProperty(this, name, { value: () => Promise.reject(notSupported(`admin.${name}`)), enumerable: false });
    }
  }

  createTopic(name: string, options?: TopicOptions): Promise<TopicInfo> {
    return this.#open(() => this.#topics.createTopic(name, options));
  }

  updateTopic(name: string, options: TopicOptions): Promise<TopicInfo> {
    return this.#open(() => this.#topics.updateTopic(name, options));
  }

  deleteTopic(name: string): Promise<void> {
    return this.#open(() => this.#topics.deleteTopic(name));
  }

  getTopic(name: string): Promise<TopicInfo | undefined> {
    return this.#open(() => this.#topics.getTopic(name));
  }

  listTopics(page?: PageRequest): Promise<Page<TopicInfo>> {
    return this.#open(() => this.#topics.listTopics(page));
  }

  createGroup(name: string, options?: GroupOptions): Promise<GroupInfo> {
    return this.#open(() => this.#groups.createGroup(name, options));
  }

  updateGroup(name: string, options: GroupOptions): Promise<GroupInfo> {
    return this.#open(() => this.#groups.updateGroup(name, options));
  }

  deleteGroup(name: string): Promise<void> {
    return this.#open(() => this.#groups.deleteGroup(name));
  }

  getGroup(name: string): Promise<GroupInfo | undefined> {
    return this.#open(() => this.#groups.getGroup(name));
  }

  listGroups(page?: PageRequest): Promise<Page<GroupInfo>> {
    return this.#open(() => this.#groups.listGroups(page));
  }

  getGroupProgress(group: string): Promise<GroupProgress[]> {
    return this.#open(() => this.#groups.getGroupProgress(group));
  }

  resetOffset(group: string, request: ResetOffsetRequest): Promise<OffsetReset[]> {
    return this.#open(() => this.#groups.resetOffset(group, request));
  }

  listDeadLetters(group: string, page?: PageRequest): Promise<Page<DeadLetter>> {
    return this.#open(() => this.#deadLetters.listDeadLetters(group, page));
  }

  redriveDeadLetters(group: string, request?: RedriveRequest): Promise<RedriveResult> {
    return this.#open(() => this.#deadLetters.redriveDeadLetters(group, request));
  }

  purgeDeadLetters(group: string): Promise<PurgeResult> {
    return this.#open(() => this.#deadLetters.purgeDeadLetters(group));
  }

  listDelayed(topic: string, page?: PageRequest): Promise<Page<DelayedMessage>> {
    return this.#open(() => this.#delays.listDelayed(topic, page));
  }

  listTransactions(request?: ListTransactionsRequest, page?: PageRequest): Promise<Page<TransactionInfo>> {
    return this.#open(() => this.#transactions.listTransactions(request, page));
  }

  resolveTransaction(transactionId: string, outcome: 'commit' | 'rollback'): Promise<void> {
    return this.#open(() => this.#transactions.resolveTransaction(transactionId, outcome));
  }

  /** Answers also while the broker is failed or closed. */
  stats(): Promise<BrokerStats> {
    return Promise.resolve(this.#stats());
  }

  async #open<T>(work: () => Promise<T>): Promise<T> {
    this.#delivery.context.assertOpen();
    return await work();
  }
}
