/** Up to here the search of the language looks at each character of a text at most so often; a longer needle could make that thousands of times. */
const SHORT = 16;

/** A text that is looked for in others, in time that grows with their length alone (Knuth, Morris and Pratt where it is long). */
export class Needle {
  readonly text: string;
  /** For each prefix of the needle, the length of the longest proper end of it that it also begins with. */
  readonly #borders: Int32Array | undefined;

  constructor(text: string) {
    this.text = text;
    this.#borders = text.length > SHORT ? bordersOf(text) : undefined;
  }

  /** Where the needle stands first in `text`, not before `from`; -1 where it does not. */
  indexIn(text: string, from = 0): number {
    const needle = this.text;
    const borders = this.#borders;
    if (borders === undefined) return text.indexOf(needle, from);
    let matched = 0;
    for (let at = from; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      while (matched > 0 && unit !== needle.charCodeAt(matched)) matched = borders[matched - 1] as number;
      if (unit === needle.charCodeAt(matched)) matched++;
      if (matched === needle.length) return at + 1 - matched;
    }
    return -1;
  }
}

function bordersOf(text: string): Int32Array {
  const borders = new Int32Array(text.length);
  let border = 0;
  for (let at = 1; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    while (border > 0 && unit !== text.charCodeAt(border)) border = borders[border - 1] as number;
    if (unit === text.charCodeAt(border)) border++;
    borders[at] = border;
  }
  return borders;
}
