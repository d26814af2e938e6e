/** Damage to one PDU: to its fields, by their table, to its lengths, and to the bytes that it becomes. */
import { OPERATION_TABLE } from "../../lib/scst/opcodes.ts";
import { cdbOf } from "../harness/cdb_of.ts";
import type { Random } from "../harness/random.ts";
import { BHS_LENGTH, Field, type Lengths, NO_TAG, Pdu } from "../initiator/pdu.ts";
import { fieldsOf, type HeaderField } from "./fields.ts";
import { putNumber } from "./recipe.ts";

const EDGES = [0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000];
const LAST_EDGES = [0xfffffffe, NO_TAG];
/** Peripheral and flat LUNs, the well-known one, and addresses of more than one level. */
const LUNS = [[0, 1], [0, 255], [0x40, 0], [0x7f, 0xff], [0xc1, 1], [0x80, 0], [0xff, 0xff], [
  1,
  0,
]];

/** Numbers that other PDUs of the connection had. */
export interface Seen {
  readonly tags: readonly number[];
  readonly numbers: readonly number[];
}

function numberAt(pdu: Pdu, { offset, size }: HeaderField): number {
  let value = 0;
  for (let at = 0; at < size; at++) value = value * 256 + pdu.u8(offset + at);
  return value;
}

function anyNumber(now: number, random: Random, seen: Seen): number {
  switch (random.below(7)) {
    case 0:
      return now + 1;
    case 1:
      return now - 1;
    case 2:
      return now ^ 1 << random.below(32);
    case 3:
      return random.pick([0, ...seen.tags]);
    case 4:
      return random.pick([0, ...seen.numbers]) + random.below(5) - 2;
    case 5:
      return random.below(2 ** 32);
    default:
      return random.pick(random.below(3) === 0 ? LAST_EDGES : EDGES);
  }
}

/** Another CDB: of the opcode table, with a bit or a field of it wrong, or none that there is. */
function editCdb(pdu: Pdu, random: Random): void {
  const choice = random.below(4);
  if (choice === 0) return void pdu.putBytes(Field.cdb, random.bytes(16));
  if (choice < 3) {
    const row = random.pick(OPERATION_TABLE.rows);
    const lba = random.pick([0, 1, 2047, 2048, random.below(2048), 0xffffffff]);
    const length = random.pick([0, 1, 8, 36, 255, 256, 512]);
    pdu.putBytes(Field.cdb, cdbOf(row, { lba, length }));
    if (choice === 1) return;
  }
  for (let count = 1 + random.below(3); count > 0; count--) {
    const at = Field.cdb + random.below(16);
    pdu.put8(at, random.below(2) === 0 ? random.below(256) : pdu.u8(at) ^ 1 << random.below(8));
  }
}

/** Gives one field of the PDU another value. */
export function editField(pdu: Pdu, random: Random, seen: Seen): void {
  const field = random.pick(fieldsOf(pdu.opcode));
  if (field.name === "cdb") return editCdb(pdu, random);
  if (field.name === "lun") {
    return void pdu.putBytes(field.offset, Uint8Array.from(random.pick(LUNS)));
  }
  if (field.size > 4) return void pdu.putBytes(field.offset, random.bytes(field.size));
  if (field.size === 1) {
    const bit = pdu.u8(field.offset) ^ 1 << random.below(8);
    return void pdu.put8(field.offset, random.below(2) === 0 ? bit : random.below(256));
  }
  putNumber(pdu, field.offset, field.size, anyNumber(numberAt(pdu, field), random, seen));
}

/** The PDU with other additional header segments, or more or less data, and lengths that say so. */
export function editParts(pdu: Pdu, random: Random): Pdu {
  const { header, data, ahs } = pdu;
  switch (random.below(4)) {
    case 0:
      return new Pdu(header, data, random.bytes(random.pick([4, 8, 12, 20, 256, 1020])));
    case 1:
      return new Pdu(header, data.subarray(0, random.below(data.length + 1)), ahs);
    case 2:
      return new Pdu(header, random.bytes(random.pick([1, 3, 511, 513, 4096, 8193, 66_000])), ahs);
    default: {
      const longer = new Uint8Array(data.length + random.pick([1, 2, 3, 512]));
      longer.set(data);
      return new Pdu(header, longer, ahs);
    }
  }
}

/** Lengths that are lies: what comes behind this PDU is taken for something else. */
export function lie(pdu: Pdu, random: Random): Lengths {
  const near = Math.max(0, pdu.data.length + random.below(9) - 4);
  return random.below(3) === 0
    ? { totalAhsLength: random.pick([1, 2, 5, 254, 255]) }
    : { dataSegmentLength: random.pick([near, near, 0, 8192, 65536, 2 ** 20 + 1, 2 ** 24 - 1]) };
}

/** Damages bytes as a bad line does: bits flipped, parts lost, doubled, or put in. */
export function damage(bytes: Uint8Array<ArrayBuffer>, random: Random): Uint8Array<ArrayBuffer> {
  const from = random.below(bytes.length);
  const until = Math.min(bytes.length, from + 1 + random.below(random.pick([4, 48, 600])));
  switch (random.below(10)) {
    case 0:
      return bytes.slice(0, from);
    case 1:
      return spliced(bytes, from, until, new Uint8Array());
    case 2:
      return spliced(bytes, until, until, bytes.subarray(from, until));
    case 3:
      return spliced(bytes, from, from, random.bytes(until - from));
    case 4:
      return spliced(bytes, from, until, random.bytes(until - from));
    default: {
      const copy = bytes.slice();
      for (let count = 1 + random.below(6); count > 0; count--) {
        const most = random.below(2) === 0 ? Math.min(BHS_LENGTH, copy.length) : copy.length;
        copy[random.below(most)]! ^= 1 << random.below(8);
      }
      return copy;
    }
  }
}

function spliced(bytes: Uint8Array, from: number, until: number, middle: Uint8Array) {
  const copy = new Uint8Array(from + middle.length + bytes.length - until);
  copy.set(bytes.subarray(0, from));
  copy.set(middle, from);
  copy.set(bytes.subarray(until), from + middle.length);
  return copy;
}
