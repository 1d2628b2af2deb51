import type { Delivery } from '../delivery/delivery.ts';
import type { GroupMember } from '../delivery/groups/group-member.ts';
import { BrokerError } from '../model/errors.ts';
import type { PendingReceives } from './pending-receives.ts';

/** What a consumer that asks for messages is made of. */
export interface AskingParts<Member extends GroupMember> {
  readonly member: Member;
  /** Its calls that wait for a message. */
  readonly pending: PendingReceives;
  /** Called once, when it begins to close. */
  readonly onClose: (consumer: AskingConsumer<Member>) => void;
}

/** The life of a consumer that asks for messages, whatever it asks for. Nothing of it shows on the object that an application holds. */
export abstract class AskingConsumer<Member extends GroupMember> {
  readonly #delivery: Delivery;
  readonly #parts: AskingParts<Member>;
  #closing: Promise<void> | undefined;

  protected constructor(delivery: Delivery, parts: AskingParts<Member>) {
    this.#delivery = delivery;
    this.#parts = parts;
  }

  protected get delivery(): Delivery {
    return this.#delivery;
  }

  protected get member(): Member {
    return this.#parts.member;
  }

  protected get pending(): PendingReceives {
    return this.#parts.pending;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  protected assertOpen(): void {
    this.#delivery.context.assertOpen();
    if (this.#closing !== undefined) throw closed();
  }

  async #close(): Promise<void> {
    const { pending, member, onClose } = this.#parts;
    pending.refuse(closed());
    onClose(this);
    await member.close();
  }
}

function closed(): BrokerError {
  return new BrokerError('MQ_BROKER_NOT_OPEN', 'The consumer is closed; create another one');
}
