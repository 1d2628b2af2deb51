import { ByteReader } from '../../storage/byte-reader.ts';
import { ByteWriter } from '../../storage/byte-writer.ts';
import { sipHash } from './sip-hash.ts';

const MAC_BYTES = 8;

/** Turns the content of a handle to text with a MAC behind it, so that nobody can make one up, and back. */
export class HandleSeal {
  readonly #key: Uint8Array;
  readonly #contentBytes: number;
  readonly #writer = new ByteWriter(64);

  /**
   * `key` has 16 bytes and lies in the store, so that handles stay valid over a restart; the number of bytes of their content tells kinds of
   * handle apart.
   */
  constructor(key: Uint8Array, contentBytes: number) {
    this.#key = key;
    this.#contentBytes = contentBytes;
  }

  /** An empty writer for the content, which `text` takes next. */
  begin(): ByteWriter {
    this.#writer.clear();
    return this.#writer;
  }

  /** The handle of what was written since `begin`. */
  text(): string {
    const writer = this.#writer;
    const { high, low } = sipHash(this.#key, writer.written());
    writer.u32(high);
    writer.u32(low);
    return toBase64Url(writer.written());
  }

  /** A reader of the content; `undefined` where this store never issued the handle. */
  open(handle: string): ByteReader | undefined {
    const bytes = fromBase64Url(handle);
    if (bytes === undefined || bytes.length !== this.#contentBytes + MAC_BYTES) return undefined;
    const mac = sipHash(this.#key, bytes.subarray(0, this.#contentBytes));
    const given = new ByteReader(bytes, this.#contentBytes);
    // Both halves are compared, whatever the first one says.
    const difference = (given.u32() ^ mac.high) | (given.u32() ^ mac.low);
    return difference === 0 ? new ByteReader(bytes) : undefined;
  }
}

function toBase64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

function fromBase64Url(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9_-]{1,100}$/.test(text)) return undefined;
  try {
    return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
