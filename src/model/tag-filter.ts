import { BrokerError } from './errors.ts';
import type { Limits } from './limits.ts';
import type { FilteredMessage, MessageFilter } from './message-filter.ts';
import { quoted } from './quoted.ts';
import { exceedsUtf8, hasControlCharacter, isWellFormed } from './utf8.ts';

const NO_HASHES = new Int32Array(0);
const NO_TAGS: ReadonlySet<string> = new Set();
const SEPARATOR = '||';

/** The hash of a tag that stands in consume queues: Java's `String.hashCode`, as in RocketMQ; 0 for no tag. */
export function tagHash(tag: string | undefined): number {
  if (tag === undefined) return 0;
  let hash = 0;
  for (let i = 0; i < tag.length; i++) hash = (Math.imul(hash, 31) + tag.charCodeAt(i)) | 0;
  return hash;
}

/** A parsed tag expression. Hashes only rule out; whether a message matches is decided by its tag itself. */
export class TagFilter implements MessageFilter {
  readonly language = 'tag';
  /** Sorted, each tag once, or `*`. */
  readonly normal: string;
  /** True for `*`. */
  readonly matchesAll: boolean;
  /** The hashes of its tags; empty for `*`. */
  readonly hashes: Int32Array;
  readonly #tags: ReadonlySet<string>;

  private constructor(tags: readonly string[]) {
    this.matchesAll = tags.length === 0;
    this.normal = this.matchesAll ? '*' : tags.join(` ${SEPARATOR} `);
    this.hashes = this.matchesAll ? NO_HASHES : Int32Array.from(tags, tagHash);
    this.#tags = this.matchesAll ? NO_TAGS : new Set(tags);
  }

  /** Parses `*` or tags joined by `||`, or throws `MQ_ILLEGAL_FILTER_EXPRESSION`. */
  static parse(expression: string, limits: Limits): TagFilter {
    if (exceedsUtf8(expression, limits.maxFilterBytes)) {
      throw illegalExpression(expression, `is larger than ${limits.maxFilterBytes} bytes`);
    }
    const trimmed = trimBlanks(expression);
    if (trimmed === '' || trimmed === '*') return new TagFilter([]);
    const tags = new Set<string>();
    for (const part of trimmed.split(SEPARATOR)) {
      const tag = trimBlanks(part);
      if (tag === '') continue;
      checkTag(expression, tag);
      tags.add(tag);
    }
    if (tags.size === 0) throw illegalExpression(expression, 'has no tag');
    return new TagFilter([...tags].sort(byCodeUnits));
  }

  mayMatch(hash: number): boolean {
    return this.matchesAll || this.hashes.includes(hash);
  }

  /** A message without a tag is wanted only by `*`. */
  matches({ tag }: Pick<FilteredMessage, 'tag'>): boolean {
    return this.matchesAll || (tag !== undefined && this.#tags.has(tag));
  }
}

function checkTag(expression: string, tag: string): void {
  if (tag === '*') throw illegalExpression(expression, "has '*' beside tags, where it would not mean everything");
  if (tag.includes('|')) throw illegalExpression(expression, "has a single '|'; tags are joined by '||'");
  if (hasControlCharacter(tag) || !isWellFormed(tag)) throw illegalExpression(expression, 'has a character that no tag can have');
}

function illegalExpression(expression: string, why: string): BrokerError {
  return new BrokerError(
    'MQ_ILLEGAL_FILTER_EXPRESSION',
    `Filter expression ${quoted(expression)} ${why}; write '*' or tags joined by '${SEPARATOR}'`,
  );
}

function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isLayout(text.charCodeAt(start))) start++;
  while (end > start && isLayout(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

/** Blanks, tabs and line ends; everything else belongs to a tag. */
function isLayout(unit: number): boolean {
  return unit === 0x20 || (unit >= 0x09 && unit <= 0x0d);
}

function byCodeUnits(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
