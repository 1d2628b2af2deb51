import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const folder = new URL('../conformance/', import.meta.url);

/** `number. name file`, as a row of the page and a test have it. */
function rowsOfThePage(): string[] {
  const page = readFileSync(new URL('../../docs/conformance.md', import.meta.url), 'utf8');
  const rows = page.matchAll(/^\| (\d+) \|.*\| \[([^\]]+)\]\(\.\.\/test\/conformance\/([^)]+)\) \|$/gm);
  return Array.from(rows, ([, number, name, file]) => `${number}. ${name} ${file}`);
}

function tests(): string[] {
  const found: string[] = [];
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.test.ts'))) {
    const names = readFileSync(new URL(file, folder), 'utf8').matchAll(/^test\(\s*'(.+)',/gm);
    for (const [, name] of names) found.push(`${name} ${file}`);
  }
  return found;
}

test('the page on conformance has twenty points, in their order', () => {
  expect(rowsOfThePage().map((row) => Number.parseInt(row, 10))).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
});

test('each of its points is a test of that name in that file, and no test is without a point', () => {
  expect(tests().toSorted()).toEqual(rowsOfThePage().toSorted());
});
