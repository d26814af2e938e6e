/**
 * CRC32C in TypeScript. Four registers take one word each of every 16 bytes, so that none of them
 * waits for the one before it, and each looks its next value up in three parts of 11, 11 and 10
 * bits. That is twice as fast as eight lookups of 8 bits in one register (slicing by 8).
 */

/** The generator 11edc6f41h of RFC 7143 13.1, its bits reversed, without the highest power. */
const POLYNOMIAL = 0x82f63b78;

const WORD = 4;
/** Bytes that the four registers take in one step. */
const STEP = 4 * WORD;

/** What a register becomes when a byte of zero is added. */
function addZero(register: number): number {
  let sum = register;
  for (let bit = 0; bit < 8; bit++) sum = (sum & 1) !== 0 ? sum >>> 1 ^ POLYNOMIAL : sum >>> 1;
  return sum;
}

function addZeros(register: number, count: number): number {
  let sum = register;
  for (let left = count; left > 0; left--) sum = addZero(sum);
  return sum;
}

const PART = 2048;

/** A table of what a register becomes when `count` bytes of zero are added, in three parts. */
function makeTable(count: number): Int32Array {
  const table = new Int32Array(3 * PART);
  for (let part = 0; part < 3; part++) {
    const values = table.subarray(part * PART, (part + 1) * PART);
    for (let bits = 1; bits < PART; bits++) {
      const lowest = bits & -bits;
      // The CRC of a sum is the sum of the CRCs.
      values[bits] = bits > lowest
        ? values[lowest]! ^ values[bits ^ lowest]!
        : addZeros(bits << part * 11, count);
    }
  }
  return table;
}

const wordTable = makeTable(WORD);
const stepTable = makeTable(STEP);

function lookUp(table: Int32Array, register: number): number {
  return table[register & 2047]! ^ table[PART | register >>> 11 & 2047]! ^
    table[2 * PART | register >>> 22]!;
}

/**
 * The CRC register after `length` bytes at `at` of `view`, without the inversions before the first
 * byte and behind the last one.
 *
 * @param register the register before, as a signed number of 32 bits; so is the result
 */
export function crc32cByTables(
  view: DataView<ArrayBuffer>,
  at: number,
  length: number,
  register: number,
): number {
  let sum = register;
  let place = at;
  const end = at + length;
  if (length >= STEP) {
    let first = 0;
    let second = 0;
    let third = 0;
    for (const last = end - 2 * STEP; place <= last; place += STEP) {
      sum = lookUp(stepTable, view.getInt32(place, true) ^ sum);
      first = lookUp(stepTable, view.getInt32(place + 4, true) ^ first);
      second = lookUp(stepTable, view.getInt32(place + 8, true) ^ second);
      third = lookUp(stepTable, view.getInt32(place + 12, true) ^ third);
    }
    // The last step goes word by word, and joins the registers.
    sum = lookUp(wordTable, view.getInt32(place, true) ^ sum);
    sum = lookUp(wordTable, view.getInt32(place + 4, true) ^ first ^ sum);
    sum = lookUp(wordTable, view.getInt32(place + 8, true) ^ second ^ sum);
    sum = lookUp(wordTable, view.getInt32(place + 12, true) ^ third ^ sum);
    place += STEP;
  }
  for (; place <= end - WORD; place += WORD) {
    sum = lookUp(wordTable, view.getInt32(place, true) ^ sum);
  }
  for (; place < end; place++) sum = sum >>> 8 ^ addZero((sum ^ view.getUint8(place)) & 0xff);
  return sum;
}
