import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const pages = [
  'README.md',
  'examples/README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync(path.join(root, 'docs')).map((name) => `docs/${name}`),
];

/** Targets of the links of a page; what stands in fenced blocks is no link. */
function linksOf(text: string): string[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, '');
  return Array.from(prose.matchAll(/\]\(([^)\s]+)\)/g), (match) => match[1] as string);
}

/** As GitHub makes them: lower case, blanks as hyphens, without other signs. */
function anchorsOf(text: string): string[] {
  return Array.from(text.matchAll(/^#+ +(.+)$/gm), (match) =>
    (match[1] as string)
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function problemOf(page: string, link: string): string | undefined {
  if (/^[a-z]+:/.test(link)) return undefined;
  const [target = '', anchor] = link.split('#');
  const file = target === '' ? path.join(root, page) : path.resolve(root, path.dirname(page), target);
  if (!existsSync(file)) return `${page} links to ${link}, which is not there`;
  if (anchor !== undefined && !anchorsOf(readFileSync(file, 'utf8')).includes(anchor))
    return `${page} links to ${link}, which has no such heading`;
  return undefined;
}

describe('the documentation', () => {
  test.each(pages)('%s links only to what is there', (page) => {
    const problems = linksOf(readFileSync(path.join(root, page), 'utf8')).map((link) => problemOf(page, link));
    expect(problems.filter((problem) => problem !== undefined)).toEqual([]);
  });

  test('the README links every promise that is built to a test', () => {
    const rows = readFileSync(path.join(root, 'README.md'), 'utf8').match(/^\|.*\| built \|.*$/gm) ?? [];
    expect(rows.length).toBeGreaterThan(10);
    expect(rows.filter((row) => !/\]\((test|src\/testing)\//.test(row))).toEqual([]);
  });
});
