import { cpus } from 'node:os';
import Table from 'cli-table3';
import { median } from './statistics.js';

/**
 * @typedef {object} Row
 * @property {string} cell
 * @property {string} title
 * @property {number} value median over the rounds
 * @property {string} unit
 * @property {number} ours
 * @property {number} theirs
 * @property {{ atLeast: number } | { atMost: number } | undefined} aim
 * @property {boolean | undefined} met
 * @property {readonly number[]} rounds the value in each round
 */

/**
 * @param {import('./cells.js').Cell} cell
 * @param {readonly import('./cells.js').Results[]} rounds
 * @returns {Row[]}
 */
export function rowsOf(cell, rounds) {
  return cell.figures.map(({ title, value, unit = 'ratio', ours, theirs, aim, over = 'median' }) => {
    /** @param {((results: import('./cells.js').Results) => number) | undefined} read */
    const middle = (read) => (read === undefined ? Number.NaN : median(rounds.map(read)));
    const row = { cell: cell.name, title, unit, ours: middle(ours), theirs: middle(theirs), aim, rounds: rounds.map(value) };
    const overall = over === 'median' ? middle(value) : row.ours / row.theirs;
    return { ...row, value: overall, met: isMet(overall, aim) };
  });
}

/**
 * @param {number} value
 * @param {Row['aim']} aim
 */
function isMet(value, aim) {
  if (aim === undefined) return undefined;
  return 'atLeast' in aim ? value >= aim.atLeast : value <= aim.atMost;
}

/** @param {readonly Row[]} rows */
export function tableOf(rows) {
  const table = new Table({
    head: ['cell', 'figure', 'ours', 'raw or beside', 'value', 'aim', 'verdict'],
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right', 'left'],
    style: { head: [], border: [], compact: true },
  });
  for (const { cell, title, unit, ours, theirs, value, aim, met } of rows) {
    const verdict = met === undefined ? '' : met ? 'met' : 'MISSED';
    table.push([cell, title, amount(ours), amount(theirs), inUnit(value, unit), aimText(aim, unit), verdict]);
  }
  return table.toString();
}

/**
 * @param {Row['aim']} aim
 * @param {string} unit
 */
function aimText(aim, unit) {
  if (aim === undefined) return '';
  return 'atLeast' in aim ? `≥ ${inUnit(aim.atLeast, unit)}` : `≤ ${inUnit(aim.atMost, unit)}`;
}

/**
 * @param {number} value
 * @param {string} unit
 */
function inUnit(value, unit) {
  if (Number.isNaN(value)) return '–';
  if (unit === 'share') return `${(value * 100).toFixed(3)} %`;
  if (unit === '/s') return `${Math.round(value).toLocaleString('en')}/s`;
  return unit === 'ratio' ? value.toFixed(2) : `${value.toFixed(value < 10 ? 2 : 0)} ${unit}`;
}

/** @param {number} value */
function amount(value) {
  if (Number.isNaN(value)) return '';
  return value < 100 ? value.toFixed(2) : Math.round(value).toLocaleString('en');
}

/** What the figures were taken on. */
export function machine() {
  const processors = cpus();
  return `Node ${process.versions.node}, ${process.platform} ${process.arch}, ${processors.length} × ${processors[0]?.model.trim() ?? 'unknown'}`;
}

/** @param {readonly { small: number; large: number }[]} probes */
export function probeLine(probes) {
  const small = amount(median(probes.map((probe) => probe.small)));
  const large = amount(median(probes.map((probe) => probe.large)));
  return `append + fdatasync: ${small}/s of 4 KiB, ${large}/s of 64 KiB (median of ${probes.length})`;
}
