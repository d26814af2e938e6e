/** Makes of the cases of the corpus what is sent on one connection, damaged, and follows the answers. */
import { JOE } from "../harness/chap_users.ts";
import { GUARDED_TARGET } from "../harness/login_text.ts";
import type { Random } from "../harness/random.ts";
import { LOCKED_TARGET } from "../harness/rig.ts";
import { bytesOf, chapResponse, type ChapTerms, hexValue } from "../initiator/chap.ts";
import { type Digests, Field, Opcode, opcodeName, type Pdu } from "../initiator/pdu.ts";
import { parseText } from "../../lib/iscsi/text.ts";
import type { Case } from "./corpus.ts";
import { damage, editField, editParts, lie, type Seen } from "./pdu_edits.ts";
import { buildPdu, dataOf, type Recipe, type Situation } from "./recipe.ts";
import { editSequence, type Step, stepsOf } from "./sequence_edits.ts";
import { editBytes, editText } from "./text_edits.ts";

/** The target whose disk is attacked, where the corpus says {target}. */
export const ATTACKED_TARGET = "iqn.2026-11.org.scst.test:attacked";
export const INITIATOR = "iqn.2026-11.org.scst.test:peer";

/** What may be done to one PDU. Those that stand more often are done more often. */
const TEXT_EDITS = ["text", "text", "text", "text", "bytes", "field", "field", "field", "parts"];
const OTHER_EDITS = ["field", "field", "field", "field", "field", "field", "parts", "bytes"];
/** Those behind which the stream may mean something else. */
const BREAKING_EDITS = ["damage", "damage", "lie"];

const SEEN_MOST = 40;

/** What is sent for one step. */
export interface Shot {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** For people: the PDU and what was done to it. */
  readonly what: string;
  readonly isMutated: boolean;
  /** Whether what comes behind it may be taken for something else. */
  readonly isBroken: boolean;
}

export class Shooter {
  readonly situation: Situation;
  readonly #random: Random;
  readonly #seen: { tags: number[]; numbers: number[] } & Seen = { tags: [], numbers: [] };
  readonly #words: Map<string, string>;
  #terms: ChapTerms | undefined = undefined;

  constructor(random: Random, words: Readonly<Record<string, string>> = {}) {
    this.#random = random;
    this.#words = new Map(Object.entries({
      target: ATTACKED_TARGET,
      locked: LOCKED_TARGET,
      guarded: GUARDED_TARGET,
      initiator: INITIATOR,
      ...words,
    }));
    this.situation = {
      cmdSn: random.pick([1, 0, 0xfffffff0, 0x7ffffff0]),
      lastTag: random.pick([0, 0x7fffffff, 0xfffffff0]),
      givenTag: 0,
      expStatSn: 0,
      word: (name) => this.#words.get(name) ?? this.#chapWord(name),
    };
  }

  /** The steps of a case in an order that may be damaged. */
  order(one: Case, others: readonly Case[], odds: number): Step[] {
    const random = this.#random;
    let steps = stepsOf(one);
    for (let tries = 0; tries < 2 && steps.length > 0; tries++) {
      if (random.below(odds) === 0) steps = editSequence(steps, others, random);
    }
    return steps;
  }

  /** What is sent for a step, with `edits` of it changed. */
  shoot({ recipe, moved }: Step, edits: number, digests: Digests): Shot {
    if (recipe.opcode === undefined) return this.#raw(recipe, moved, edits);
    const random = this.#random;
    const done: string[] = moved ? ["moved"] : [];
    const hasText = recipe.opcode === Opcode.LoginRequest ||
      recipe.opcode === Opcode.TextRequest;
    const isLogin = recipe.opcode === Opcode.LoginRequest;
    let data = recipe.data;
    const later: string[] = [];
    for (let count = edits; count > 0; count--) {
      const breaks = random.below(isLogin ? 8 : 30) === 0;
      const edit = random.pick(breaks ? BREAKING_EDITS : hasText ? TEXT_EDITS : OTHER_EDITS);
      done.push(edit);
      if (edit === "text") data = editText(data, random);
      else if (edit === "bytes") data = editBytes(data, random);
      else later.push(edit);
    }
    let pdu = buildPdu(data === recipe.data ? recipe : { ...recipe, data }, this.situation);
    this.#note(pdu);
    for (const edit of later) {
      if (edit === "field") editField(pdu, random, this.#seen);
      else if (edit === "parts") pdu = editParts(pdu, random);
    }
    const lengths = later.includes("lie") ? lie(pdu, random) : recipe.lengths;
    let bytes = pdu.encode(lengths, digests);
    if (later.includes("damage")) bytes = damage(bytes, random);
    const isBroken = Object.keys(lengths).length > 0 || later.includes("damage");
    const what = [opcodeName(recipe.opcode), ...done].join(" ");
    return { bytes, what, isMutated: done.length > 0, isBroken };
  }

  #raw(recipe: Recipe, moved: boolean, edits: number): Shot {
    let bytes = dataOf(recipe, this.situation);
    for (let count = edits; count > 0; count--) {
      if (bytes.length > 0) bytes = damage(bytes, this.#random);
    }
    return { bytes, what: "raw", isMutated: moved || edits > 0, isBroken: true };
  }

  /** Follows what the target has sent. */
  observe(pdu: Pdu): void {
    const { situation } = this;
    situation.expStatSn = pdu.u32(Field.statSn) + 1 >>> 0;
    if (pdu.opcode === Opcode.LoginResponse) this.#noteTerms(pdu);
    if (pdu.opcode !== Opcode.LoginResponse || pdu.u8(Field.statusClass) === 0) {
      situation.cmdSn = pdu.u32(Field.expCmdSn);
    }
    if (pdu.opcode === Opcode.R2T || pdu.opcode === Opcode.TextResponse) {
      situation.givenTag = pdu.u32(Field.ttt);
    }
    if (pdu.opcode === Opcode.NopIn && pdu.u32(Field.ttt) !== 0xffffffff) {
      situation.givenTag = pdu.u32(Field.ttt);
    }
  }

  #note(pdu: Pdu): void {
    const { tags, numbers } = this.#seen;
    tags.push(pdu.itt, this.situation.givenTag);
    numbers.push(pdu.u32(Field.cmdSn), pdu.u32(Field.bufferOffset));
    for (const list of [tags, numbers]) if (list.length > SEEN_MOST) list.splice(0, 2);
  }

  #noteTerms(response: Pdu): void {
    const answers = new Map(parseText(response.data));
    const challenge = answers.get("CHAP_C");
    if (challenge === undefined) return;
    this.#terms = {
      algorithm: Number(answers.get("CHAP_A")),
      identifier: Number(answers.get("CHAP_I")),
      challenge: bytesOf(challenge),
    };
  }

  #chapWord(name: string): string | undefined {
    const terms = this.#terms;
    switch (name) {
      case "response":
        return terms === undefined ? "0x00" : hexValue(chapResponse(terms, JOE.secret));
      case "echo":
        return hexValue(terms?.challenge ?? new Uint8Array(16));
      case "challenge":
        return hexValue(this.#random.bytes(24));
      default:
        return undefined;
    }
  }
}
