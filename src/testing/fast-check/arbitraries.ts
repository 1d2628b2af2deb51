import * as fc from 'fast-check';
import type { Message } from '../../index.ts';

const NAME_CHARACTERS = [...'%|_-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'];
const SYSTEM_NAME =
  /^(rmq_sys_|CID_RMQ_SYS_|TBW102$|SCHEDULE_TOPIC_XXXX$|BenchmarkTest$|RMQ_SYS_|TRANS_CHECK_MAX_TIME_TOPIC$|SELF_TEST_TOPIC$|OFFSET_MOVED_EVENT$|CHECKPOINT_TOPIC$)/;
/** Property names that RocketMQ keeps for itself are in capitals or begin with two underscores. */
const SYSTEM_PROPERTY = /^([A-Z0-9_#]+|__.*)$/;

/**
 * What a message of `arbitraries.message` may be; what is absent is arbitrary.
 * @public
 * @since 0.1.0
 */
export interface MessageConstraints {
  /** A topic, or several to choose from. */
  readonly topic?: string | readonly string[] | undefined;
  /** Whether messages have a message group: always, never, or now and then (default). */
  readonly messageGroups?: 'always' | 'never' | 'sometimes' | undefined;
  /** Message groups to choose from; default three short names, so that they repeat. */
  readonly groups?: readonly string[] | undefined;
  /** Tags to choose from; default arbitrary ones. */
  readonly tags?: readonly string[] | undefined;
  /** Largest body in bytes; default 200. */
  readonly maxBodyBytes?: number | undefined;
}

function name(maxLength: number): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(...NAME_CHARACTERS), minLength: 1, maxLength }).filter((text) => !SYSTEM_NAME.test(text));
}

/** Text without control characters and lone surrogates that is not blank and takes at most so many bytes. */
function word(maxBytes: number): fc.Arbitrary<string> {
  return fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: maxBytes })
    .filter((text) => text.trim() !== '' && !/[\p{Cc}\p{Cs}]/u.test(text) && new TextEncoder().encode(text).length <= maxBytes);
}

function tag(): fc.Arbitrary<string> {
  return word(24).filter((text) => !text.includes('|') && text.trim() === text && text !== '*');
}

function tagExpression(tags?: readonly string[]): fc.Arbitrary<string> {
  const one = tags === undefined ? tag() : fc.constantFrom(...tags);
  const many = fc.tuple(fc.array(one, { minLength: 1, maxLength: 4 }), fc.constantFrom('||', ' || ', ' ||'));
  return fc.oneof(
    fc.constant('*'),
    many.map(([parts, separator]) => parts.join(separator)),
  );
}

function properties(): fc.Arbitrary<Record<string, string>> {
  const key = word(16).filter((text) => !SYSTEM_PROPERTY.test(text));
  return fc.dictionary(key, fc.oneof(fc.constant(''), word(32)), { maxKeys: 4, noNullPrototype: true });
}

function body(maxBytes: number): fc.Arbitrary<Pick<Message, 'body'> | Pick<Message, 'json'>> {
  const text = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: Math.max(1, Math.floor(maxBytes / 4)) })
    .filter((value) => !/\p{Cs}/u.test(value));
  return fc.oneof(
    text.map((value) => ({ body: value })),
    fc.uint8Array({ minLength: 1, maxLength: maxBytes }).map((value) => ({ body: value })),
    fc.jsonValue({ maxDepth: 2 }).map((value) => ({ json: value ?? 'null' })),
  );
}

function message(constraints: MessageConstraints = {}): fc.Arbitrary<Message> {
  const { topic: topics, messageGroups = 'sometimes', groups = ['a', 'b', 'c'], tags, maxBodyBytes = 200 } = constraints;
  const topic = topics === undefined ? name(127) : fc.constantFrom(...(typeof topics === 'string' ? [topics] : topics));
  const groupOrNot = { always: [1, 0], never: [0, 1], sometimes: [1, 1] }[messageGroups] as [number, number];
  return fc
    .record(
      {
        topic,
        content: body(maxBodyBytes),
        tag: tags === undefined ? tag() : fc.constantFrom(...tags),
        keys: fc.array(word(16), { maxLength: 3 }),
        properties: properties(),
        messageGroup: fc.oneof(
          { weight: groupOrNot[0], arbitrary: fc.constantFrom(...groups) },
          { weight: groupOrNot[1], arbitrary: fc.constant(undefined) },
        ),
      },
      { requiredKeys: ['topic', 'content', 'messageGroup'] },
    )
    .map(({ content, ...rest }) => ({ ...rest, ...content }));
}

/**
 * Values of PocketMQ's contract for fast-check; each is accepted by a broker with the default limits.
 * @public
 * @since 0.1.0
 */
export const arbitraries: {
  /** A message that can be sent. */
  readonly message: (constraints?: MessageConstraints) => fc.Arbitrary<Message>;
  /** The name of a topic. */
  readonly topic: () => fc.Arbitrary<string>;
  /** The name of a consumer group. */
  readonly group: () => fc.Arbitrary<string>;
  /** A tag. */
  readonly tag: () => fc.Arbitrary<string>;
  /** A tag expression, of the given tags if there are any. */
  readonly tagExpression: (tags?: readonly string[]) => fc.Arbitrary<string>;
  /** A message group, at most 63 bytes. */
  readonly messageGroup: () => fc.Arbitrary<string>;
  /** Properties of a message. */
  readonly properties: () => fc.Arbitrary<Record<string, string>>;
} = {
  message,
  topic: () => name(127),
  group: () => name(120),
  tag,
  tagExpression,
  messageGroup: () => word(63),
  properties,
};
