import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

interface WalkModule {
  walk(root: string, options?: { after?: string; skip?: string }): AsyncGenerator<string>;
}

interface PackageModule {
  packageOf(file: string): string;
  messageGroupOf(packageName: string): string;
}

const example = new URL('../../../examples/file-index/', import.meta.url).href;
const { walk } = (await import(`${example}walk.js`)) as WalkModule;
const { packageOf, messageGroupOf } = (await import(`${example}package-of.js`)) as PackageModule;

let root: string;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'pocketmq-walk-'));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

async function pathsOf(options?: { after?: string; skip?: string }): Promise<string[]> {
  const paths: string[] = [];
  for await (const file of walk(root, options)) paths.push(file);
  return paths;
}

/** Makes files; where one name is wanted as a file and as a folder, the first wish wins. */
function plant(files: readonly string[]): void {
  for (const file of files) {
    try {
      mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
      writeFileSync(path.join(root, file), '');
    } catch {
      // Taken by the other kind.
    }
  }
}

const name = fc.constantFrom('a', 'b', 'B', 'a-b', 'a.b', 'aa', '@s', 'node_modules', 'ä', '0');
const file = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));

describe('the walk of the file index', () => {
  test('goes on behind any file exactly where it stopped', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(file, { maxLength: 12 }), fc.nat(), async (files, cut) => {
        rmSync(root, { recursive: true });
        mkdirSync(root);
        plant(files);
        const all = await pathsOf();
        expect(new Set(all).size).toBe(all.length);
        if (all.length === 0) return;
        const at = cut % all.length;
        expect(await pathsOf({ after: all[at] as string })).toEqual(all.slice(at + 1));
      }),
      { numRuns: 60 },
    );
  });

  test('goes on behind a file that has gone meanwhile', async () => {
    plant(['a/1', 'a/2', 'a/3', 'b']);
    rmSync(path.join(root, 'a/2'));
    expect(await pathsOf({ after: 'a/2' })).toEqual(['a/3', 'b']);
    rmSync(path.join(root, 'a'), { recursive: true });
    expect(await pathsOf({ after: 'a/2' })).toEqual(['b']);
  });

  test('lists a link that leads nowhere, and does not follow one into a folder', async () => {
    plant(['folder/file']);
    symlinkSync('nowhere', path.join(root, 'dangling'));
    symlinkSync('folder', path.join(root, 'loop'));
    symlinkSync('folder/file', path.join(root, 'other'));
    expect(await pathsOf()).toEqual(['dangling', 'folder/file', 'other']);
  });

  test('leaves its own state out', async () => {
    plant(['.pocketmq/log/000001.log', 'file']);
    expect(await pathsOf({ skip: path.join(root, '.pocketmq') })).toEqual(['file']);
  });
});

describe('the package of a file', () => {
  test.each([
    ['fast-check/lib/index.js', 'fast-check'],
    ['@types/node/index.d.ts', '@types/node'],
    ['a/node_modules/@s/b/c.js', 'a/node_modules/@s/b'],
    ['.package-lock.json', '.'],
    ['@types/stray.txt', '@types'],
  ])('of %j is %j', (given, expected) => {
    expect(packageOf(given)).toBe(expected);
  });

  test('becomes a message group that a broker takes, whatever its name', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 80 }), fc.constant(' '), fc.constant('x'.repeat(64))), (given) => {
        const group = messageGroupOf(given);
        expect(group.trim()).not.toBe('');
        expect(Buffer.byteLength(group)).toBeLessThanOrEqual(63);
        expect(group).not.toMatch(/\p{Cc}/u);
        expect(messageGroupOf(given)).toBe(group);
      }),
    );
  });
});
