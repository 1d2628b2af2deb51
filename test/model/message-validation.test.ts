import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS, resolveLimits } from '../../src/model/limits.ts';
import type { Message } from '../../src/model/message.ts';
import { validateMessage } from '../../src/model/message-validation.ts';

const validate = (message: unknown, limits = DEFAULT_LIMITS) => validateMessage(message as Message, limits);
const withField = (field: Record<string, unknown>) => validate({ topic: 't', body: 'x', ...field });
const TERMS = ['deliverAtMs', 'delayMs', 'delayLevel', 'priority', 'ttlMs', 'dedupKey'];
const code = (expected: string) => expect.objectContaining({ code: expected });

describe('a message', () => {
  test('with a topic and a body is a draft of them', () => {
    expect(validate({ topic: 't', body: 'x' })).toEqual({
      topic: 't',
      body: 'x',
      tag: undefined,
      keys: [],
      properties: undefined,
      messageGroup: undefined,
      partitionKey: undefined,
      terms: undefined,
    });
  });

  test('keeps every field', () => {
    const body = Uint8Array.of(1, 2);
    const draft = validate({ topic: 't', body, tag: 'a', keys: ['k 1', 'k 1'], properties: { p: 'v', empty: '' }, messageGroup: 'g' });
    expect(draft).toMatchObject({ body, tag: 'a', keys: ['k 1', 'k 1'], messageGroup: 'g' });
    expect({ ...draft.properties }).toEqual({ p: 'v', empty: '' });
    expect(withField({ partitionKey: 'k' }).partitionKey).toBe('k');
  });

  test('copies keys and properties, so that later writes by the caller change nothing', () => {
    const keys = ['k'];
    const properties: Record<string, string> = { p: 'v' };
    const draft = withField({ keys, properties });
    keys[0] = 'other';
    properties['p'] = 'other';
    expect(draft.keys).toEqual(['k']);
    expect(draft.properties?.['p']).toBe('v');
  });

  test('may spell absence as undefined in every field', () => {
    const absent = {
      tag: undefined,
      keys: undefined,
      properties: undefined,
      messageGroup: undefined,
      delayMs: undefined,
      nonsense: undefined,
    };
    expect(withField(absent)).toEqual(validate({ topic: 't', body: 'x' }));
  });

  test.each(['topic', 'body', 'json', 'tag', 'keys', 'properties', 'messageGroup', 'partitionKey', 'nonsense', ...TERMS])(
    'never has null as its %s',
    (name) => {
      expect(() => withField({ [name]: null })).toThrow(code('MQ_ILLEGAL_ARGUMENT'));
    },
  );

  test.each(['tags', 'key', 'durability', '__proto__x'])('has no field %s', (name) => {
    expect(() => withField({ [name]: 'x' })).toThrow(code('MQ_ILLEGAL_ARGUMENT'));
    expect(() => withField({ [name]: 'x' })).toThrow(name);
  });

  test.each([undefined, null, 5, 'text', Symbol('s'), () => 1])('is not %o', (message) => {
    expect(() => validate(message)).toThrow(code('MQ_ILLEGAL_ARGUMENT'));
  });

  test('for an object that is no typed topic is refused', () => {
    expect(() => withField({ topic: { name: 't' } })).toThrow(code('MQ_ILLEGAL_ARGUMENT'));
  });
});

