/** Text that is longer than a PDU: its pairs are made when a part of it is sent, and not before. */
import { formatText, joinText } from "./text.ts";

export class TextSource {
  #pairs: Iterator<readonly [string, string]>;
  /** What was made and did not fit into the last part; never more than one pair. */
  #rest: Uint8Array = new Uint8Array(0);

  constructor(pairs: Iterable<readonly [string, string]>) {
    this.#pairs = pairs[Symbol.iterator]();
  }

  /** The next part, of at most `most` bytes. */
  take(most: number): Uint8Array {
    const pieces = [this.#rest];
    let length = this.#rest.length;
    // One byte too many shows that this is not the last part.
    while (length <= most) {
      const next = this.#pairs.next();
      if (next.done === true) break;
      const piece = formatText([next.value]);
      pieces.push(piece);
      length += piece.length;
    }
    const bytes = joinText(pieces);
    this.#rest = bytes.slice(most);
    return bytes.subarray(0, most);
  }

  /** Whether take() has come to the end. */
  get isEmpty(): boolean {
    return this.#rest.length === 0;
  }
}
