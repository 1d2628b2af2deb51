import { type Condition, isCondition, type Operand } from './expression.ts';
import { writtenName } from './keywords.ts';

/** Writes a condition in one way for all spellings: keywords in capitals, single blanks, no parentheses that change nothing. Parsed, it is the same condition. */
export function normalForm(condition: Condition): string {
  switch (condition.kind) {
    case 'constant':
      return condition.value;
    case 'and':
      return condition.parts.map((part) => (part.kind === 'or' ? `(${normalForm(part)})` : normalForm(part))).join(' AND ');
    case 'or':
      return condition.parts.map(normalForm).join(' OR ');
    case 'not':
      return `NOT ${isChain(condition.part) ? `(${normalForm(condition.part)})` : normalForm(condition.part)}`;
    case 'isNull':
      return `${written(condition.operand)} IS ${negation(condition)}NULL`;
    case 'compare':
      return `${written(condition.left)} ${condition.comparison} ${writtenRight(condition.right)}`;
    case 'between':
      return `${written(condition.value)} ${negation(condition)}BETWEEN ${writtenRight(condition.low)} AND ${writtenRight(condition.high)}`;
    case 'in':
      return `${written(condition.property)} ${negation(condition)}IN (${condition.values.map(written).join(', ')})`;
    case 'like': {
      const { escapeCharacter } = condition;
      const ending = escapeCharacter === undefined ? '' : ` ESCAPE ${text(escapeCharacter)}`;
      return `${written(condition.property)} ${negation(condition)}LIKE ${text(condition.pattern)}${ending}`;
    }
    case 'search':
      return `${written(condition.property)} ${negation(condition)}${condition.how} ${text(condition.text)}`;
    default:
      return condition satisfies never;
  }
}

function isChain(condition: Condition): boolean {
  return condition.kind === 'and' || condition.kind === 'or';
}

function negation({ negated }: { readonly negated: boolean }): string {
  return negated ? 'NOT ' : '';
}

function written(operand: Operand): string {
  switch (operand.kind) {
    case 'property':
      return writtenName(operand.name);
    case 'text':
      return text(operand.value);
    case 'number':
      return operand.text;
    case 'constant':
      return operand.value;
    default:
      return isCondition(operand) ? `(${normalForm(operand)})` : operand;
  }
}

/** Right of an operator a name in double quotes stands in parentheses. */
function writtenRight(operand: Operand): string {
  const right = written(operand);
  return right.startsWith('"') ? `(${right})` : right;
}

function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
