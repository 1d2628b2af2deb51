import { illegalArgument } from './errors.ts';
import type { JsonOptions } from './message.ts';
import { checkFieldNames, requireBoolean, requireObject } from './option-checks.ts';
import { quoted } from './quoted.ts';
import { outputAtOnce } from './schema-check.ts';
import type { StandardSchema } from './standard-schema.ts';

const KNOWN: ReadonlySet<string> = new Set(['validate']);

/** What `message.json` answers where it was given options. */
export function validatedJson(parse: () => unknown, options: JsonOptions, topic: string, schema: StandardSchema | undefined): unknown {
  const { validate } = requireObject('The options of json', options);
  checkFieldNames('The options of json', options, KNOWN);
  if (validate === undefined || !requireBoolean('validate', validate)) return parse();
  if (schema === undefined) {
    throw illegalArgument(
      `This message of topic ${quoted(topic)} has no schema to validate by: subscribe to a topic that was defined with one`,
    );
  }
  return outputAtOnce({ topic, schema, value: parse() });
}
