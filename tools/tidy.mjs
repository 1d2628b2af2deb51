// Rules of the house that no ready-made linter knows: the size and the names of files, and that time, chance and top-level await stay
// where they belong. Reads the syntax tree, so comments and strings do not count.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const maxLines = 300;
const forbiddenNames = new Set(['utils', 'util', 'helpers', 'helper', 'common', 'types', 'misc', 'shared']);

/** Expressions that only `src/platform` may write, with what to use instead. */
const platformOnly = new Map([
  ['Date.now', 'the Clock port'],
  ['Math.random', 'the Random port'],
  ['performance.now', 'the Clock port'],
  ['crypto.randomUUID', 'the Random port'],
  ['globalThis.setTimeout', 'the Clock port'],
  ['globalThis.setInterval', 'the Clock port'],
  ['globalThis.setImmediate', 'the process port'],
  ['globalThis.process', 'the process port'],
  ['globalThis.Date', 'the Clock port'],
]);

function filesBelow(folder) {
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = `${folder}/${entry.name}`;
    if (!entry.isDirectory()) return name.endsWith('.ts') ? [name] : [];
    return filesBelow(name);
  });
}

function nameFindings(file) {
  const parts = file.replace(/\.ts$/, '').split('/').slice(1);
  return parts
    .filter((part) => forbiddenNames.has(part))
    .map((part) => ({ file, line: 1, text: `'${part}' names no idea; name the file after what it holds` }));
}

function isTopLevel(node) {
  for (let parent = node.parent; parent; parent = parent.parent)
    if (ts.isFunctionLike(parent) || ts.isClassStaticBlockDeclaration(parent)) return false;
  return true;
}

function nodeFinding(node, source, inPlatform) {
  if ((ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier)) && isTopLevel(node)) {
    return 'top-level await makes require() of the package throw';
  }
  if (inPlatform) return undefined;
  if (ts.isPropertyAccessExpression(node)) {
    const remedy = platformOnly.get(node.getText(source).replaceAll(/\s/g, ''));
    if (remedy) return `${node.getText(source)} belongs to src/platform; use ${remedy}`;
  }
  if (ts.isNewExpression(node) && node.expression.getText(source) === 'Date' && !node.arguments?.length) {
    return 'new Date() without an instant belongs to src/platform; use the Clock port';
  }
  return undefined;
}

function contentFindings(file) {
  const text = readFileSync(path.join(root, file), 'utf8');
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const findings = [];
  const lineCount = text.split('\n').length - 1;
  if (lineCount > maxLines) findings.push({ file, line: lineCount, text: `${lineCount} lines; a file has at most ${maxLines}` });
  const inPlatform = file.startsWith('src/platform/');
  const visit = (node) => {
    const finding = nodeFinding(node, source, inPlatform);
    if (finding) findings.push({ file, line: source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1, text: finding });
    ts.forEachChild(node, visit);
  };
  visit(source);
  text.split('\n').forEach((content, index) => {
    if (/\b(TODO|FIXME|XXX|HACK)\b/.test(content))
      findings.push({ file, line: index + 1, text: 'an unfinished note; finish it or write it down as an issue' });
  });
  return findings;
}

const files = filesBelow('src');
const findings = files.flatMap((file) => [...nameFindings(file), ...contentFindings(file)]);
for (const { file, line, text } of findings) console.log(`${file}:${line} ${text}`);
console.log(`tidy: ${files.length} files, ${findings.length} findings`);
process.exitCode = findings.length > 0 ? 1 : 0;
