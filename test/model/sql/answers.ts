import type { FilteredMessage } from '../../../src/model/message-filter.ts';
import { compile } from '../../../src/model/sql/evaluation.ts';
import { parseSql } from '../../../src/model/sql/parser.ts';
import type { Answer } from './truth-table.ts';

/** A message by its properties; `TAGS` is its tag, `KEYS` its keys, separated by commas. */
export function messageOf({ TAGS, KEYS, ...properties }: Readonly<Record<string, string>>): FilteredMessage {
  return { tag: TAGS, keys: KEYS === undefined ? [] : KEYS.split(','), properties: Object.assign(Object.create(null), properties) };
}

/** What an expression answers, with its third value. */
export function answerOf(expression: string, message: FilteredMessage): Answer {
  return (['F', 'U', 'T'] as const)[compile(parseSql(expression))(message)];
}
