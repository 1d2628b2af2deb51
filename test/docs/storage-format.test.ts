import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PREFIX } from '../../src/storage/index/keys.ts';
import { BLOCK_HEADER_BYTES } from '../../src/storage/log/block.ts';
import { RECORD } from '../../src/storage/log/record-kinds.ts';

const page = readFileSync(new URL('../../docs/storage-format.md', import.meta.url), 'utf8');

/** Numbers in the first cells of the table below a heading; `30–35` and `40, 41` are several. */
function kindsUnder(heading: string): number[] {
  const section = page.slice(page.indexOf(heading));
  const kinds: number[] = [];
  for (const row of section.slice(0, section.indexOf('\n- ')).matchAll(/^\| ([\d–, ]+) \|/gm)) {
    for (const part of (row[1] as string).split(', ')) {
      const [first, last = first] = part.split('–').map(Number) as [number, number?];
      for (let kind = first; kind <= last; kind++) kinds.push(kind);
    }
  }
  return kinds;
}

test('the page on the format names every kind of record, and no other', () => {
  expect(kindsUnder('### Kinds of records').toSorted((a, b) => a - b)).toEqual(Object.values(RECORD).toSorted((a, b) => a - b));
});

test('it names every prefix of the index', () => {
  const named = Array.from(page.matchAll(/^\| `(\d\d)`/gm), (match) => match[1]);
  const reserved = Array.from(page.matchAll(/`(\d\d)`…/g), (match) => match[1]);
  const prefixes = Object.values(PREFIX).map((prefix) => prefix.toString(16).padStart(2, '0'));
  expect(new Set([...named, ...reserved])).toEqual(new Set(prefixes));
});

test('it has the header of a block at its true length', () => {
  expect(page).toContain(`| ${BLOCK_HEADER_BYTES} | | records`);
});
