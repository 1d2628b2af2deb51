import { clearScreenDown, cursorTo, moveCursor } from 'node:readline';
import Table from 'cli-table3';

/** @typedef {import('./order-book.js').Order} Order */

const SIGNS = { placed: '…', paid: '✓ paid', cancelled: '✗ cancelled' };
const COLUMNS = 4;
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
    if (this.#output.isTTY) this.#redraw(tableOf(orders));
    else this.#line(orders);
  }

  /** @param {string} table */
  #redraw(table) {
    if (this.#height > 0) {
      moveCursor(this.#output, 0, -this.#height);
      cursorTo(this.#output, 0);
      clearScreenDown(this.#output);
    }
    this.#output.write(`${table}\n`);
    this.#height = table.split('\n').length;
  }

  /** @param {Order[]} orders */
  #line(orders) {
    if (performance.now() - this.#lastLineAtMs < LINE_EVERY_MS) return;
    this.#lastLineAtMs = performance.now();
    /** @param {Order['state']} state */
    const count = (state) => orders.filter((order) => order.state === state).length;
    console.log(`${orders.length} orders: ${count('placed')} open, ${count('paid')} paid, ${count('cancelled')} cancelled`);
  }
}

/** @param {Order[]} orders */
function tableOf(orders) {
  const table = new Table({ style: { head: [], border: ['grey'], compact: true } });
  const cells = orders.map(({ id, cents, country, state }) => `${id} ${country} ${(cents / 100).toFixed(2).padStart(7)} ${SIGNS[state]}`);
  for (let first = 0; first < cells.length; first += COLUMNS) {
    const row = cells.slice(first, first + COLUMNS);
    table.push([...row, ...Array(COLUMNS - row.length).fill('')]);
  }
  return table.toString();
}
