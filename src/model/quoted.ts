const LONGEST = 100;

/** A value as error messages show it: text in quotes and cut short, numbers as they are, of anything else only what it is. */
export function quoted(value: unknown): string {
  if (typeof value === 'string') {
    return value.length <= LONGEST ? JSON.stringify(value) : `${JSON.stringify(value.slice(0, LONGEST))}… (${value.length} characters)`;
  }
  if (value === null) return 'null';
  switch (typeof value) {
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'bigint':
      return `${String(value).slice(0, LONGEST)}n`;
    case 'boolean':
    case 'undefined':
      return String(value);
    case 'function':
      return 'a function';
    case 'symbol':
      return 'a symbol';
    default:
      if (value instanceof Date) return 'a Date';
      return Array.isArray(value) ? 'an array' : 'an object';
  }
}
