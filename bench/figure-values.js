/** @import { Results } from './cells.js' */

/**
 * What one side of a cell has measured.
 * @type {(side: string, field: string) => (results: Results) => number}
 */
export const field = (side, name) => (results) => results[side]?.[name] ?? Number.NaN;

/** @type {(dividend: (results: Results) => number, divisor: (results: Results) => number) => (results: Results) => number} */
export const quotient = (dividend, divisor) => (results) => dividend(results) / divisor(results);
