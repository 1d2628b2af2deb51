// Every public symbol is documented: typedoc reads the three entry points, and this script fails on a missing comment, a missing `@since`,
// a broken link, or a type that a signature names but no entry point exports.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Application, LogLevel, ReflectionKind, TSConfigReader } from 'typedoc';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const entryPoints = ['src/index.ts', 'src/testing/index.ts', 'src/testing/fast-check/index.ts'].map((file) => path.join(root, file));

const missing = entryPoints.filter((file) => !existsSync(file));
for (const file of missing) console.log(`${path.relative(root, file)} is an entry point of the package and does not exist`);

const application = await Application.bootstrap(
  {
    entryPoints: entryPoints.filter((file) => existsSync(file)),
    tsconfig: path.join(root, 'tsconfig.build.json'),
    basePath: root,
    excludePrivate: true,
    excludeInternal: true,
    excludeExternals: true,
    readme: 'none',
    logLevel: LogLevel.Warn,
    skipErrorChecking: true,
    // Only declared so that the package compiles where neither the DOM nor Node declares it.
    intentionallyNotExported: ['__global.AbortSignal'],
    disableGit: true,
    sourceLinkTemplate: 'https://github.com/pocketmq/pocketmq/blob/main/{path}#L{line}',
    validation: {
      notExported: true,
      invalidLink: true,
      invalidPath: true,
      rewrittenLink: true,
      notDocumented: true,
      unusedMergeModuleWith: true,
    },
    requiredToBeDocumented: ['Class', 'Interface', 'TypeAlias', 'Function', 'Variable', 'Method', 'Property', 'Accessor'],
    blockTags: ['@since', '@param', '@returns', '@throws', '@typeParam', '@defaultValue', '@example', '@remarks', '@see', '@deprecated'],
    modifierTags: ['@public', '@beta', '@internal', '@readonly', '@override', '@sealed', '@virtual'],
  },
  [new TSConfigReader()],
);

const exportedKinds =
  ReflectionKind.Class | ReflectionKind.Interface | ReflectionKind.TypeAlias | ReflectionKind.Function | ReflectionKind.Variable;

/** Functions keep their comments on their signatures. */
function commentsOf(reflection) {
  const comments = [reflection.comment, ...(reflection.signatures ?? []).map((signature) => signature.comment)];
  return comments.filter((comment) => comment !== undefined);
}

function symbolsWithoutSince(project) {
  return project.getReflectionsByKind(exportedKinds).filter((reflection) => {
    // What is declared inside a type literal or a function is not exported by itself.
    const owner = reflection.parent;
    const isExported = owner === project || owner?.kindOf(ReflectionKind.Module);
    return isExported && !commentsOf(reflection).some((comment) => comment.getTag('@since'));
  });
}

const project = await application.convert();
let findings = missing.length;
if (project === undefined) {
  findings += 1;
} else {
  application.validate(project);
  const undated = symbolsWithoutSince(project);
  for (const reflection of undated) {
    const where = reflection.sources?.[0];
    console.log(`${where ? `${where.fullFileName.replace(`${root}/`, '')}:${where.line} ` : ''}${reflection.name} has no @since`);
  }
  findings += undated.length + application.logger.warningCount + application.logger.errorCount;
}
console.log(`docs: ${project?.getReflectionsByKind(exportedKinds).length ?? 0} public symbols, ${findings} findings`);
process.exitCode = findings > 0 ? 1 : 0;
