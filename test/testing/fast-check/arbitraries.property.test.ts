import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../../src/index.ts';
import { validateMessage } from '../../../src/model/message-validation.ts';
import { validateGroupName, validateTopicName } from '../../../src/model/names.ts';
import { TagFilter } from '../../../src/model/tag-filter.ts';
import { arbitraries } from '../../../src/testing/fast-check/index.ts';

describe('arbitraries', () => {
  test('make messages that a broker accepts', () => {
    fc.assert(fc.property(arbitraries.message(), (message) => void validateMessage(message, DEFAULT_LIMITS)));
    const narrow = arbitraries.message({ topic: ['a', 'b'], messageGroups: 'always', groups: ['g'], tags: ['t'], maxBodyBytes: 10 });
    fc.assert(
      fc.property(narrow, (message) => {
        validateMessage(message, DEFAULT_LIMITS);
        expect(['a', 'b']).toContain(message.topic);
        expect(message.messageGroup).toBe('g');
        expect(['t', undefined]).toContain(message.tag);
      }),
    );
    fc.assert(fc.property(arbitraries.message({ messageGroups: 'never' }), (message) => message.messageGroup === undefined));
  });

  test('make names, tags and expressions that a broker accepts', () => {
    fc.assert(fc.property(arbitraries.topic(), (name) => validateTopicName(name, DEFAULT_LIMITS) === name));
    fc.assert(fc.property(arbitraries.group(), (name) => validateGroupName(name, DEFAULT_LIMITS) === name));
    fc.assert(fc.property(arbitraries.tagExpression(), (expression) => TagFilter.parse(expression, DEFAULT_LIMITS).normal.length > 0));
    fc.assert(fc.property(arbitraries.tag(), (tag) => TagFilter.parse(tag, DEFAULT_LIMITS).matches({ tag })));
    const rest = fc.record({ tag: arbitraries.tag(), messageGroup: arbitraries.messageGroup(), properties: arbitraries.properties() });
    fc.assert(fc.property(rest, (fields) => void validateMessage({ topic: 't', body: 'x', ...fields }, DEFAULT_LIMITS)));
  });
});
