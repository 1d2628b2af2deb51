import { clearScreenDown, cursorTo, moveCursor } from 'node:readline';
import Table from 'cli-table3';

/** @typedef {import('./order-book.js').Order} Order */

const SIGNS = { placed: '…', paid: '✓', cancelled: '✗' };
/** A cell with its padding and its border. */
const CELL_WIDTH = 21;
const MOST_COLUMNS = 6;
/** Lines beside the orders: two borders, the counts, and the one that the cursor is in. */
const OTHER_LINES = 4;
/** Without a terminal a line is written this often. */
const LINE_EVERY_MS = 500;

/** Shows the state of every order: a table that stays in its place on a terminal, a line now and then elsewhere. */
export class Display {
  #output;
  #height = 0;
  #lastLineAtMs = 0;

  /** @param {NodeJS.WriteStream} [output] */
  constructor(output = process.stdout) {
    this.#output = output;
  }

  /** @param {Order[]} orders */
  update(orders) {
    if (this.#output.isTTY) this.#redraw(`${tableOf(orders, this.#output)}\n${countsOf(orders)}`);
    else this.#line(orders);
  }

  /** @param {string} text */
  #redraw(text) {
    if (this.#height > 0) {
      moveCursor(this.#output, 0, -this.#height);
      cursorTo(this.#output, 0);
      clearScreenDown(this.#output);
    }
    this.#output.write(`${text}\n`);
    this.#height = text.split('\n').length;
  }

  /** @param {Order[]} orders */
  #line(orders) {
    if (performance.now() - this.#lastLineAtMs < LINE_EVERY_MS) return;
    this.#lastLineAtMs = performance.now();
    console.log(countsOf(orders));
  }
}

/** @param {Order[]} orders */
function countsOf(orders) {
  /** @param {Order['state']} state */
  const count = (state) => orders.filter((order) => order.state === state).length;
  return `${orders.length} orders: ${count('placed')} open …, ${count('paid')} paid ✓, ${count('cancelled')} cancelled ✗`;
}

/**
 * As many columns as the terminal is wide, and of more orders than it has room for the newest.
 * @param {Order[]} orders
 * @param {{ columns?: number, rows?: number }} terminal
 */
function tableOf(orders, { columns: width = 80, rows: height = 24 }) {
  const columns = Math.min(MOST_COLUMNS, Math.max(1, Math.floor((width - 2) / CELL_WIDTH)));
  const rows = Math.max(1, height - OTHER_LINES);
  const hidden = Math.max(0, Math.ceil(orders.length / columns) - rows) * columns;
  const cells = orders
    .slice(hidden)
    .map(({ id, cents, country, state }) => `${id} ${country} ${(cents / 100).toFixed(2).padStart(7)} ${SIGNS[state]}`);
  const table = new Table({ style: { head: [], border: ['grey'], compact: true } });
  for (let first = 0; first < cells.length; first += columns) {
    const row = cells.slice(first, first + columns);
    table.push([...row, ...Array(columns - row.length).fill('')]);
  }
  return table.toString();
}
