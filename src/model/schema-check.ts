import { BrokerError, type IllegalArgument, illegalArgument } from './errors.ts';
import { quoted } from './quoted.ts';
import { schemaMismatch } from './schema-mismatch.ts';
import type { StandardSchema, StandardSchemaIssue } from './standard-schema.ts';
import { isThenable } from './thenable.ts';

/** A value that is to be checked by the schema of a topic. */
export interface SchemaCheck {
  /** The name of the topic. */
  readonly topic: string;
  readonly schema: StandardSchema;
  readonly value: unknown;
}

/**
 * Uses what a schema makes of a value: at once where the schema answers at once, else later.
 * Throws, or rejects with, `MQ_MESSAGE_SCHEMA_MISMATCH`, and `MQ_ILLEGAL_ARGUMENT` for a schema that fails itself.
 */
export function useOutput<Result>(check: SchemaCheck, use: (output: unknown) => Result): Result | Promise<Result> {
  const answer = answerOf(check);
  if (!isThenable(answer)) return use(outputOf(answer, check));
  return Promise.resolve(answer).then(
    (later) => use(outputOf(later, check)),
    (cause: unknown) => {
      throw failedItself(check, 'rejected', cause);
    },
  );
}

/** As `useOutput`, for who cannot wait: a schema that answers later is `MQ_NOT_SUPPORTED`. */
export function outputAtOnce(check: SchemaCheck): unknown {
  const answer = answerOf(check);
  if (!isThenable(answer)) return outputOf(answer, check);
  answer.then(undefined, () => undefined);
  throw new BrokerError(
    'MQ_NOT_SUPPORTED',
    `The schema of topic ${quoted(check.topic)} answers later, and this call cannot wait for it; check the value before, or use a synchronous schema`,
  );
}

function answerOf(check: SchemaCheck): unknown {
  try {
    return check.schema['~standard'].validate(check.value);
  } catch (cause) {
    throw failedItself(check, 'threw', cause);
  }
}

function outputOf(answer: unknown, check: SchemaCheck): unknown {
  if (typeof answer !== 'object' || answer === null) throw wrongAnswer(check, answer);
  const { issues } = answer as { readonly issues?: unknown };
  // As the standard has it: whatever is falsy is a success.
  if (!issues) {
    if (!('value' in answer)) throw wrongAnswer(check, answer);
    return answer.value;
  }
  if (!Array.isArray(issues)) throw wrongAnswer(check, answer);
  throw schemaMismatch(check.topic, check.value, issues as readonly Partial<StandardSchemaIssue>[]);
}

function failedItself({ topic }: SchemaCheck, how: string, cause: unknown): IllegalArgument {
  return illegalArgument(
    `The schema of topic ${quoted(topic)} ${how} instead of answering with issues; see the cause and correct the schema`,
    {
      cause,
    },
  );
}

function wrongAnswer({ topic }: SchemaCheck, answer: unknown): IllegalArgument {
  return illegalArgument(
    `The schema of topic ${quoted(topic)} answered ${quoted(answer)} with neither a value nor a list of issues; correct the schema`,
  );
}
