import { expect, test } from 'vitest';
import { ERROR_CATALOGUE } from '../../src/model/error-catalogue.ts';

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function errorsPage(): string {
  const rows = Object.entries(ERROR_CATALOGUE).map(
    ([code, { status, retryable, meaning, remedy }]) =>
      `| \`${code}\` | ${status} | ${retryable ? 'yes' : 'no'} | ${cell(meaning)} | ${cell(remedy)} |`,
  );
  return `# Error codes

Every error that PocketMQ raises has a \`code\` that never changes its meaning; messages are for people and may change. There are three kinds:

- \`BrokerError\`: something in the world stands against a correct call. \`isBrokerError(error)\` tells it from others, also over two
  copies of the package. It has \`code\`, \`retryable\`, \`status\`, \`details\` and often a \`cause\`.
- \`TypeError\` with the code \`MQ_ILLEGAL_ARGUMENT\`: the call itself is wrong.
- \`InvariantViolation\`: a bug of ours; please report it.

*Status* is the number of RocketMQ's gRPC protocol. *Retryable* means that the same call may succeed later without a change by the caller.

| code | status | retryable | meaning | remedy |
|---|---|---|---|---|
${rows.join('\n')}
`;
}

// After a change of the catalogue: npx vitest run test/model/errors-docs.test.ts -u
test('docs/errors.md says what the catalogue says', async () => {
  await expect(errorsPage()).toMatchFileSnapshot('../../docs/errors.md');
});
