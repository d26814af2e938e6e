/** Sizes as people write them: bytes, or a number with a binary unit. */

/** The largest size, in bytes: every byte offset below it is exact in a number. */
export const MAX_SIZE = 2 ** 53 - 65536;

/** What parseSize() takes, in the words of an error message. */
export const SIZE_ALLOWED =
  "a number of bytes or a number with KiB, MiB, GiB or TiB, more than 0 and less than 8192TiB";

const UNITS: ReadonlyMap<string, bigint> = new Map([
  ["", 1n],
  ["KiB", 1n << 10n],
  ["MiB", 1n << 20n],
  ["GiB", 1n << 30n],
  ["TiB", 1n << 40n],
]);

/** The size in bytes that `text` stands for, or undefined if it is not an exact size in range. */
export function parseSize(text: string): number | undefined {
  const match = /^(0|[1-9]\d{0,19})(?:\.(\d{1,20}))? ?([A-Za-z]*)$/.exec(text);
  if (!match) return undefined;
  const [, whole = "", fraction = "", unit = ""] = match;
  const factor = UNITS.get(unit);
  if (factor === undefined) return undefined;
  const scaled = BigInt(whole + fraction) * factor;
  const divisor = 10n ** BigInt(fraction.length);
  if (scaled % divisor !== 0n) return undefined;
  const size = scaled / divisor;
  return size > 0n && size <= BigInt(MAX_SIZE) ? Number(size) : undefined;
}

/** What may have been meant by `text`, which parseSize() refused. */
export function sizeHint(text: string): string | undefined {
  const match = /^(\d[\d.]*) ?([kmgt])(i?)b?$/i.exec(text);
  if (!match) return undefined;
  if (/\d\.\d/.test(text) && UNITS.has(/[A-Za-z]*$/.exec(text)?.[0] ?? "")) {
    return "that is no whole number of bytes";
  }
  const [, count = "", letter = "", binary = ""] = match;
  const meant = `${count}${letter.toUpperCase()}iB`;
  if (parseSize(meant) === undefined) return undefined;
  return binary === "" ? `decimal units are not taken, write ${meant}` : `write ${meant}`;
}

/** `bytes` with the largest unit that leaves no remainder. */
export function formatSize(bytes: number): string {
  const exact = [...UNITS].findLast(([, factor]) => BigInt(bytes) % factor === 0n);
  const [unit, factor] = exact ?? ["", 1n];
  return unit === "" ? `${bytes} bytes` : `${BigInt(bytes) / factor}${unit}`;
}
