import { expect, test } from 'vitest';
import type { StandardSchema } from '../../src/model/standard-schema.ts';
import { defineTopic, isTopic } from '../../src/model/typed-topic.ts';

const schema: StandardSchema = { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } };

function code(expected: string): unknown {
  return expect.objectContaining({ code: expected });
}

function define(...args: readonly unknown[]): unknown {
  return (defineTopic as (...all: readonly unknown[]) => unknown)(...args);
}

test('a topic is a plain value with what was given', () => {
  const topic = defineTopic('orders', { schema, type: 'fifo' });
  expect(topic).toMatchObject({ name: 'orders', schema, type: 'fifo' });
  expect(Object.keys(defineTopic('orders'))).toEqual(['name', '~topic']);
});

test('a topic never changes', () => {
  const topic = defineTopic('orders', { schema });
  expect(() => Object.assign(topic, { name: 'other' })).toThrow(TypeError);
  expect(() => Object.assign(topic, { type: 'fifo' })).toThrow(TypeError);
});

test('a topic of another copy of the package is one too', () => {
  expect(isTopic(structuredClone(defineTopic('orders')))).toBe(true);
  expect(isTopic({ name: 'orders' })).toBe(false);
});

test('a schema may be a function, as those of arktype are', () => {
  expect(defineTopic('orders', { schema: Object.assign(() => undefined, schema) }).name).toBe('orders');
});

test.each(['', 'a b', 'a/b', 'SCHEDULE_TOPIC_XXXX', 't'.repeat(128)])('the name %j is refused when it is defined', (name) => {
  expect(() => define(name)).toThrow(code('MQ_ILLEGAL_TOPIC'));
});

test.each([undefined, null, 5, {}, defineTopic('orders')])('the name %o is no text', (name) => {
  expect(() => define(name)).toThrow(code('MQ_ILLEGAL_ARGUMENT'));
});

test.each([
  null,
  'a',
  {},
  { '~standard': null },
  { '~standard': { version: 2, validate: () => undefined } },
  { '~standard': { version: 1 } },
  { parse: () => undefined },
  () => undefined,
])('the schema %o follows no Standard Schema', (wrong) => {
  expect(() => define('orders', { schema: wrong })).toThrow(code('MQ_ILLEGAL_ARGUMENT'));
});

test.each([null, 'a', [], { type: 'other' }, { schemas: schema }])('the options %o are refused', (options) => {
  expect(() => define('orders', options)).toThrow(code('MQ_ILLEGAL_ARGUMENT'));
});
