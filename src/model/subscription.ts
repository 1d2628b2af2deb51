import { illegalArgument } from './errors.ts';
import type { Limits } from './limits.ts';
import type { MessageFilter } from './message-filter.ts';
import { quoted } from './quoted.ts';
import { SqlFilter } from './sql/sql-filter.ts';
import { TagFilter } from './tag-filter.ts';

/**
 * What is wanted of a topic: `'*'` for everything, tags joined by `||`, or a SQL92 expression over the properties of a message. An expression is
 * parsed once, when the consumer subscribes; one that is wrong or larger than `limits.maxFilterBytes` is `MQ_ILLEGAL_FILTER_EXPRESSION`. What a
 * filter does not want counts as consumed.
 * @public
 * @since 0.1.0
 */
export type Subscription =
  | string
  | {
      /** As the string alone. */
      readonly tag: string;
    }
  | {
      /**
       * A condition such as `region = 'eu' AND amount > 100`: a message is delivered where it is TRUE, not where it is FALSE or unknown. A property
       * that a message does not have is NULL, its tag is `TAGS`, its keys are `KEYS`, joined by blanks. docs/sql-filters.md has the whole language.
       * A wrong expression is refused with `details.line` and `details.column`, both counted from 1.
       * @since 0.2.0
       */
      readonly sql: string;
    };

const SHAPES = "a string, { tag: 'a || b' } or { sql: 'a = 1' }";

/**
 * Parses a subscription into the filter that it stands for.
 * @throws TypeError `MQ_ILLEGAL_ARGUMENT` for another shape, BrokerError `MQ_ILLEGAL_FILTER_EXPRESSION` for a wrong expression.
 */
export function parseFilter(subscription: Subscription, limits: Limits): MessageFilter {
  const given: unknown = subscription;
  if (typeof given === 'string') return TagFilter.parse(given, limits);
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw illegalArgument(`A subscription must be ${SHAPES}, not ${quoted(given)}`);
  }
  const { tag, sql, ...rest } = given as { tag?: unknown; sql?: unknown };
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined) throw illegalArgument(`A subscription has no field ${quoted(unknown)}; write ${SHAPES}`);
  if (sql === undefined) return TagFilter.parse(textOf('tag', tag), limits);
  if (tag !== undefined) {
    throw illegalArgument("A subscription has a tag or sql, not both; SQL asks for the tag with TAGS, as in TAGS = 'a' AND b > 1");
  }
  return SqlFilter.parse(textOf('sql', sql), limits);
}

function textOf(field: 'tag' | 'sql', value: unknown): string {
  if (typeof value !== 'string') throw illegalArgument(`The ${field} of a subscription must be a string, not ${quoted(value)}`);
  return value;
}
