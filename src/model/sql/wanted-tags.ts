import { tagHash } from '../tag-filter.ts';
import type { Condition, Operand } from './expression.ts';
import { TAGS } from './property-names.ts';

/**
 * The hashes of the tags that a message must have one of for a condition to be TRUE, or `undefined` where other tags, or none, may do. A message whose
 * tag is ruled out need not be read at all.
 */
export function wantedTagHashes(condition: Condition): ReadonlySet<number> | undefined {
  switch (condition.kind) {
    case 'compare':
      return condition.comparison === '=' ? hashOf(condition.left, condition.right) : undefined;
    case 'in':
      return hashesOf(condition);
    case 'and': {
      // Each part must be TRUE, so that the narrowest one decides; an intersection would hardly ever be narrower.
      const narrowing = condition.parts.map(wantedTagHashes).filter((hashes) => hashes !== undefined);
      return narrowing.sort((a, b) => a.size - b.size)[0];
    }
    case 'or': {
      const union = new Set<number>();
      for (const part of condition.parts) {
        const hashes = wantedTagHashes(part);
        if (hashes === undefined) return undefined;
        for (const hash of hashes) union.add(hash);
      }
      return union;
    }
    default:
      return undefined;
  }
}

function hashOf(left: Operand, right: Operand): ReadonlySet<number> | undefined {
  if (isTags(left) && right.kind === 'text') return new Set([tagHash(right.value)]);
  if (isTags(right) && left.kind === 'text') return new Set([tagHash(left.value)]);
  return undefined;
}

function hashesOf({ property, negated, values }: Condition & { kind: 'in' }): ReadonlySet<number> | undefined {
  if (negated || !isTags(property)) return undefined;
  const hashes = new Set<number>();
  for (const value of values) {
    // A number is equal to tags of many spellings.
    if (value.kind !== 'text') return undefined;
    hashes.add(tagHash(value.value));
  }
  return hashes;
}

function isTags(operand: Operand): boolean {
  return operand.kind === 'property' && operand.name === TAGS;
}
