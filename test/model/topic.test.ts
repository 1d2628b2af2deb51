import { describe, expect, test } from 'vitest';
import { checkTopicType, messageTypeOf, resolveTopicOptions, type TopicOptions } from '../../src/model/topic.ts';

const plain = { messageGroup: undefined };
const grouped = { messageGroup: 'g' };

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
    [{ type: 'delay' }, 'delay'],
    [{ type: 'transaction' }, 'transaction'],
    [{ type: 'priority' }, 'priority'],
    [{ ttlMs: 5 }, 'ttlMs'],
    [{ dedupWindowMs: 5 }, 'dedupWindowMs'],
    [{ retention: { maxAgeMs: 5 } }, 'retention'],
    [{ retention: true }, 'retention'],
  ])('name what is not built yet: %j', (options, name) => {
    const attempt = () => resolveTopicOptions(options as TopicOptions);
    expect(attempt).toThrow(expect.objectContaining({ code: 'MQ_NOT_SUPPORTED' }));
    expect(attempt).toThrow(name);
  });

  test.each([null, 'fifo', [], { type: 'FIFO' }, { type: null }, { queues: 4 }])('are not %j', (options) => {
    expect(() => resolveTopicOptions(options as TopicOptions)).toThrow(expect.objectContaining({ code: 'MQ_ILLEGAL_ARGUMENT' }));
  });
});

describe('the type of a topic', () => {
  test('is that of a message by its message group', () => {
    expect([messageTypeOf(plain), messageTypeOf(grouped)]).toEqual(['normal', 'fifo']);
  });

  test('accepts messages of its own type, and any when it is mixed', () => {
    expect(() => {
      checkTopicType('t', 'normal', plain);
      checkTopicType('t', 'fifo', grouped);
      checkTopicType('t', 'mixed', plain);
      checkTopicType('t', 'mixed', grouped);
    }).not.toThrow();
  });

  test.each([
    ['normal', grouped],
    ['fifo', plain],
  ] as const)('%s refuses the other, and names itself and the call that changes it', (type, message) => {
    const attempt = () => checkTopicType('orders', type, message);
    expect(attempt).toThrow(expect.objectContaining({ code: 'MQ_MESSAGE_PROPERTY_CONFLICT_WITH_TYPE' }));
    expect(attempt).toThrow(`'${type}'`);
    expect(attempt).toThrow('admin.updateTopic("orders"');
  });
});
