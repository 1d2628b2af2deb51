/** A text that counts how many of its characters are looked at. A search of the language counts as the naive one that it may be. */
export class CountedText {
  readonly #text: string;
  reads = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get length(): number {
    return this.#text.length;
  }

  charCodeAt(at: number): number {
    this.reads++;
    return this.#text.charCodeAt(at);
  }

  codePointAt(at: number): number | undefined {
    this.reads++;
    return this.#text.codePointAt(at);
  }

  startsWith(wanted: string, at: number): boolean {
    this.reads += wanted.length;
    return this.#text.startsWith(wanted, at);
  }

  endsWith(wanted: string, at: number): boolean {
    this.reads += wanted.length;
    return this.#text.endsWith(wanted, at);
  }

  indexOf(wanted: string, from: number): number {
    for (let at = from; at + wanted.length <= this.#text.length; at++) {
      let matched = 0;
      while (matched < wanted.length && this.charCodeAt(at + matched) === wanted.charCodeAt(matched)) matched++;
      if (matched === wanted.length) return at;
    }
    return -1;
  }
}
