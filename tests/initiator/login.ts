/** The login phase from the initiator's side (RFC 7143 6.3, 11.12, 11.13), checking the target. */
import { concatBytes } from "./bytes.ts";
import {
  ALL_ALGORITHMS,
  challengeKeys,
  type ChapOptions,
  ownTerms,
  readTerms,
  responseKeys,
  verifyTarget,
} from "./chap.ts";
import { Field, FINAL, Opcode, type Pdu } from "./pdu.ts";
import { loginRequest, type LoginRequestFields } from "./requests.ts";
import { decodeText, encodeText, type Pair, type Pairs } from "./text.ts";

/** RFC 7143 11.12.3. */
export const Stage = { Security: 0, Operational: 1, FullFeature: 3 } as const;

/** The C bit of Login and Text PDUs (RFC 7143 11.12.2). */
export const CONTINUE = 0x40;

/** Status-Class in the high byte, Status-Detail in the low one (RFC 7143 11.13.5). */
export const LoginStatus = {
  Success: 0x0000,
  InitiatorError: 0x0200,
  AuthenticationFailure: 0x0201,
  Forbidden: 0x0202,
  NotFound: 0x0203,
  UnsupportedVersion: 0x0205,
  MissingParameter: 0x0207,
  SessionTypeNotSupported: 0x0209,
  SessionDoesNotExist: 0x020a,
  InvalidDuringLogin: 0x020b,
} as const;

export const INITIATOR_NAME = "iqn.2026-11.org.example.test:initiator";

/** What a well-behaved initiator offers when a test does not say otherwise. */
export const USUAL_KEYS: Pairs = [
  ["HeaderDigest", "None"],
  ["DataDigest", "None"],
  ["MaxConnections", "1"],
  ["InitialR2T", "No"],
  ["ImmediateData", "Yes"],
  ["MaxRecvDataSegmentLength", "262144"],
  ["MaxBurstLength", "1048576"],
  ["FirstBurstLength", "65536"],
  ["DefaultTime2Wait", "0"],
  ["DefaultTime2Retain", "0"],
  ["MaxOutstandingR2T", "32"],
  ["DataPDUInOrder", "Yes"],
  ["DataSequenceInOrder", "Yes"],
  ["ErrorRecoveryLevel", "0"],
];

/** What a discovery session has use for; the other keys are irrelevant there (RFC 7143 13). */
export const DISCOVERY_KEYS: Pairs = [
  ["HeaderDigest", "None"],
  ["DataDigest", "None"],
  ["DefaultTime2Wait", "0"],
  ["DefaultTime2Retain", "0"],
  ["ErrorRecoveryLevel", "0"],
  ["MaxRecvDataSegmentLength", "262144"],
];

/** The usual keys with other values for some, and further keys behind them. */
export function keysWith(changes: Readonly<Record<string, string>>): Pairs {
  const rest = new Map(Object.entries(changes));
  const keys = USUAL_KEYS.map(([key, value]): Pair => {
    const changed = rest.get(key) ?? value;
    rest.delete(key);
    return [key, changed];
  });
  return [...keys, ...rest];
}

export interface LoginOptions {
  readonly initiatorName?: string;
  /** Absent in a discovery session. */
  readonly targetName?: string;
  readonly isid?: Uint8Array;
  readonly tsih?: number;
  readonly cid?: number;
  readonly cmdSn?: number;
  /** The stages in order, the last being FullFeature; by default all three. */
  readonly path?: readonly number[];
  /** Operational keys; sent in the last stage before full feature. */
  readonly keys?: Pairs;
  /** Keys to send in the first request beside the names. */
  readonly firstKeys?: Pairs;
  /** Authenticates in the security stage, with which the path has to begin. */
  readonly chap?: ChapOptions;
}

export interface LoginResult {
  /** Class and detail; see {@linkcode LoginStatus}. */
  readonly status: number;
  /** Everything the target said, in order. */
  readonly answers: Pairs;
  /** What was offered, in order. */
  readonly offered: Pairs;
  readonly isid: Uint8Array;
  readonly tsih: number;
  /** The StatSN that the next response must carry. */
  readonly expStatSn: number;
  /** The CmdSN of the first command. */
  readonly cmdSn: number;
  readonly expCmdSn: number;
  readonly maxCmdSn: number;
  readonly responses: readonly Pdu[];
}

