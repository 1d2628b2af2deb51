/**
 * The middle of the values; `NaN` when there are none.
 * @param {readonly number[]} values
 * @returns {number}
 */
export function median(values) {
  return percentile([...values].sort(ascending), 0.5);
}

/**
 * The value below which `share` of the sorted values lie, interpolated between neighbours.
 * @param {ArrayLike<number>} sorted
 * @param {number} share from 0 to 1
 * @returns {number}
 */
export function percentile(sorted, share) {
  if (sorted.length === 0) return Number.NaN;
  const at = (sorted.length - 1) * share;
  const below = Math.floor(at);
  const above = Math.ceil(at);
  return sorted[below] + (sorted[above] - sorted[below]) * (at - below);
}

/**
 * Order of numbers for `sort`.
 * @param {number} left
 * @param {number} right
 */
function ascending(left, right) {
  return left - right;
}
