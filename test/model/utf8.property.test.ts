import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exceedsUtf8, hasControlCharacter, isBlank, isWellFormed, utf8Length } from '../../src/model/utf8.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
/** Any sequence of UTF-16 units, lone surrogates among them. */
const anyUnits = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0xd7fe, max: 0xe001 }), fc.constantFrom(0x7f, 0x80, 0x7ff, 0x800)))
  .map((units) => String.fromCharCode(...units));

test('the length of a text as UTF-8 is what an encoder makes of it', () => {
  fc.assert(
    fc.property(anyUnits, (text) => {
      expect(utf8Length(text)).toBe(encoder.encode(text).byteLength);
    }),
  );
});

test('a text exceeds exactly the limits that are smaller than its length', () => {
  fc.assert(
    fc.property(anyUnits, fc.integer({ min: -4, max: 4 }), (text, difference) => {
      const length = encoder.encode(text).byteLength;
      expect(exceedsUtf8(text, length + difference)).toBe(difference < 0);
    }),
  );
});

test('a text is well formed when it comes back from UTF-8 unchanged', () => {
  fc.assert(
    fc.property(anyUnits, (text) => {
      expect(isWellFormed(text)).toBe(decoder.decode(encoder.encode(text)) === text);
    }),
  );
});

test('control characters are those of Unicode category Cc', () => {
  for (let unit = 0; unit <= 0xffff; unit++) {
    const text = `a${String.fromCharCode(unit)}b`;
    if (hasControlCharacter(text) !== /\p{Cc}/u.test(text)) expect.fail(`unit ${unit}`);
  }
});

test('blank is what trims to nothing', () => {
  const text = fc.string({ unit: fc.constantFrom(' ', '\t', '\u00a0', '\u3000', 'a', '~') });
  fc.assert(
    fc.property(text, (candidate) => {
      expect(isBlank(candidate)).toBe(candidate.trim() === '');
    }),
  );
});
