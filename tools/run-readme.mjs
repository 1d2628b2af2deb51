// Runs the programs of the documentation against the packed package. A program is a fenced block whose first line reads ```js runnable or
// ```ts runnable. In the README a block that imports the package and is not marked is a finding, so that none escapes by mistake.
//
//   node tools/run-readme.mjs [--tarball <file>]

import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { installedProject, Report, root, run, tarball, temporaryFolder } from './packed-package.mjs';

const timeoutMs = 30_000;

function blocksOf(file) {
  const text = readFileSync(path.join(root, file), 'utf8');
  return [...text.matchAll(/^```(\w+)[ \t]*([^\n]*)\n([\s\S]*?)^```/gm)].map((match) => ({
    file,
    title: `${file}:${text.slice(0, match.index).split('\n').length}`,
    language: match[1],
    words: new Set(match[2].split(/\s+/)),
    code: match[3],
  }));
}

function markdownFiles() {
  const docs = existsSync(path.join(root, 'docs')) ? readdirSync(path.join(root, 'docs')).map((name) => `docs/${name}`) : [];
  return ['README.md', ...docs.filter((name) => name.endsWith('.md'))].filter((name) => existsSync(path.join(root, name)));
}

function programOf({ language, code }) {
  if (language !== 'ts') return code;
  const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
  return ts.transpileModule(code, { compilerOptions: options }).outputText;
}

const report = new Report('readme');
const blocks = markdownFiles().flatMap(blocksOf);
const programs = blocks.filter((block) => block.words.has('runnable'));
for (const block of blocks) {
  const looksLikeProgram = /^(js|ts|javascript|typescript)$/.test(block.language) && /from 'pocketmq|require\('pocketmq/.test(block.code);
  if (block.file === 'README.md' && looksLikeProgram && !block.words.has('runnable')) {
    report.fail(block.title, 'this block imports the package and is not marked: write ```js runnable');
  }
}
if (programs.length > 0) {
  const project = await installedProject(await tarball());
  for (const program of programs) {
    const folder = path.join(temporaryFolder('readme'), 'program');
    mkdirSync(folder);
    symlinkSync(path.join(project, 'node_modules'), path.join(folder, 'node_modules'), 'junction');
    writeFileSync(path.join(folder, 'program.mjs'), programOf(program));
    report.add(program.title, await run(process.execPath, ['program.mjs'], { cwd: folder, timeoutMs }));
  }
}
report.finish();
