/** `=` and `<>` compare texts, numbers and conditions; the others compare numbers. */
export type Comparison = '=' | '<>' | '<' | '<=' | '>' | '>=';

export interface PropertyOperand {
  readonly kind: 'property';
  readonly name: string;
}

export interface TextOperand {
  readonly kind: 'text';
  readonly value: string;
}

export interface NumberOperand {
  readonly kind: 'number';
  readonly value: number;
  /** One form for all spellings. The digits of an integer that `value` may only be near to; any other number above 2^53 has an exponent. */
  readonly text: string;
}

/** What stands on a side of an operator. */
export type Operand = PropertyOperand | TextOperand | NumberOperand | Condition;

export interface LikeCondition {
  readonly kind: 'like';
  readonly negated: boolean;
  readonly property: PropertyOperand;
  readonly pattern: string;
  readonly escapeCharacter: string | undefined;
}

export interface SearchCondition {
  readonly kind: 'search';
  readonly how: 'CONTAINS' | 'STARTSWITH' | 'ENDSWITH';
  readonly negated: boolean;
  readonly property: PropertyOperand;
  readonly text: string;
}

export interface InCondition {
  readonly kind: 'in';
  readonly negated: boolean;
  readonly property: PropertyOperand;
  readonly values: readonly (TextOperand | NumberOperand)[];
}

export interface BetweenCondition {
  readonly kind: 'between';
  readonly negated: boolean;
  readonly value: Operand;
  readonly low: Operand;
  readonly high: Operand;
}

export interface CompareCondition {
  readonly kind: 'compare';
  readonly comparison: Comparison;
  readonly left: Operand;
  readonly right: Operand;
}

/** What is TRUE, FALSE or unknown for a message. */
export type Condition =
  | { readonly kind: 'constant'; readonly value: 'TRUE' | 'FALSE' | 'NULL' }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Condition[] }
  | { readonly kind: 'not'; readonly part: Condition }
  | { readonly kind: 'isNull'; readonly negated: boolean; readonly operand: Operand }
  | CompareCondition
  | BetweenCondition
  | InCondition
  | LikeCondition
  | SearchCondition;

/** Whether an operand is a condition rather than a value. */
export function isCondition(operand: Operand): operand is Condition {
  return operand.kind !== 'property' && operand.kind !== 'text' && operand.kind !== 'number';
}