describe('a body', () => {
  test.each([
    {},
    { body: undefined },
    { body: 'x', json: 1 },
    { body: 5 },
    { body: [1] },
    { body: new Uint16Array(1) },
    { body: new ArrayBuffer(1) },
  ])('or json is needed, and only one: %o', (fields) => {
    expect(() => validate({ topic: 't', ...fields })).toThrow(code('MQ_ILLEGAL_ARGUMENT'));
  });

  test.each(['', new Uint8Array(0)])('is not empty', (body) => {
    expect(() => validate({ topic: 't', body })).toThrow(code('MQ_MESSAGE_BODY_EMPTY'));
  });

  test('is at most as large as the limit, counted in bytes of UTF-8', () => {
    const limits = resolveLimits({ maxBodyBytes: 6 });
    for (const body of ['éée1', '€€', '\u{1f600}ab', 'abcdef', new Uint8Array(6)])
      expect(validate({ topic: 't', body }, limits).body).toBe(body);
    for (const body of ['ééé1', '€€1', '\u{1f600}abc', 'abcdefg', new Uint8Array(7)]) {
      expect(() => validate({ topic: 't', body }, limits)).toThrow(code('MQ_MESSAGE_BODY_TOO_LARGE'));
      expect(() => validate({ topic: 't', body }, limits)).toThrow('7 bytes');
    }
    expect(() => validate({ topic: 't', json: 'abcde' }, limits)).toThrow(code('MQ_MESSAGE_BODY_TOO_LARGE'));
  });

  test('may be a Buffer, and an array of another realm', () => {
    const foreign: unknown = runInNewContext('new Uint8Array([1, 2])');
    expect(foreign).not.toBeInstanceOf(Uint8Array);
    expect(validate({ topic: 't', body: foreign }).body).toBe(foreign);
    expect(validate({ topic: 't', body: Buffer.from('x') }).body).toHaveLength(1);
  });

  test('is not an object that only pretends to be bytes', () => {
    const forged = { [Symbol.toStringTag]: 'Uint8Array', byteLength: 4 };
    expect(() => validate({ topic: 't', body: forged })).toThrow(code('MQ_ILLEGAL_ARGUMENT'));
  });

  test('with a lone surrogate is refused rather than changed', () => {
    expect(() => withField({ body: 'a\ud800' })).toThrow(code('MQ_ILLEGAL_ARGUMENT'));
  });

  test.each([
    [{ a: [1, null] }, '{"a":[1,null]}'],
    [0, '0'],
    [false, 'false'],
    ['', '""'],
    ['\ud800', '"\\ud800"'],
  ])('of json %j is its text', (json, text) => {
    expect(validate({ topic: 't', json }).body).toBe(text);
  });

  test.each([() => 1, Symbol('s'), { toJSON: () => undefined }])('of json without a text is refused: %o', (json) => {
    expect(() => validate({ topic: 't', json })).toThrow(code('MQ_ILLEGAL_ARGUMENT'));
  });

  test('of json that cannot be written has the reason as its cause', () => {
    const circular: { self?: unknown } = {};
    circular.self = circular;
    for (const json of [circular, 5n]) {
      expect(() => validate({ topic: 't', json })).toThrow(
        expect.objectContaining({ code: 'MQ_ILLEGAL_ARGUMENT', cause: expect.any(TypeError) }),
      );
    }
  });
});

describe('a tag', () => {
  test.each(['', ' ', '\u3000', 'a|b', 'a||b', 'a\u0000', 'a\u0085', 'a\udc00', 'a'.repeat(1025), 'é'.repeat(513)])('is not %j', (tag) => {
    expect(() => withField({ tag })).toThrow(code('MQ_ILLEGAL_MESSAGE_TAG'));
  });
  test.each(['a', 'é'.repeat(512), '\u{1f600}', 'a b', '*'])('may be %j', (tag) => {
    expect(withField({ tag }).tag).toBe(tag);
  });
  test('is a string', () => {
    expect(() => withField({ tag: 5 })).toThrow(code('MQ_ILLEGAL_ARGUMENT'));
  });
});

describe('keys', () => {
  test.each([[['']], [['a', ' ']], [['a\n']], [['\ud800']], [Array(65).fill('a')]])('are not %j', (keys) => {
    expect(() => withField({ keys })).toThrow(code('MQ_ILLEGAL_MESSAGE_KEY'));
  });
  test.each([['a'], [{ 0: 'a', length: 1 }], [[5]], [new Array(2)], [[null]]])('are an array of strings, not %j', (keys) => {
    expect(() => withField({ keys })).toThrow(code('MQ_ILLEGAL_ARGUMENT'));
  });
  test('are not told in error messages, for they may name persons', () => {
    expect(() => withField({ keys: ['secret\u0001'] })).toThrow(/^keys\[0\] (?!.*secret)/);
  });
  test('may be as many as the limit', () => {
    expect(withField({ keys: Array(64).fill('a') }).keys).toHaveLength(64);
  });
});

