import { compileComparison } from './comparing.ts';
import {
  type BetweenCondition,
  type Condition,
  type InCondition,
  isCondition,
  type LikeCondition,
  type SearchCondition,
} from './expression.ts';
import { LikePattern } from './like-pattern.ts';
import { Needle } from './needle.ts';
import { compareNumberTexts, numberOf } from './number-text.ts';
import { readerOf } from './property-names.ts';
import { type Evaluator, FALSE, not, TRUE, type Truth, truthOf, UNKNOWN } from './truth.ts';

const CONSTANTS = { TRUE, FALSE, NULL: UNKNOWN } as const;

/** Turns a condition into functions: what can be known without a message is worked out here, once. */
export function compile(condition: Condition): Evaluator {
  switch (condition.kind) {
    case 'constant': {
      const truth = CONSTANTS[condition.value];
      return () => truth;
    }
    case 'and':
      return and(condition.parts.map(compile));
    case 'or':
      return or(condition.parts.map(compile));
    case 'not': {
      const part = compile(condition.part);
      return (message) => not(part(message));
    }
    case 'isNull':
      return negatedIf(condition.negated, isNull(condition));
    case 'compare':
      return compileComparison(condition, compile);
    case 'between':
      return negatedIf(condition.negated, between(condition));
    case 'in':
      return negatedIf(condition.negated, inList(condition));
    case 'like':
      return negatedIf(condition.negated, like(condition));
    case 'search':
      return negatedIf(condition.negated, search(condition));
    default:
      return condition satisfies never;
  }
}

function negatedIf(negated: boolean, evaluate: Evaluator): Evaluator {
  return negated ? (message) => not(evaluate(message)) : evaluate;
}

function and(parts: readonly Evaluator[]): Evaluator {
  return (message) => {
    let least: Truth = TRUE;
    for (const part of parts) {
      const truth = part(message);
      if (truth === FALSE) return FALSE;
      if (truth < least) least = truth;
    }
    return least;
  };
}

function or(parts: readonly Evaluator[]): Evaluator {
  return (message) => {
    let most: Truth = FALSE;
    for (const part of parts) {
      const truth = part(message);
      if (truth === TRUE) return TRUE;
      if (truth > most) most = truth;
    }
    return most;
  };
}

/** A value is NULL where the message does not have it, a condition where it is unknown. */
function isNull({ operand }: Condition & { kind: 'isNull' }): Evaluator {
  if (isCondition(operand)) {
    const evaluate = compile(operand);
    return (message) => truthOf(evaluate(message) === UNKNOWN);
  }
  if (operand.kind !== 'property') return () => FALSE;
  const read = readerOf(operand.name);
  return (message) => truthOf(read(message) === undefined);
}

function between({ value, low, high }: BetweenCondition): Evaluator {
  const compareWith = (comparison: '>=' | '<=', right: BetweenCondition['low']): Evaluator =>
    compileComparison({ kind: 'compare', comparison, left: value, right }, compile);
  return and([compareWith('>=', low), compareWith('<=', high)]);
}

/** The same as equal to the first, OR to the second, and so on; the text is read as a number once for all. */
function inList({ property, values }: InCondition): Evaluator {
  const texts = new Set<string>();
  const numbers = new Set<number>();
  /** Numbers that a double may only be near to. */
  const exact: string[] = [];
  for (const value of values) {
    if (value.kind === 'text') texts.add(value.value);
    else if (Math.abs(value.value) <= Number.MAX_SAFE_INTEGER) numbers.add(value.value);
    else exact.push(value.text);
  }
  const read = readerOf(property.name);
  const hasNumbers = numbers.size + exact.length > 0;
  return (message) => {
    const text = read(message);
    if (text === undefined) return UNKNOWN;
    if (texts.has(text)) return TRUE;
    if (!hasNumbers) return FALSE;
    const number = numberOf(text);
    if (Number.isNaN(number)) return UNKNOWN;
    return truthOf(numbers.has(number) || exact.some((other) => compareNumberTexts(text, other) === 0));
  };
}

function like({ property, pattern, escapeCharacter }: LikeCondition): Evaluator {
  const written = new LikePattern({ pattern, escapeCharacter });
  return textTest(property.name, (text) => written.matches(text));
}

function search({ property, how, text: wanted }: SearchCondition): Evaluator {
  if (how === 'STARTSWITH') return textTest(property.name, (text) => text.startsWith(wanted));
  if (how === 'ENDSWITH') return textTest(property.name, (text) => text.endsWith(wanted));
  const needle = new Needle(wanted);
  return textTest(property.name, (text) => needle.indexIn(text) >= 0);
}

function textTest(name: string, test: (text: string) => boolean): Evaluator {
  const read = readerOf(name);
  return (message) => {
    const text = read(message);
    return text === undefined ? UNKNOWN : truthOf(test(text));
  };
}
