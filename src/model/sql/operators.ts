import type { Cursor } from './cursor.ts';
import type { Comparison, Condition, NumberOperand, PropertyOperand, SearchCondition, TextOperand } from './expression.ts';
import { problemOfPattern } from './like-pattern.ts';
import { checkBounds, checkComparison, checkOrdered, type PlacedOperand } from './operands.ts';

const COMPARISONS: ReadonlySet<string> = new Set<Comparison>(['=', '<>', '<', '<=', '>', '>=']);
const SEARCHES = ['CONTAINS', 'STARTSWITH', 'ENDSWITH'] as const;
const WORDS = ['IS', 'NOT', 'BETWEEN', 'IN', 'LIKE', ...SEARCHES] as const;

/** Reads the operand that comes next. */
type OperandParser = () => PlacedOperand;

/** Whether an operator comes next, as it may not behind a whole condition. */
export function beginsOperator({ token }: Cursor): boolean {
  if (token.kind === 'symbol') return COMPARISONS.has(token.text);
  return token.kind === 'word' && (WORDS as readonly string[]).includes(token.upperCase);
}

/** Reads what follows an operand, up to the whole condition; nothing where no operator follows. */
export function parseOperator(cursor: Cursor, left: PlacedOperand, operand: OperandParser): Condition | undefined {
  const { kind, text } = cursor.token;
  if (kind === 'symbol' && COMPARISONS.has(text)) return compare(cursor, left, operand);
  if (cursor.skipWord('IS')) {
    const negated = cursor.skipWord('NOT');
    cursor.expectWord('NULL', negated ? 'IS NOT' : 'IS');
    return { kind: 'isNull', negated, operand: left.operand };
  }
  const negated = cursor.skipWord('NOT');
  if (cursor.skipWord('BETWEEN')) return between(cursor, left, negated, operand);
  if (cursor.skipWord('IN')) return inList(cursor, left, negated, operand);
  if (cursor.skipWord('LIKE')) return like(cursor, left, negated);
  for (const how of SEARCHES) if (cursor.skipWord(how)) return search(cursor, left, negated, how);
  if (!negated) return undefined;
  throw cursor.wrong('NOT is followed by no operator', 'write BETWEEN, IN, LIKE, CONTAINS, STARTSWITH or ENDSWITH behind it');
}

function compare(cursor: Cursor, left: PlacedOperand, operand: OperandParser): Condition {
  const comparison = cursor.token.text as Comparison;
  cursor.advance();
  const right = rightOperand(cursor, operand);
  checkComparison(cursor, comparison, left, right);
  return { kind: 'compare', comparison, left: left.operand, right: right.operand };
}

function between(cursor: Cursor, value: PlacedOperand, negated: boolean, operand: OperandParser): Condition {
  const low = rightOperand(cursor, operand);
  cursor.expectWord('AND', 'the lower bound of BETWEEN');
  const high = rightOperand(cursor, operand);
  for (const placed of [value, low, high]) checkOrdered(cursor, placed);
  checkBounds(cursor, low, high);
  return { kind: 'between', negated, value: value.operand, low: low.operand, high: high.operand };
}

function inList(cursor: Cursor, left: PlacedOperand, negated: boolean, operand: OperandParser): Condition {
  const property = propertyOf(cursor, left, 'IN');
  if (!cursor.skipSymbol('(')) throw cursor.wrong('IN has no list', "write IN ('a', 'b')");
  const values: (TextOperand | NumberOperand)[] = [];
  do {
    const { operand: value, at } = operand();
    if (value.kind !== 'text' && value.kind !== 'number') {
      throw cursor.wrongAt(at, 'a list has something else than texts and numbers', 'put a text into single quotes');
    }
    values.push(value);
  } while (cursor.skipSymbol(','));
  if (!cursor.skipSymbol(')')) throw cursor.wrong('a list goes on', 'separate its values by commas and close it with )');
  return { kind: 'in', negated, property, values };
}

function like(cursor: Cursor, left: PlacedOperand, negated: boolean): Condition {
  const property = propertyOf(cursor, left, 'LIKE');
  const patternAt = cursor.token.at;
  const pattern = cursor.expectText('LIKE');
  const hasEscape = cursor.skipWord('ESCAPE');
  const escapeAt = cursor.token.at;
  const escapeCharacter = hasEscape ? cursor.expectText('ESCAPE') : undefined;
  const problem = problemOfPattern({ pattern, escapeCharacter });
  if (problem !== undefined) throw cursor.wrongAt(problem.of === 'escape' ? escapeAt : patternAt, problem.wrong, problem.remedy);
  return { kind: 'like', negated, property, pattern, escapeCharacter };
}

function search(cursor: Cursor, left: PlacedOperand, negated: boolean, how: SearchCondition['how']): Condition {
  const property = propertyOf(cursor, left, how);
  const { at } = cursor.token;
  const text = cursor.expectText(how);
  if (text === '') throw cursor.wrongAt(at, `${how} has an empty text`, 'ask with IS NOT NULL whether the property is there');
  return { kind: 'search', how, negated, property, text };
}

function propertyOf(cursor: Cursor, { operand, at }: PlacedOperand, operator: string): PropertyOperand {
  if (operand.kind === 'property') return operand;
  throw cursor.wrongAt(at, `${operator} has no property on its left`, 'name one');
}

/** A name in double quotes is taken for a text too easily: it would be NULL, and messages would be filtered in silence. */
function rightOperand(cursor: Cursor, operand: OperandParser): PlacedOperand {
  if (cursor.token.kind !== 'quotedName') return operand();
  throw cursor.wrong(
    'double quotes name a property, not a text',
    'put a text into single quotes; where another property is meant, put it into parentheses, as in ("a.b")',
  );
}
