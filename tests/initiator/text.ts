/** Text segments of Login and Text PDUs: `key=value` pairs, each ended by a zero byte (RFC 7143 6.1). */

export type Pair = readonly [key: string, value: string];
/** Keys and their values in the order of the wire; a key may come twice. */
export type Pairs = readonly Pair[];

/** Encodes pairs as the data segment of a Login or Text PDU. */
export function encodeText(pairs: Pairs): Uint8Array {
  return new TextEncoder().encode(pairs.map(([key, value]) => `${key}=${value}\0`).join(""));
}

/**
 * Decodes a complete text segment.
 *
 * @throws SyntaxError if a pair lacks its zero byte or its "="
 */
export function decodeText(bytes: Uint8Array): Pair[] {
  const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  if (text === "") return [];
  if (!text.endsWith("\0")) throw new SyntaxError(`Text does not end with a zero byte: "${text}"`);
  return text.slice(0, -1).split("\0").map((pair) => {
    const at = pair.indexOf("=");
    if (at < 1) throw new SyntaxError(`Text pair has no key: "${pair}"`);
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
}

/** The value of a key that must be there at most once. */
export function valueOf(pairs: Pairs, key: string): string | undefined {
  const found = pairs.filter(([name]) => name === key);
  if (found.length > 1) throw new Error(`Key "${key}" came ${found.length} times`);
  return found[0]?.[1];
}