/** An ISID of the random format (RFC 7143 11.12.5), different at every call. */
export function randomIsid(): Uint8Array {
  const isid = crypto.getRandomValues(new Uint8Array(6));
  isid[0] = 0x80;
  return isid;
}

/** T, C, CSG and NSG in one byte. */
export function stageFlags(current: number, next?: number): number {
  return current << 2 | (next === undefined ? 0 : FINAL | next);
}

/** The names that open a login: a discovery session without a target name. */
export function nameKeys(options: LoginOptions): Pair[] {
  const name: Pair = ["InitiatorName", options.initiatorName ?? INITIATOR_NAME];
  return options.targetName === undefined
    ? [name, ["SessionType", "Discovery"]]
    : [name, ["SessionType", "Normal"], ["TargetName", options.targetName]];
}

/** Who carries the PDUs of a login. */
export interface LoginTransport {
  sendPdu(pdu: Pdu): Promise<void>;
  /** The next PDU, which must have the given opcode. */
  expect(opcode: number): Promise<Pdu>;
}

/** One dialogue of Login PDUs; verifies of every response what RFC 7143 11.13 demands. */
export class LoginDialogue {
  readonly responses: Pdu[] = [];
  readonly answers: Pair[] = [];
  expStatSn = 0;
  readonly #raw: LoginTransport;
  readonly #fixed: Pick<LoginRequestFields, "itt" | "cmdSn" | "isid"> & { cid: number };
  readonly #tsih: number;

  constructor(raw: LoginTransport, options: LoginOptions & { readonly isid: Uint8Array }) {
    this.#raw = raw;
    this.#tsih = options.tsih ?? 0;
    const { isid, cid = 0, cmdSn = 1 } = options;
    this.#fixed = { itt: 0x10000000, cmdSn, isid, cid };
  }

  /** Sends one request and returns the response; text that goes on in further PDUs is fetched. */
  async exchange(flags: number, text: Uint8Array): Promise<Pdu> {
    let response = await this.#round(flags, text);
    const chunks = [response.data];
    while ((response.flags & CONTINUE) !== 0) {
      if (response.final) throw new Error("Login Response has both T and C set");
      response = await this.#round(stageFlags(flags >> 2 & 3), new Uint8Array());
      chunks.push(response.data);
    }
    this.answers.push(...decodeText(concatBytes(chunks)));
    return response;
  }

  async #round(flags: number, text: Uint8Array): Promise<Pdu> {
    const { expStatSn } = this;
    await this.#raw.sendPdu(
      loginRequest({ ...this.#fixed, tsih: this.#tsih, expStatSn, flags, text }),
    );
    const response = await this.#raw.expect(Opcode.LoginResponse);
    this.#check(response, flags);
    this.responses.push(response);
    this.expStatSn = response.u32(Field.statSn) + 1 >>> 0;
    return response;
  }

