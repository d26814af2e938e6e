/** What a case of the corpus says of one PDU, and the PDU that this is in a connection as it stands. */
import { Field, FINAL, IMMEDIATE, type Lengths, NO_TAG, Opcode, Pdu } from "../initiator/pdu.ts";

/** A field that depends on the connection: CmdSN that is next, the tag used last, the TTT given last. */
export interface Relative {
  readonly base: "next" | "last" | "given";
  readonly plus: number;
}

export interface FieldValue {
  readonly offset: number;
  /** A number has as many bytes as `size` says. */
  readonly size: number;
  readonly value: number | Uint8Array<ArrayBuffer> | Relative;
}

export interface Recipe {
  /** undefined where bytes are sent that are no PDU. */
  readonly opcode: number | undefined;
  readonly immediate: boolean;
  readonly fields: readonly FieldValue[];
  readonly ahs: Uint8Array<ArrayBuffer>;
  readonly lengths: Lengths;
  /** The data segment, a character for each byte; `{name}` stands for a word of the situation. */
  readonly data: string;
}

/** What a connection has come to, from its initiator's side. */
export interface Situation {
  cmdSn: number;
  lastTag: number;
  givenTag: number;
  expStatSn: number;
  /** What `{name}` stands for; undefined leaves it as it is. */
  word(name: string): string | undefined;
}

/** Requests without a CmdSN of their own, or for a task that is there. */
const FOLLOWING: readonly number[] = [Opcode.DataOut, Opcode.SnackRequest];
const WITH_TARGET_TAG: readonly number[] = [
  Opcode.NopOut,
  Opcode.TextRequest,
  Opcode.DataOut,
  Opcode.SnackRequest,
];

const CMD_SN = { offset: Field.cmdSn, size: 4 };

/** Bytes of a string whose characters are bytes. */
export function bytesOfText(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

/** The data segment as it goes out. */
export function dataOf(recipe: Recipe, situation: Situation): Uint8Array<ArrayBuffer> {
  const { data } = recipe;
  if (!data.includes("{")) return bytesOfText(data);
  return bytesOfText(data.replaceAll(/\{(\w+)\}/g, (whole, name) => situation.word(name) ?? whole));
}

/** The PDU of a recipe; the situation moves on by it. */
export function buildPdu(recipe: Recipe, situation: Situation): Pdu {
  const opcode = recipe.opcode!;
  const pdu = new Pdu(undefined, dataOf(recipe, situation), recipe.ahs);
  const isLogin = opcode === Opcode.LoginRequest;
  const immediate = recipe.immediate || isLogin;
  pdu.put8(Field.opcode, opcode | (immediate ? IMMEDIATE : 0)).put8(Field.flags, FINAL);
  if (WITH_TARGET_TAG.includes(opcode)) pdu.put32(Field.ttt, NO_TAG);
  pdu.put32(Field.expStatSn, situation.expStatSn);
  if (FOLLOWING.includes(opcode)) pdu.put32(Field.itt, situation.lastTag);
  else {
    pdu.put32(Field.itt, isLogin ? 0 : situation.lastTag + 1 >>> 0);
    pdu.put32(Field.cmdSn, situation.cmdSn);
  }
  let numbered = !immediate && !FOLLOWING.includes(opcode);
  for (const field of recipe.fields) {
    putField(pdu, field, situation);
    if (field.offset === CMD_SN.offset) numbered = false;
  }
  if (numbered) situation.cmdSn = situation.cmdSn + 1 >>> 0;
  // What names a task, as an ABORT TASK does, is not what the next one will name.
  if (opcode === Opcode.ScsiCommand) situation.lastTag = pdu.itt;
  else if (!FOLLOWING.includes(opcode) && !isLogin) situation.lastTag = laterTag(pdu, situation);
  return pdu;
}

function laterTag(pdu: Pdu, { lastTag }: Situation): number {
  return pdu.opcode === Opcode.TaskManagementRequest ? lastTag : lastTag + 1 >>> 0;
}

function putField(pdu: Pdu, { offset, size, value }: FieldValue, situation: Situation): void {
  if (value instanceof Uint8Array) pdu.putBytes(offset, value);
  else putNumber(pdu, offset, size, typeof value === "number" ? value : resolve(value, situation));
}

/** Puts a number of one to four bytes into a header. */
export function putNumber(pdu: Pdu, offset: number, size: number, value: number): void {
  for (let at = 0; at < size; at++) pdu.put8(offset + at, value >>> 8 * (size - 1 - at) & 0xff);
}

function resolve({ base, plus }: Relative, situation: Situation): number {
  const { cmdSn, lastTag, givenTag } = situation;
  const from = base === "next" ? cmdSn : base === "last" ? lastTag : givenTag;
  return from + plus >>> 0;
}
