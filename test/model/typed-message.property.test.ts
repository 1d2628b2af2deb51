import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import type { Message } from '../../src/model/message.ts';
import { type MessageDraft, validateMessage } from '../../src/model/message-validation.ts';
import type { StandardSchema } from '../../src/model/standard-schema.ts';
import { resolveTypedMessage, resolveTypedMessages } from '../../src/model/typed-message.ts';
import { defineTopic, type Topic } from '../../src/model/typed-topic.ts';
import { arbitraries } from '../../src/testing/fast-check/index.ts';

const identity: StandardSchema = schemaOf((value) => ({ value }));
const slowIdentity: StandardSchema = schemaOf((value) => Promise.resolve({ value }));

function schemaOf(validate: StandardSchema['~standard']['validate']): StandardSchema {
  return { '~standard': { version: 1, vendor: 'test', validate } };
}

function draftOf(message: Message): MessageDraft {
  return validateMessage(message, DEFAULT_LIMITS);
}

function typed(message: Message, schema?: StandardSchema): Message {
  const name = message.topic as string;
  const topic: Topic = schema === undefined ? defineTopic(name) : defineTopic(name, { schema });
  return { ...message, topic };
}

const messages = arbitraries.message();
const jsonMessages = fc
  .record({ message: messages, json: fc.jsonValue().filter((value) => value !== null) })
  .map(({ message: { body, ...rest }, json }): Message => ({ ...rest, json }));

describe('a message to a typed topic', () => {
  test('is that to its name, where the topic has no schema', () => {
    fc.assert(fc.property(messages, (message) => void expect(draftOf(typed(message))).toEqual(draftOf(message))));
  });

  test('is that to its name, where the schema changes nothing', () => {
    fc.assert(
      fc.property(jsonMessages, (message) => {
        expect(draftOf(typed(message, identity))).toEqual(draftOf(message));
        expect(draftOf(resolveTypedMessage(typed(message, identity)) as Message)).toEqual(draftOf(message));
      }),
    );
  });

  test('is that to its name, where the schema changes nothing and answers later', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(jsonMessages, { maxLength: 3 }), messages, async (some, other) => {
        const resolved = await resolveTypedMessages([...some.map((message) => typed(message, slowIdentity)), other]);
        // JSON that waited was written down when it was sent.
        expect(resolved.map(draftOf)).toEqual([...some, other].map(draftOf));
      }),
    );
  });
});

test('messages to names are answered as they are, without a copy', () => {
  fc.assert(
    fc.property(fc.array(messages, { maxLength: 3 }), (some) => {
      expect(resolveTypedMessages(some)).toBe(some);
      for (const message of some) expect(resolveTypedMessage(message)).toBe(message);
    }),
  );
});

test('what is no message is left to the check of messages', () => {
  for (const wrong of [null, undefined, 5, 'text', {}, { topic: null }, { topic: 5 }]) {
    expect(resolveTypedMessage(wrong as unknown as Message)).toBe(wrong);
    expect(resolveTypedMessages(wrong as unknown as Message[])).toBe(wrong);
  }
});

test('a message may be an object of a class that answers by getters', () => {
  class OrderMessage {
    readonly topic = defineTopic('orders', { schema: identity });
    readonly #customer = 'ada';
    get json(): unknown {
      return { id: 1 };
    }
    get messageGroup(): string {
      return this.#customer;
    }
  }
  expect(draftOf(new OrderMessage())).toMatchObject({ topic: 'orders', body: '{"id":1}', messageGroup: 'ada' });
});

test('who cannot wait is refused a schema that answers later, and nobody hears of its answer', () => {
  const unheard = defineTopic('orders', { schema: schemaOf(() => Promise.reject(new Error('late'))) });
  for (const topic of [defineTopic('orders', { schema: slowIdentity }), unheard]) {
    expect(() => draftOf({ topic, json: 1 })).toThrow(expect.objectContaining({ code: 'MQ_NOT_SUPPORTED' }));
  }
});