  #check(response: Pdu, flags: number): void {
    const { itt, isid, cmdSn } = this.#fixed;
    const fail = (what: string) => {
      throw new Error(`Login Response ${this.responses.length + 1}: ${what}`);
    };
    if (response.itt !== itt) fail(`ITT is ${response.itt} instead of ${itt}`);
    if (!isid.every((byte, i) => response.u8(Field.isid + i) === byte)) fail("ISID is not ours");
    if (this.responses.length > 0 && response.u32(Field.statSn) !== this.expStatSn) {
      fail(`StatSN is ${response.u32(Field.statSn)} instead of ${this.expStatSn}`);
    }
    if (response.u8(Field.statusClass) !== 0) return;
    if ((response.flags >> 2 & 3) !== (flags >> 2 & 3)) fail("CSG is not that of the request");
    if (response.final && (flags & FINAL) === 0) fail("T is set though the request did not set it");
    if (response.final && (response.flags & 3) !== (flags & 3)) {
      fail("NSG is not the one asked for");
    }
    if (response.u32(Field.expCmdSn) !== cmdSn) fail("ExpCmdSN is not the CmdSN of the login");
    const tsih = response.u16(Field.tsih);
    const last = response.final && (response.flags & 3) === Stage.FullFeature;
    if (last && this.#tsih === 0 && tsih === 0) fail("TSIH is 0 at the end of the login");
    if (!last && tsih !== this.#tsih) fail(`TSIH is ${tsih} before the end of the login`);
  }
}

/**
 * Authenticates in the security stage and leaves it for the stage `next`; returns the last response.
 *
 * @throws Error if the target, which was to authenticate as well, does not
 */
async function authenticate(
  dialogue: LoginDialogue,
  names: Pairs,
  chap: ChapOptions,
  next: number,
): Promise<Pdu> {
  const { Security } = Stage;
  const method: Pair = ["AuthMethod", chap.methods ?? "CHAP,None"];
  const opening = encodeText([...names, method]);
  const chosen = await dialogue.exchange(stageFlags(Security, next), opening);
  if (chosen.u8(Field.statusClass) !== 0 || chosen.final) return chosen;
  const offer = encodeText([["CHAP_A", chap.algorithms ?? ALL_ALGORITHMS]]);
  const challenged = await dialogue.exchange(stageFlags(Security), offer);
  if (challenged.u8(Field.statusClass) !== 0) return challenged;
  const terms = readTerms(decodeText(challenged.data));
  const own = ownTerms(terms);
  const keys = responseKeys(terms, chap);
  if (chap.target !== undefined) keys.push(...challengeKeys(own, chap));
  const last = await dialogue.exchange(stageFlags(Security, next), encodeText(keys));
  const isIn = last.u8(Field.statusClass) === 0;
  if (isIn && chap.target !== undefined) verifyTarget(own, chap.target, decodeText(last.data));
  return last;
}

/** Logs in through the stages of `options.path`; a refusal is a result, not an exception. */
export async function login(raw: LoginTransport, options: LoginOptions): Promise<LoginResult> {
  const isid = options.isid ?? randomIsid();
  const path = options.path ?? [Stage.Security, Stage.Operational, Stage.FullFeature];
  const dialogue = new LoginDialogue(raw, { ...options, isid });
  const operational = options.keys ??
    (options.targetName === undefined ? DISCOVERY_KEYS : USUAL_KEYS);
  const offered: Pair[] = [];
  let response: Pdu | undefined;

  for (let at = 0; at + 1 < path.length;) {
    const [current, next] = [path[at] ?? 0, path[at + 1] ?? 0];
    const keys: Pair[] = [];
    if (response === undefined) keys.push(...nameKeys(options), ...options.firstKeys ?? []);
    if (response === undefined && options.chap !== undefined) {
      response = await authenticate(dialogue, keys, options.chap, next);
      if (response.u8(Field.statusClass) !== 0) break;
      if (!response.final) throw new Error("Target does not leave the security stage");
      at += 1;
      continue;
    }
    const enters = response === undefined || (response.flags >> 2 & 3) !== current;
    if (enters && current === Stage.Security) keys.push(["AuthMethod", "None"]);
    if (enters && at + 2 === path.length) {
      keys.push(...operational);
    }
    offered.push(...keys);
    response = await dialogue.exchange(stageFlags(current, next), encodeText(keys));
    if (response.u8(Field.statusClass) !== 0) break;
    if (response.final) at += 1;
    if (dialogue.responses.length > 20) throw new Error("Login does not come to an end");
  }
  if (response === undefined) throw new RangeError("Login path needs at least two stages");

  return {
    status: response.u16(Field.statusClass),
    answers: dialogue.answers,
    offered,
    isid,
    tsih: response.u16(Field.tsih),
    expStatSn: dialogue.expStatSn,
    cmdSn: options.cmdSn ?? 1,
    expCmdSn: response.u32(Field.expCmdSn),
    maxCmdSn: response.u32(Field.maxCmdSn),
    responses: dialogue.responses,
  };
}

/** A login that the target refused where a test wanted a session. */
export class LoginRefused extends Error {
  override readonly name = "LoginRefused";
  readonly result: LoginResult;

  constructor(result: LoginResult) {
    super(`Login was refused with status 0x${result.status.toString(16).padStart(4, "0")}`);
    this.result = result;
  }
}
