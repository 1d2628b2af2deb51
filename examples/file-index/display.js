import { MultiBar } from 'cli-progress';

/**
 * What is shown while files are being indexed.
 * @typedef {object} Progress
 * @property {number} sent files sent by the walk so far
 * @property {boolean} walking whether more will come
 * @property {number} settled files that were indexed or given up on
 * @property {number} lag files that wait or are being hashed
 */

/** Without a terminal a line is written this often. */
const LINE_EVERY_MS = 500;
/** The rate is that of the time just passed, smoothed over about a second. */
const SMOOTHING_MS = 1000;
const FORMAT = '{bar} {percentage}% | {value}/{total}{more} files | {rate} files/s | lag {lag}';

/** Shows progress: a bar on a terminal, a line now and then elsewhere. */
export class Display {
  /** @type {MultiBar | undefined} */
  #bars;
  #bar;
  #lastLineAtMs = performance.now();
  #rate = new Rate();

  /** @param {NodeJS.WriteStream} [output] */
  constructor(output = process.stdout) {
    if (!output.isTTY) return;
    this.#bars = new MultiBar({
      format: FORMAT,
      stream: output,
      barCompleteChar: '█',
      barIncompleteChar: '░',
      barsize: 30,
      gracefulExit: false,
    });
  }

  /** @param {Progress} progress */
  update({ sent, walking, settled, lag }) {
    const payload = {
      rate: Math.round(this.#rate.of(settled)).toLocaleString('en'),
      lag: lag.toLocaleString('en'),
      more: walking ? '+' : '',
    };
    if (this.#bars === undefined) return this.#line(settled, sent, payload);
    this.#bar ??= this.#bars.create(sent, settled, payload);
    this.#bar.setTotal(sent);
    this.#bar.update(settled, payload);
  }

  /**
   * A line that stays, above the bar.
   * @param {string} text
   */
  note(text) {
    if (this.#bars === undefined) console.log(text);
    else this.#bars.log(`${text}\n`);
  }

  /** Leaves the bar as it is; what is noted from now on is printed plainly. */
  stop() {
    this.#bars?.update();
    this.#bars?.stop();
    this.#bars = undefined;
  }

  /**
   * @param {number} settled
   * @param {number} sent
   * @param {{ rate: string, lag: string, more: string }} payload
   */
  #line(settled, sent, { rate, lag, more }) {
    if (performance.now() - this.#lastLineAtMs < LINE_EVERY_MS) return;
    this.#lastLineAtMs = performance.now();
    console.log(`${settled}/${sent}${more} files | ${rate} files/s | lag ${lag}`);
  }
}

/** A count's rate of change per second. */
class Rate {
  #atMs = performance.now();
  /** @type {number | undefined} */
  #count;
  #perSecond = 0;

  /** @param {number} count */
  of(count) {
    const nowMs = performance.now();
    const passedMs = nowMs - this.#atMs;
    if (this.#count !== undefined && passedMs > 0) {
      const now = ((count - this.#count) / passedMs) * 1000;
      const weight = this.#perSecond === 0 ? 1 : Math.min(1, passedMs / SMOOTHING_MS);
      this.#perSecond += (now - this.#perSecond) * weight;
    }
    this.#atMs = nowMs;
    this.#count = count;
    return this.#perSecond;
  }
}
