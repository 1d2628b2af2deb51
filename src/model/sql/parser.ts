import { Cursor } from './cursor.ts';
import { type Condition, isCondition, type NumberOperand, type Operand, type PropertyOperand } from './expression.ts';
import { isReservedWord } from './keywords.ts';
import { numberOperand, type PlacedOperand } from './operands.ts';
import { beginsOperator, parseOperator } from './operators.ts';
import { problemOfName } from './property-names.ts';

/** Parentheses and NOTs that may stand inside each other; a chain of ANDs or ORs is one level, however long. */
const MAX_DEPTH = 100;

/** Parses an expression. @throws BrokerError `MQ_ILLEGAL_FILTER_EXPRESSION` with the place of what is wrong. */
export function parseSql(source: string): Condition {
  return new Parser(source).parse();
}

/**
 * One method for each level of the grammar, the loosest first:
 *
 *   or = and { OR and }      and = not { AND not }      not = NOT not | predicate      predicate = operand [ operator ... ]
 */
class Parser {
  readonly #cursor: Cursor;
  #depth = 0;

  constructor(source: string) {
    this.#cursor = new Cursor(source);
  }

  parse(): Condition {
    const cursor = this.#cursor;
    if (cursor.isAtEnd()) {
      throw cursor.wrong('there is no condition', "write one, or subscribe with '*' instead of SQL to get everything");
    }
    const condition = this.#condition(this.#or());
    if (!cursor.isAtEnd()) throw this.#unexpected();
    return condition;
  }

  #or(): PlacedOperand {
    return this.#chain('or', () => this.#chain('and', () => this.#not()));
  }

  /** Conditions joined by one word; the operand alone where there is no such word. */
  #chain(kind: 'and' | 'or', next: () => PlacedOperand): PlacedOperand {
    const word = kind.toUpperCase();
    const first = next();
    if (!this.#cursor.isWord(word)) return first;
    const parts: Condition[] = [];
    const add = (placed: PlacedOperand): void => {
      const part = this.#condition(placed);
      // a AND (b AND c) is the same chain.
      if (part.kind === kind) for (const inner of part.parts) parts.push(inner);
      else parts.push(part);
    };
    add(first);
    while (this.#cursor.skipWord(word)) add(next());
    return { operand: { kind, parts }, at: first.at };
  }

  #not(): PlacedOperand {
    const { at } = this.#cursor.token;
    if (!this.#cursor.skipWord('NOT')) return this.#predicate();
    const part = this.#deeper(at, () => this.#condition(this.#not()));
    return { operand: { kind: 'not', part }, at };
  }

  #predicate(): PlacedOperand {
    const left = this.#operand();
    const condition = parseOperator(this.#cursor, left, () => this.#operand());
    if (condition === undefined) return left;
    if (!beginsOperator(this.#cursor)) return { operand: condition, at: left.at };
    throw this.#cursor.wrong(
      'a second operator follows',
      'join two conditions by AND, write BETWEEN, or put the first one into parentheses',
    );
  }

  #operand(): PlacedOperand {
    const cursor = this.#cursor;
    const { kind, text, at } = cursor.token;
    if (kind === 'quotedName' || (kind === 'word' && !isReservedWord(cursor.token.upperCase))) return { operand: this.#property(), at };
    if (kind === 'text') {
      cursor.advance();
      return { operand: { kind: 'text', value: text }, at };
    }
    if (kind === 'integer' || kind === 'float') return { operand: this.#number(false), at };
    if (cursor.skipSymbol('-')) return { operand: this.#number(true), at };
    if (cursor.skipSymbol('+')) return { operand: this.#number(false), at };
    for (const value of ['TRUE', 'FALSE', 'NULL'] as const) if (cursor.skipWord(value)) return { operand: { kind: 'constant', value }, at };
    if (cursor.skipSymbol('(')) return { operand: this.#deeper(at, () => this.#inParentheses(at)), at };
    throw cursor.wrong('a property, a number or a text is missing', "write one; a text stands in single quotes, as in 'abc'");
  }

  #inParentheses(openedAt: number): Operand {
    const { operand } = this.#or();
    if (this.#cursor.skipSymbol(')')) return operand;
    if (!this.#cursor.isAtEnd()) throw this.#unexpected();
    throw this.#cursor.wrongAt(openedAt, 'a parenthesis that is opened here has no end', 'close it with )');
  }

  #property(): PropertyOperand {
    const { text: name } = this.#cursor.token;
    const problem = problemOfName(name);
    if (problem !== undefined) throw this.#cursor.wrong(problem.wrong, problem.remedy);
    this.#cursor.advance();
    return { kind: 'property', name };
  }

  #number(isNegative: boolean): NumberOperand {
    const cursor = this.#cursor;
    const { kind } = cursor.token;
    if (kind !== 'integer' && kind !== 'float') {
      throw cursor.wrong('a sign stands before something else than a number', 'put a property with a dash in its name into double quotes');
    }
    const number = numberOperand(cursor, isNegative);
    cursor.advance();
    return number;
  }

  /** A property alone is asked whether it is true; a text or a number is no condition. */
  #condition({ operand, at }: PlacedOperand): Condition {
    if (isCondition(operand)) return operand;
    if (operand.kind === 'property') return { kind: 'compare', comparison: '=', left: operand, right: { kind: 'constant', value: 'TRUE' } };
    throw this.#cursor.wrongAt(at, `a ${operand.kind} alone is no condition`, 'compare it with a property');
  }

  #deeper<T>(at: number, parse: () => T): T {
    if (this.#depth === MAX_DEPTH) {
      throw this.#cursor.wrongAt(at, `parentheses and NOTs are more than ${MAX_DEPTH} deep`, 'write fewer inside each other');
    }
    this.#depth++;
    const parsed = parse();
    this.#depth--;
    return parsed;
  }

  /** The error of a token behind a whole operand or condition. */
  #unexpected(): Error {
    const cursor = this.#cursor;
    if (cursor.isSymbol(')')) return cursor.wrong('a parenthesis is closed that was not opened', 'leave it out');
    if (cursor.isSymbol('(')) return cursor.wrong('there are no functions', 'compare the property itself');
    if (cursor.isSymbol('+') || cursor.isSymbol('-')) {
      return cursor.wrong('there is no arithmetic', 'put a property with a dash in its name into double quotes, as in "a-b"');
    }
    return cursor.wrong('an operator is missing', 'write one, such as AND, OR or =');
  }
}
