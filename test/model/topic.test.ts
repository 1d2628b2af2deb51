import { describe, expect, test } from 'vitest';
import { checkTopicType, messageTypeOf, resolveTopicOptions, type TopicOptions } from '../../src/model/topic.ts';

const none = { delivery: undefined, priority: undefined, ttlMs: undefined, dedupKey: undefined };
const plain = { messageGroup: undefined, terms: undefined };
const lasting = { messageGroup: undefined, terms: { ...none, ttlMs: 1 } };
const grouped = { messageGroup: 'g', terms: undefined };
const delayed = { messageGroup: undefined, terms: { ...none, delivery: { kind: 'delay', delayMs: 0 } } } as const;
const urgent = { messageGroup: undefined, terms: { ...none, priority: 0 } };

describe('topic options', () => {
  test('default to a mixed topic with four queues', () => {
    expect(resolveTopicOptions(undefined)).toEqual({ type: 'mixed', queueCount: 4 });
    expect(resolveTopicOptions({ type: undefined, retention: false })).toEqual({ type: 'mixed', queueCount: 4 });
  });

  test('take what is absent from the given defaults', () => {
    expect(resolveTopicOptions({ queueCount: 8 }, { type: 'fifo', queueCount: 2 })).toEqual({ type: 'fifo', queueCount: 8 });
  });

  test.each([0, -1, 1025, 1.5, Number.NaN, '4', null])('refuse %o queues', (queueCount) => {
    expect(() => resolveTopicOptions({ queueCount } as TopicOptions)).toThrow(expect.objectContaining({ code: 'MQ_ILLEGAL_ARGUMENT' }));
  });

  test.each([1, 1024])('accept %i queues', (queueCount) => {
    expect(resolveTopicOptions({ queueCount }).queueCount).toBe(queueCount);
  });

  test.each([
    [{ retention: { maxAgeMs: 5 } }, 'retention'],
    [{ retention: true }, 'retention'],
  ])('name what is not built yet: %j', (options, name) => {
    const attempt = () => resolveTopicOptions(options as TopicOptions);
    expect(attempt).toThrow(expect.objectContaining({ code: 'MQ_NOT_SUPPORTED' }));
    expect(attempt).toThrow(name);
  });

  test.each([0, -1, 1.5, '5', null])('refuse a time of %o', (ms) => {
    for (const options of [{ ttlMs: ms }, { dedupWindowMs: ms }])
      expect(() => resolveTopicOptions(options as TopicOptions)).toThrow(expect.objectContaining({ code: 'MQ_ILLEGAL_ARGUMENT' }));
  });

  test('keep a time to live and a window where they are given', () => {
    const options = { type: 'delay', queueCount: 4, ttlMs: 5, dedupWindowMs: 6 } as const;
    expect(resolveTopicOptions({ type: 'delay', ttlMs: 5, dedupWindowMs: 6 })).toEqual(options);
    expect(resolveTopicOptions({ dedupWindowMs: 7 }, options)).toEqual({ ...options, dedupWindowMs: 7 });
  });

  test.each([null, 'fifo', [], { type: 'FIFO' }, { type: null }, { queues: 4 }])('are not %j', (options) => {
    expect(() => resolveTopicOptions(options as TopicOptions)).toThrow(expect.objectContaining({ code: 'MQ_ILLEGAL_ARGUMENT' }));
  });
});

describe('the type of a topic', () => {
  test('is that of a message by its message group', () => {
    expect([plain, lasting, grouped, delayed, urgent].map((message) => messageTypeOf(message, false))).toEqual([
      'normal',
      'normal',
      'fifo',
      'delay',
      'priority',
    ]);
    expect(messageTypeOf(grouped, true)).toBe('transaction');
  });

  test('accepts messages of its own type, and any when it is mixed', () => {
    expect(() => {
      checkTopicType('t', 'normal', plain, false);
      checkTopicType('t', 'normal', lasting, false);
      checkTopicType('t', 'fifo', grouped, false);
      checkTopicType('t', 'delay', delayed, false);
      checkTopicType('t', 'transaction', plain, true);
      for (const message of [plain, lasting, grouped, delayed]) checkTopicType('t', 'mixed', message, true);
      for (const message of [plain, lasting, delayed, urgent]) checkTopicType('t', 'priority', message, true);
    }).not.toThrow();
  });

  // It named the delivery time, which a priority topic does accept.
  test('of a priority topic names the message group as what it does not accept', () => {
    for (const isTransactional of [false, true])
      expect(() => checkTopicType('orders', 'priority', { ...delayed, messageGroup: 'g' }, isTransactional)).toThrow(
        /does not accept a message with a messageGroup/,
      );
  });

  test.each([
    ['normal', grouped],
    ['normal', delayed],
    ['fifo', plain],
    ['delay', plain],
    ['transaction', plain],
    ['priority', grouped],
    ['mixed', urgent],
    ['normal', urgent],
  ] as const)('%s refuses another, and names itself and the call that changes it', (type, message) => {
    const attempt = () => checkTopicType('orders', type, message, false);
    expect(attempt).toThrow(expect.objectContaining({ code: 'MQ_MESSAGE_PROPERTY_CONFLICT_WITH_TYPE' }));
    expect(attempt).toThrow(`'${type}'`);
    expect(attempt).toThrow(/admin\.(updateTopic\("orders"|createTopic)/);
  });
});
