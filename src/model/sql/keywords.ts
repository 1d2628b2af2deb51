/** Words with a meaning wherever they stand, in any case. */
const RESERVED: ReadonlySet<string> = new Set('AND OR NOT BETWEEN IN IS NULL TRUE FALSE CONTAINS STARTSWITH ENDSWITH'.split(' '));
/** Words with a meaning only behind a value: RocketMQ does not know them, so that its expressions may have properties of these names. */
const AFTER_VALUE: ReadonlySet<string> = new Set(['LIKE', 'ESCAPE']);
const BARE_NAME = /^[A-Za-z_$][A-Za-z0-9_$]*$/;

/** Whether a word in capitals cannot name a property unless it stands in double quotes. */
export function isReservedWord(upperCase: string): boolean {
  return RESERVED.has(upperCase);
}

/** A property's name as an expression has to write it. */
export function writtenName(name: string): string {
  const upperCase = name.toUpperCase();
  if (BARE_NAME.test(name) && !RESERVED.has(upperCase) && !AFTER_VALUE.has(upperCase)) return name;
  return `"${name.replaceAll('"', '""')}"`;
}
