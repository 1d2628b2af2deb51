import { describe, expect, test, vi } from 'vitest';
import { ERROR_CATALOGUE } from '../../src/model/error-catalogue.ts';
import type { BrokerErrorCode } from '../../src/model/error-code.ts';
import { BrokerError, InvariantViolation, illegalArgument, invariant, isBrokerError, notSupported } from '../../src/model/errors.ts';

describe('a broker error', () => {
  test('carries its code, cause and details, and takes status and retryability from the catalogue', () => {
    const cause = new Error('EAGAIN');
    const error = new BrokerError('MQ_STORE_LOCKED', 'held', { cause, details: { pid: 7 } });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ code: 'MQ_STORE_LOCKED', message: 'held', retryable: true, status: 50000, details: { pid: 7 } });
    expect(error.cause).toBe(cause);
    expect(String(error)).toBe('BrokerError: held');
    expect(error.stack).toMatch(/^BrokerError: held/);
  });

  test('without a cause has no property cause', () => {
    expect('cause' in new BrokerError('MQ_ABORTED', 'gone')).toBe(false);
  });

  test('does not show its name or brand among its own fields', () => {
    expect(Object.keys(new BrokerError('MQ_ABORTED', 'gone')).sort()).toEqual(['code', 'details', 'retryable', 'status']);
  });

  test('is recognised over two copies of the package', async () => {
    vi.resetModules();
    const copy = await import('../../src/model/errors.ts');
    const foreign: unknown = new copy.BrokerError('MQ_DISK_FULL', 'full');
    expect(foreign).not.toBeInstanceOf(BrokerError);
    expect(isBrokerError(foreign)).toBe(true);
  });

  test.each([undefined, null, 'MQ_ABORTED', new Error('x'), illegalArgument('x'), { code: 'MQ_ABORTED' }])('is not %o', (value) => {
    expect(isBrokerError(value)).toBe(false);
  });
});

test('a wrong call is a TypeError with its own code', () => {
  const cause = new Error('circular');
  const error = illegalArgument('json cannot be written', { cause });
  expect(error).toBeInstanceOf(TypeError);
  expect(error).toMatchObject({ code: 'MQ_ILLEGAL_ARGUMENT', message: 'json cannot be written', cause });
});

test('what is not built yet is named', () => {
  expect(notSupported('priority of a message')).toMatchObject({ code: 'MQ_NOT_SUPPORTED', status: 50100 });
  expect(notSupported('priority of a message').message).toContain('priority of a message');
});

test('an invariant that does not hold is a violation with its detail, and one that holds is nothing', () => {
  expect(() => invariant(true, 'never seen')).not.toThrow();
  expect(() => invariant(false, 'offset 3 where 4 was due')).toThrow(InvariantViolation);
  expect(() => invariant(undefined, 'offset 3 where 4 was due')).toThrow('offset 3 where 4 was due');
});

describe('the catalogue', () => {
  const entries = Object.entries(ERROR_CATALOGUE) as [BrokerErrorCode, (typeof ERROR_CATALOGUE)[BrokerErrorCode]][];

  test.each(entries)('describes %s', (code, { status, meaning, remedy }) => {
    expect(code).toMatch(/^MQ_[A-Z]+(_[A-Z]+)*$/);
    expect(status).toBeGreaterThanOrEqual(40000);
    expect(status).toBeLessThan(60000);
    expect(meaning).not.toBe('');
    expect(remedy).not.toBe('');
    expect(`${meaning}${remedy}`).not.toMatch(/\.$/);
  });

  test.each([
    ['MQ_ILLEGAL_TOPIC', 40002],
    ['MQ_ILLEGAL_CONSUMER_GROUP', 40003],
    ['MQ_ILLEGAL_MESSAGE_TAG', 40004],
    ['MQ_ILLEGAL_MESSAGE_KEY', 40005],
    ['MQ_ILLEGAL_MESSAGE_GROUP', 40006],
    ['MQ_ILLEGAL_MESSAGE_PROPERTY_KEY', 40007],
    ['MQ_INVALID_TRANSACTION_ID', 40008],
    ['MQ_ILLEGAL_FILTER_EXPRESSION', 40010],
    ['MQ_ILLEGAL_INVISIBLE_TIME', 40011],
    ['MQ_ILLEGAL_DELIVERY_TIME', 40012],
    ['MQ_INVALID_RECEIPT_HANDLE', 40013],
    ['MQ_MESSAGE_PROPERTY_CONFLICT_WITH_TYPE', 40014],
    ['MQ_ILLEGAL_OFFSET', 40019],
    ['MQ_MESSAGE_NOT_FOUND', 40401],
    ['MQ_TOPIC_NOT_FOUND', 40402],
    ['MQ_CONSUMER_GROUP_NOT_FOUND', 40403],
    ['MQ_REQUEST_TIMEOUT', 40800],
    ['MQ_MESSAGE_BODY_TOO_LARGE', 41301],
    ['MQ_MESSAGE_BODY_EMPTY', 41302],
    ['MQ_TOO_MANY_REQUESTS', 42900],
    ['MQ_MESSAGE_PROPERTIES_TOO_LARGE', 43101],
    ['MQ_NOT_SUPPORTED', 50100],
  ] as const)('gives %s the number of the protocol, %i', (code, status) => {
    expect(ERROR_CATALOGUE[code].status).toBe(status);
  });

  test('calls nothing retryable that the wire would call a client error, except throttling and timeouts', () => {
    const odd = entries.filter(([, { status, retryable }]) => retryable && status < 50000 && status !== 42900 && status !== 40800);
    expect(odd).toEqual([]);
  });
});
