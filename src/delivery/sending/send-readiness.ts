import { BrokerError } from '../../model/errors.ts';
import type { MessageDraft } from '../../model/message-validation.ts';
import { checkTopicType } from '../../model/topic.ts';
import type { TopicType } from '../../model/topic-type.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import type { Topic } from '../topic.ts';
import type { Topics } from '../topics.ts';
import { chooseQueue } from './queue-selection.ts';
import type { Route } from './route.ts';
import type { SendGate } from './send-gate.ts';
import { SendOrder, type Turn } from './send-order.ts';
import { withinLimits } from './within-limits.ts';

/** How the topics of messages come to be. */
export interface TopicTerms {
  readonly timeoutMs: number;
  /** What typed topics become when this call is what creates them, by name; absent for most. */
  readonly topicTypes?: ReadonlyMap<string, TopicType> | undefined;
}

/** What has to be there before messages of a send or of an atomic unit join the log: their topics, room, and those that were called before. */
export class SendReadiness {
  readonly #context: DeliveryContext;
  readonly #topics: Topics;
  readonly #gate: SendGate;
  readonly #order = new SendOrder();

  constructor(context: DeliveryContext, topics: Topics, gate: SendGate) {
    this.#context = context;
    this.#topics = topics;
    this.#gate = gate;
  }

  /** The topic of a message where it is there already. */
  loaded(topic: string): Topic | undefined {
    return this.#topics.loaded(topic);
  }

  /** Whether a message must not join the log at once, because others of its message group wait. */
  holds(draft: MessageDraft): boolean {
    return this.#order.holds(draft);
  }

  /** A place behind those of the same message groups that wait, which keeps others behind; nothing where nothing is to be waited for. */
  turnOf(drafts: readonly MessageDraft[], hasKeys: boolean): Turn | undefined {
    return hasKeys || drafts.some((draft) => this.holds(draft)) ? this.#order.enter(drafts) : undefined;
  }

  /** Whether the topics of messages are there, and room for them: the usual case, in which nothing has to be waited for. */
  isPrepared(drafts: readonly MessageDraft[], bytes: number): boolean {
    return drafts.every(({ topic }) => this.#topics.loaded(topic) !== undefined) && this.#gate.isOpen(bytes);
  }

  /** Resolves when the topics of messages are there and there is room for them: what happens in the same turn meets both. */
  async prepare(drafts: readonly MessageDraft[], { bytes, ...terms }: TopicTerms & { readonly bytes: number }): Promise<void> {
    await this.obtainTopics(drafts, terms);
    if (!this.#gate.isOpen(bytes)) await this.#gate.enter(bytes, { onFull: 'wait', timeoutMs: terms.timeoutMs, signal: undefined });
    this.#context.assertOpen();
  }

  /** A topic whose creation takes longer than the call may is created all the same; the send has stored nothing. */
  async obtainTopics(drafts: readonly MessageDraft[], { timeoutMs, topicTypes }: TopicTerms): Promise<void> {
    const missing = [...new Set(drafts.map(({ topic }) => topic))].filter((topic) => this.#topics.loaded(topic) === undefined);
    const obtained = (async (): Promise<void> => {
      for (const topic of missing) await this.#topics.obtain(topic, topicTypes?.get(topic));
    })();
    await withinLimits(this.#context.clock, obtained, { timeoutMs, signal: undefined });
  }

  /** The topic of a message, which is loaded and accepts it. */
  topicOf(draft: MessageDraft, isTransactional = false): Topic {
    const topic = this.#topics.loaded(draft.topic);
    if (topic === undefined)
      throw new BrokerError('MQ_TOPIC_NOT_FOUND', `Topic ${JSON.stringify(draft.topic)} was deleted while the send waited`);
    checkTopicType(draft.topic, topic.record.options.type, draft, isTransactional);
    return topic;
  }

  /** Where a message goes; its topic is loaded. */
  route(draft: MessageDraft, isTransactional = false): Route {
    return chooseQueue(this.topicOf(draft, isTransactional), draft);
  }
}
