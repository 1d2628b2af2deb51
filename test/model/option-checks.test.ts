import { expect, test } from 'vitest';
import { checkFieldNames } from '../../src/model/option-checks.ts';

const known = new Set(['group', 'listener']);
const planned = new Set(['mode']);

test('an option that does not exist is refused with the names of those that do', () => {
  expect(() => checkFieldNames('The options of a push consumer', { group: 'a', handler: 1 }, known, planned)).toThrow(
    'There is no "handler" in the options of a push consumer; there are group, listener',
  );
});

test('an option that is not built yet is refused as such, and one that is undefined is absent', () => {
  expect(() => checkFieldNames('The options of a push consumer', { mode: 'broadcast' }, known, planned)).toThrow(
    expect.objectContaining({ code: 'MQ_NOT_SUPPORTED', message: expect.stringMatching(/^mode in the options of a push consumer/) }),
  );
  expect(() => checkFieldNames('The options of a push consumer', { mode: undefined, handler: undefined }, known, planned)).not.toThrow();
});
