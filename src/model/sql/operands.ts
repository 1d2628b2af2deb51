import type { Cursor } from './cursor.ts';
import { type Comparison, isCondition, type NumberOperand, type Operand } from './expression.ts';
import { compareNumberTexts, fitsInt64, integerOf } from './number-text.ts';

/** Beyond this an integer is kept as its digits, and any other number is written with an exponent, so that the two are told apart. */
const UNSAFE = 2 ** 53;

/** An operand, and where it stands. */
export interface PlacedOperand {
  readonly operand: Operand;
  readonly at: number;
}

/** The number that comes next, with the sign before it. */
export function numberOperand(cursor: Cursor, isNegative: boolean): NumberOperand {
  const { token } = cursor;
  const signed = isNegative ? `-${token.text}` : token.text;
  const value = +signed;
  if (token.kind === 'integer') {
    const integer = integerOf(signed) as string;
    if (!fitsInt64(integer)) throw cursor.wrong('an integer takes more than 64 bits', 'write it with an exponent, as in 1e20');
    return { kind: 'number', value, text: integer };
  }
  if (!Number.isFinite(value) || (value === 0 && /[1-9]/.test(token.text.replace(/[eE].*/, '')))) {
    throw cursor.wrong('a number is too large or too small for a double', 'write a number between 5e-324 and 1.7e308');
  }
  return { kind: 'number', value, text: Math.abs(value) < UNSAFE ? String(value) : value.toExponential() };
}

/** Texts have no order, and neither have conditions. */
export function checkOrdered(cursor: Cursor, { operand, at }: PlacedOperand): void {
  if (operand.kind === 'text') {
    throw cursor.wrongAt(at, 'texts have no order', 'compare with a number, or a text with =, <>, IN, LIKE or STARTSWITH');
  }
  if (isCondition(operand)) throw cursor.wrongAt(at, 'a condition has no order', 'compare numbers');
}

/** `=` and `<>` compare like with like; a property may be a text, a number or a condition. */
function checkEqual(cursor: Cursor, left: PlacedOperand, right: PlacedOperand): void {
  for (const { operand, at } of [left, right]) {
    if (operand.kind === 'constant' && operand.value === 'NULL') {
      throw cursor.wrongAt(at, 'nothing is equal to NULL', 'write IS NULL or IS NOT NULL');
    }
  }
  const other = isCondition(left.operand) ? right : left;
  if (isCondition(left.operand) === isCondition(right.operand) || other.operand.kind === 'property') return;
  throw cursor.wrongAt(other.at, `a ${other.operand.kind} is compared with a condition`, 'compare it with a property');
}

export function checkComparison(cursor: Cursor, comparison: Comparison, left: PlacedOperand, right: PlacedOperand): void {
  if (comparison === '=' || comparison === '<>') return checkEqual(cursor, left, right);
  checkOrdered(cursor, left);
  checkOrdered(cursor, right);
}

/** Bounds in the wrong order match nothing. */
export function checkBounds(cursor: Cursor, low: PlacedOperand, high: PlacedOperand): void {
  if (low.operand.kind !== 'number' || high.operand.kind !== 'number') return;
  if (compareNumberTexts(low.operand.text, high.operand.text) > 0) {
    throw cursor.wrongAt(low.at, 'BETWEEN has its bounds in the wrong order, which no number is between', 'write the smaller one first');
  }
}