describe('properties', () => {
  test('may have the name __proto__, which changes no prototype', () => {
    const properties = JSON.parse('{"__proto__":"x","constructor":"y"}') as unknown;
    const draft = withField({ properties });
    expect(Object.entries(draft.properties ?? {})).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });

  test('are own enumerable strings only', () => {
    const properties = Object.create({ inherited: 'x' }, { own: { value: 'y', enumerable: true }, hidden: { value: 'z' } }) as object;
    expect(Object.keys(withField({ properties }).properties ?? {})).toEqual(['own']);
  });

  test('that are none are absent', () => {
    expect(withField({ properties: {} }).properties).toBeUndefined();
  });

  test.each([
    'KEYS',
    'TAGS',
    'UNIQ_KEY',
    'TIMER_DELIVER_MS',
    '__CRC32#',
    '1ST_POP_TIME',
    '__SHARDINGKEY',
    '__transactionId__',
    'TRACE_CONTEXT',
    'INNER_NUM',
  ])('do not have the reserved name %s', (name) => {
    expect(() => withField({ properties: { [name]: 'x' } })).toThrow(code('MQ_ILLEGAL_MESSAGE_PROPERTY_KEY'));
  });

  test.each([{ '': 'x' }, { 'a\u0001': 'x' }, { a: 'x\u0002' }, { a: '\n' }, { '\ud800': 'x' }, { a: '\udfff' }])(
    'are not %j',
    (properties) => {
      expect(() => withField({ properties })).toThrow(code('MQ_ILLEGAL_MESSAGE_PROPERTY_KEY'));
    },
  );

  test.each([{ a: 5 }, { a: null }, { a: undefined }, new Map([['a', 'x']]), ['x'], 'x', new Date()])(
    'are a plain object of strings, not %o',
    (properties) => {
      expect(() => withField({ properties })).toThrow(code('MQ_ILLEGAL_ARGUMENT'));
    },
  );

  test('are limited in number', () => {
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, 'x']));
    expect(Object.keys(withField({ properties: many(128) }).properties ?? {})).toHaveLength(128);
    expect(() => withField({ properties: many(129) })).toThrow(code('MQ_MESSAGE_PROPERTIES_TOO_LARGE'));
  });

  test('are limited in bytes, together with tag and keys', () => {
    const limits = resolveLimits({ maxPropertiesBytes: 10 });
    const message = (value: string) => ({ topic: 't', body: 'x', tag: 'é', keys: ['kk', 'k'], properties: { p: value } });
    expect({ ...validate(message('éé'), limits).properties }).toEqual({ p: 'éé' });
    expect(() => validate(message('éé1'), limits)).toThrow(code('MQ_MESSAGE_PROPERTIES_TOO_LARGE'));
    expect(() => validate(message('éé1'), limits)).toThrow('11 bytes');
  });
});

describe.each(['messageGroup', 'partitionKey'])('a %s', (field) => {
  test.each(['a', 'a'.repeat(63), 'é'.repeat(31), '\u{1f600}'.repeat(15), 'a b'])('may be %j', (value) => {
    expect(withField({ [field]: value })).toMatchObject({ [field]: value });
  });
  test.each(['', ' ', 'a'.repeat(64), 'é'.repeat(32), 'a\u0007', '\ud800'])('is not %j', (value) => {
    expect(() => withField({ [field]: value })).toThrow(code('MQ_ILLEGAL_MESSAGE_GROUP'));
    expect(() => withField({ [field]: value })).toThrow(field);
  });
  test('is a string', () => {
    expect(() => withField({ [field]: 5 })).toThrow(code('MQ_ILLEGAL_ARGUMENT'));
  });
});

// They were looked for among the enumerable names, where no getter of a class is: the message was sent at once, and as often as it was sent.
test('an object of a class may answer when and how often it counts by getters', () => {
  class Reminder {
    readonly topic = 'reminders';
    readonly body = 'x';
    get delayMs(): number {
      return 60_000;
    }
    get dedupKey(): string {
      return 'once';
    }
  }
  expect(validate(new Reminder()).terms).toMatchObject({ delivery: { kind: 'delay', delayMs: 60_000 }, dedupKey: 'once' });
});

test('a message group and a partition key exclude each other', () => {
  expect(() => withField({ messageGroup: 'g', partitionKey: 'k' })).toThrow(code('MQ_ILLEGAL_ARGUMENT'));
});
