import { invariant } from '../errors.ts';
import type { FilteredMessage } from '../message-filter.ts';
import { type CompareCondition, type Comparison, type Condition, isCondition, type NumberOperand, type Operand } from './expression.ts';
import { compareNumberTexts, numberOf } from './number-text.ts';
import { type PropertyReader, readerOf } from './property-names.ts';
import { type Evaluator, FALSE, not, TRUE, type Truth, truthOf, UNKNOWN } from './truth.ts';

/** The same comparison read from the right. */
const MIRRORED: Readonly<Record<Comparison, Comparison>> = { '=': '=', '<>': '<>', '<': '>', '<=': '>=', '>': '<', '>=': '<=' };
/** What two sides that compare below 0, as 0 or above 0 answer. */
const HOLDS: Readonly<Record<Comparison, (order: number) => boolean>> = {
  '=': (order) => order === 0,
  '<>': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};

/** What kind of comparison it is follows from its two sides: conditions, numbers where one side is one or an order is asked for, else texts. */
export function compileComparison({ comparison, left, right }: CompareCondition, compile: (condition: Condition) => Evaluator): Evaluator {
  if (isCondition(left)) return withCondition(comparison, compile(left), right, compile);
  if (isCondition(right)) return withCondition(comparison, compile(right), left, compile);
  if (right.kind === 'number') return withNumber(comparison, readText(left), right);
  if (left.kind === 'number') return withNumber(MIRRORED[comparison], readText(right), left);
  if (comparison === '=' || comparison === '<>') return asTexts(comparison, readText(left), readText(right));
  return asNumbers(comparison, readText(left), readText(right));
}

/** A property that is compared with a condition is `true` or `false`, in any case, or has no answer. */
function withCondition(
  comparison: Comparison,
  condition: Evaluator,
  other: Operand,
  compile: (condition: Condition) => Evaluator,
): Evaluator {
  const truthOfOther = isCondition(other) ? compile(other) : readTruth(readText(other));
  return (message) => {
    const left = condition(message);
    if (left === UNKNOWN) return UNKNOWN;
    const right = truthOfOther(message);
    if (right === UNKNOWN) return UNKNOWN;
    return comparison === '=' ? truthOf(left === right) : truthOf(left !== right);
  };
}

function readTruth(read: PropertyReader): Evaluator {
  return (message) => {
    const text = read(message);
    if (text === undefined || text.length > 5) return UNKNOWN;
    if (text === 'true') return TRUE;
    if (text === 'false') return FALSE;
    const lowerCase = text.toLowerCase();
    if (lowerCase === 'true') return TRUE;
    return lowerCase === 'false' ? FALSE : UNKNOWN;
  };
}

/** Below 2^53 a double holds every integer; a fraction that is nearer to one than doubles tell apart is that integer. Beyond, digits are compared. */
function withNumber(comparison: Comparison, read: PropertyReader, { value, text }: NumberOperand): Evaluator {
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER) return asNumbers(comparison, read, () => text);
  const holds = testOf(comparison, value);
  return (message) => {
    const given = read(message);
    if (given === undefined) return UNKNOWN;
    const number = numberOf(given);
    return Number.isNaN(number) ? UNKNOWN : truthOf(holds(number));
  };
}

function testOf(comparison: Comparison, value: number): (number: number) => boolean {
  switch (comparison) {
    case '=':
      return (number) => number === value;
    case '<>':
      return (number) => number !== value;
    case '<':
      return (number) => number < value;
    case '<=':
      return (number) => number <= value;
    case '>':
      return (number) => number > value;
    case '>=':
      return (number) => number >= value;
    default:
      return comparison satisfies never;
  }
}

function asNumbers(comparison: Comparison, readLeft: PropertyReader, readRight: PropertyReader): Evaluator {
  const holds = HOLDS[comparison];
  return (message) => {
    const left = readLeft(message);
    const right = readRight(message);
    if (left === undefined || right === undefined) return UNKNOWN;
    const order = compareNumberTexts(left, right);
    return Number.isNaN(order) ? UNKNOWN : truthOf(holds(order));
  };
}

function asTexts(comparison: '=' | '<>', readLeft: PropertyReader, readRight: PropertyReader): Evaluator {
  const isEqual = (message: FilteredMessage): Truth => {
    const left = readLeft(message);
    const right = readRight(message);
    return left === undefined || right === undefined ? UNKNOWN : truthOf(left === right);
  };
  return comparison === '=' ? isEqual : (message) => not(isEqual(message));
}

function readText(operand: Operand): PropertyReader {
  if (operand.kind === 'property') return readerOf(operand.name);
  invariant(operand.kind === 'text' || operand.kind === 'number', `a ${operand.kind} is read as a text`);
  const text = operand.kind === 'text' ? operand.value : operand.text;
  return () => text;
}
