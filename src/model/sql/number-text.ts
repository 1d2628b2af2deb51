const ZERO = 0x30;
const NINE = 0x39;
const DOT = 0x2e;
const PLUS = 0x2b;
const MINUS = 0x2d;
/** From here on doubles leave integers out. */
const UNSAFE = 2 ** 53;
const MAX_INT64 = '9223372036854775807';
const MIN_INT64 = '-9223372036854775808';

/**
 * The number that a text reads as, or NaN: digits with a sign, a fraction and an exponent where wanted, as in an expression, and nothing around it.
 * What JavaScript reads beyond that (blanks, nothing, hexadecimal digits, `Infinity`) is no number to a filter.
 */
export function numberOf(text: string): number {
  const value = +text;
  if (Number.isNaN(value) || text.length === 0) return Number.NaN;
  const last = text.charCodeAt(text.length - 1);
  // Blanks and `Infinity` end otherwise.
  if (!isDigit(last) && last !== DOT) return Number.NaN;
  const first = text.charCodeAt(0);
  if (first === ZERO && text.length > 1) {
    const second = text.charCodeAt(1);
    return isDigit(second) || second === DOT || (second | 0x20) === 0x65 ? value : Number.NaN;
  }
  return isDigit(first) || first === DOT || first === PLUS || first === MINUS ? value : Number.NaN;
}

/**
 * Below 0, 0 or above 0 as the left number is smaller, equal or larger; NaN where a text is no number. Integers are compared digit by digit where
 * doubles would not tell them apart.
 */
export function compareNumberTexts(left: string, right: string): number {
  const leftNumber = numberOf(left);
  const rightNumber = numberOf(right);
  if (Math.abs(leftNumber) >= UNSAFE && Math.abs(rightNumber) >= UNSAFE) {
    const leftInteger = integerOf(left);
    const rightInteger = integerOf(right);
    if (leftInteger !== undefined && rightInteger !== undefined) return compareIntegers(leftInteger, rightInteger);
  }
  if (leftNumber < rightNumber) return -1;
  if (leftNumber > rightNumber) return 1;
  return leftNumber === rightNumber ? 0 : Number.NaN;
}

/** An integer without `+` and leading zeros, or `undefined` where a text is none. */
export function integerOf(text: string): string | undefined {
  const sign = text.charCodeAt(0);
  let start = sign === PLUS || sign === MINUS ? 1 : 0;
  if (start === text.length) return undefined;
  for (let i = start; i < text.length; i++) if (!isDigit(text.charCodeAt(i))) return undefined;
  while (start < text.length - 1 && text.charCodeAt(start) === ZERO) start++;
  const digits = text.slice(start);
  return sign === MINUS && digits !== '0' ? `-${digits}` : digits;
}

/** Whether an integer as `integerOf` writes it takes at most 64 bits. */
export function fitsInt64(integer: string): boolean {
  return compareIntegers(integer, MIN_INT64) >= 0 && compareIntegers(integer, MAX_INT64) <= 0;
}

function compareIntegers(left: string, right: string): number {
  const leftIsNegative = left.startsWith('-');
  if (leftIsNegative !== right.startsWith('-')) return leftIsNegative ? -1 : 1;
  const bySize = compareMagnitudes(left, right);
  return leftIsNegative ? -bySize : bySize;
}

/** Both have the same sign, so that the longer one is further from zero. */
function compareMagnitudes(left: string, right: string): number {
  if (left.length !== right.length) return left.length < right.length ? -1 : 1;
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

function isDigit(unit: number): boolean {
  return unit >= ZERO && unit <= NINE;
}
