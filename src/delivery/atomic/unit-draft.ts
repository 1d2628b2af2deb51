import type { AtomicUnit } from '../../model/atomic-unit.ts';
import { BrokerError, illegalArgument } from '../../model/errors.ts';
import type { Message, MessageView } from '../../model/message.ts';
import type { MessageDraft } from '../../model/message-validation.ts';
import { quoted } from '../../model/quoted.ts';
import { storeKey } from '../../model/store-key.ts';
import type { TopicType } from '../../model/topic-type.ts';
import { isTopic } from '../../model/typed-topic.ts';
import { isWellFormed } from '../../model/utf8.ts';
import type { ApplicationChange } from '../../storage/log/application-record.ts';
import type { DeliveryContext } from '../delivery-context.ts';
import { draftOf, withOwnBody } from '../sending/message-drafts.ts';
import { type NamedDelivery, namedDelivery } from '../views/named-delivery.ts';

const encoder = new TextEncoder();
const NO_VALUES: ReadonlyMap<string, ApplicationChange> = new Map();

/** What an atomic unit has been asked for, checked and with bytes of its own. */
export class UnitDraft implements AtomicUnit {
  /** The same one may be there more than once. */
  readonly acks: NamedDelivery[] = [];
  readonly messages: MessageDraft[] = [];
  readonly #context: DeliveryContext;
  #topicTypes: Map<string, TopicType> | undefined;
  #values: Map<string, ApplicationChange> | undefined;
  #bodyBytes = 0;
  #valueBytes = 0;
  #ended = false;

  constructor(context: DeliveryContext) {
    this.#context = context;
  }

  get isEmpty(): boolean {
    return this.acks.length === 0 && this.messages.length === 0 && this.values.size === 0;
  }

  /** What its typed topics become when the unit is what creates them, by name. */
  get topicTypes(): ReadonlyMap<string, TopicType> | undefined {
    return this.#topicTypes;
  }

  get values(): ReadonlyMap<string, ApplicationChange> {
    return this.#values ?? NO_VALUES;
  }

  /** Bytes of bodies, keys and values. */
  get bytes(): number {
    return this.#bodyBytes + this.#valueBytes;
  }

  /** Bytes of keys and values. */
  get valueBytes(): number {
    return this.#valueBytes;
  }

  /** It makes the store larger, so that it needs room as a send does; one that only acknowledges and deletes does not. */
  get needsRoom(): boolean {
    return this.messages.length > 0 || [...this.values.values()].some(({ value }) => value !== undefined);
  }

  /** The work is over: nothing is added any more. */
  end(): void {
    this.#ended = true;
  }

  ack(message: MessageView | readonly MessageView[]): void {
    this.#assertRunning('ack');
    const views = Array.isArray(message) ? (message as readonly MessageView[]) : [message as MessageView];
    // All of them are checked before the first is noted: the work may go on after a refusal.
    const named = views.map((view) => namedDelivery(view, this.#context.handles));
    for (const one of named) this.acks.push(one);
  }

  send(message: Message): void {
    this.#assertRunning('send');
    const draft = draftOf(this.#context, message);
    const { maxBatchMessages } = this.#context.limits;
    if (this.messages.length >= maxBatchMessages) throw tooLarge(`sends at most ${maxBatchMessages} messages (limits.maxBatchMessages)`);
    this.#assertRoom(draft.body.length);
    this.#bodyBytes += draft.body.length;
    const { topic } = message;
    if (isTopic(topic) && topic.type !== undefined) {
      this.#topicTypes ??= new Map();
      this.#topicTypes.set(topic.name, topic.type);
    }
    this.messages.push(withOwnBody(draft));
  }

  put(key: string, value: Uint8Array | string): void {
    this.#assertRunning('put');
    this.#change(key, { key: storeKey(key), value: this.#valueOf(value) });
  }

  delete(key: string): void {
    this.#assertRunning('delete');
    this.#change(key, { key: storeKey(key), value: undefined });
  }

  #change(key: string, change: ApplicationChange): void {
    const more = bytesOf(change) - bytesOf(this.values.get(key));
    this.#assertRoom(more);
    this.#valueBytes += more;
    this.#values ??= new Map();
    this.#values.set(key, change);
  }

  #assertRoom(moreBytes: number): void {
    const { maxBatchBytes } = this.#context.limits;
    if (moreBytes > 0 && this.bytes + moreBytes > maxBatchBytes)
      throw tooLarge(`has at most ${maxBatchBytes} bytes of bodies, keys and values (limits.maxBatchBytes)`);
  }

  #valueOf(value: unknown): Uint8Array {
    const limit = this.#context.limits.maxBodyBytes;
    let bytes: Uint8Array;
    if (typeof value === 'string' && isWellFormed(value)) bytes = encoder.encode(value);
    else if (ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === '[object Uint8Array]')
      bytes = new Uint8Array(value as Uint8Array);
    else throw illegalArgument(`A value of the application store must be a Uint8Array or a well-formed string, not ${quoted(value)}`);
    if (bytes.length <= limit) return bytes;
    throw new BrokerError(
      'MQ_PAYLOAD_TOO_LARGE',
      `A value of ${bytes.length} bytes exceeds limits.maxBodyBytes, ${limit}; cut it in parts`,
    );
  }

  #assertRunning(method: string): void {
    if (this.#ended)
      throw illegalArgument(`unit.${method} was called after the work of the atomic unit had ended; await it inside the work`);
  }
}

function bytesOf(change: ApplicationChange | undefined): number {
  return change === undefined ? 0 : change.key.length + (change.value?.length ?? 0);
}

function tooLarge(limit: string): BrokerError {
  return new BrokerError('MQ_PAYLOAD_TOO_LARGE', `An atomic unit ${limit}; use several`);
}
