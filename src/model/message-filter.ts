/** What a filter looks at; a message of a consumer or of the log has it. The properties have no prototype. */
export interface FilteredMessage {
  readonly tag: string | undefined;
  readonly keys: readonly string[];
  readonly properties: Readonly<Record<string, string>>;
}

/** A parsed subscription. It never throws: an expression that has no answer for a message does not want it. */
export interface MessageFilter {
  /** How it is written: as tags or as SQL. */
  readonly language: 'tag' | 'sql';
  /** The expression in one form for all ways to write it. */
  readonly normal: string;
  /** False only when a message with this tag hash cannot match. */
  mayMatch(tagHash: number): boolean;
  /** Whether the message is wanted. */
  matches(message: FilteredMessage): boolean;
}

/** Whether two filters are one expression, however each is spelled. The same text as a tag and as SQL means different things. */
export function isSameFilter(a: MessageFilter, b: MessageFilter): boolean {
  return a.language === b.language && a.normal === b.normal;
}

/** A filter as error messages show it. */
export function describeFilter(filter: MessageFilter): string {
  const normal = JSON.stringify(filter.normal);
  return filter.language === 'sql' ? `the SQL expression ${normal}` : normal;
}
