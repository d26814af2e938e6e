/** The login phase (RFC 7143 6, 11.12, 11.13). */
import {
  BHS_LENGTH,
  clearHeader,
  CMD_SN,
  FLAGS,
  INITIATOR_TASK_TAG,
  OPCODE,
  padOf,
  setDataSegmentLength,
} from "./bhs.ts";
import type { Connection } from "./connection.ts";
import { KEYS, negotiateKey, REJECT } from "./keys.ts";
import { LoginStatus, nameOfLoginStatus } from "./login_status.ts";
import { nameOfOpcode, Opcode } from "./opcode.ts";
import {
  defaultParameters,
  LOGIN_MAX_RECV,
  type Parameters,
  PORTAL_GROUP_TAG,
  QUEUED_COMMANDS,
  TARGET_MAX_RECV,
} from "./parameters.ts";
import type { Pdu } from "./pdu.ts";
import { Session, type SessionIdentity } from "./session.ts";
import { formatText, parseText, TextError } from "./text.ts";

const TRANSIT = 0x80;
const CONTINUE = 0x40;

const VERSION_MAX = 2;
const VERSION_MIN = 3;
const ISID = 8;
const TSIH = 14;
const CID = 20;
const EXP_STAT_SN = 28;
const RESPONSE_STAT_SN = 24;
const RESPONSE_EXP_CMD_SN = 28;
const RESPONSE_MAX_CMD_SN = 32;
const RESPONSE_STATUS = 36;

const Stage = { SECURITY: 0, OPERATIONAL: 1, FULL_FEATURE: 3 } as const;

/** Which stage may follow which (RFC 7143 11.12.3); a stage may also stay. */
const NEXT_STAGES: Readonly<Record<number, readonly number[]>> = {
  // Who is it? Only AuthMethod=None is known, so this ends as soon as the initiator wants it to.
  [Stage.SECURITY]: [Stage.OPERATIONAL, Stage.FULL_FEATURE],
  // How do we talk? Every offer is answered at once, so this ends likewise.
  [Stage.OPERATIONAL]: [Stage.FULL_FEATURE],
};

/** Bytes of text and PDUs that a login may take. */
const TEXT_MOST = 65536;
const PDUS_MOST = 64;

/**
 * An iSCSI name as it is accepted from an initiator: more than RFC 7143 4.2.7.2 allows, because
 * initiators with an underscore in their names are about.
 */
const NAME = /^[!-~]{1,223}$/;

/** A login that is refused: the status, and why, for the log. */
interface Refusal {
  readonly status: number;
  readonly why: string;
}

function refuse(status: number, why: string): Refusal {
  return { status, why };
}

const DRIVER_DISABLED = refuse(LoginStatus.TARGET_ERROR, "iscsi is not enabled");

export class Login {
  #connection: Connection;
  #stage: number | undefined = undefined;
  #text: Uint8Array[] = [];
  #textLength = 0;
  #pdus = 0;
  #offered = new Set<string>();
  #parameters: Parameters = defaultParameters();
  #initiator: string | undefined = undefined;
  #identity: SessionIdentity | undefined = undefined;
  #isid = "";
  #statSN = 0;
  #declared = false;
  #namedGroup = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Who logs in, as far as that is known; for the log. */
  get initiator(): string | undefined {
    return this.#initiator;
  }

  /** Handles a PDU of the login phase. Returns the session when the full feature phase begins. */
  handle(pdu: Pdu): Session | undefined {
    if (pdu.opcode !== Opcode.LOGIN_REQUEST) {
      const why = `${nameOfOpcode(pdu.opcode)} instead of LOGIN_REQUEST`;
      // Before the first Login Request nothing may be sent at all (RFC 7143 6.3).
      if (this.#pdus === 0) this.#connection.breakOff(why);
      else this.#send(pdu, [], 0, refuse(LoginStatus.INVALID_DURING_LOGIN, why));
      return undefined;
    }
    if (this.#pdus++ === 0) this.#statSN = pdu.uint32(EXP_STAT_SN);
    const refusal = this.#checkHeader(pdu) ?? this.#collect(pdu);
    if (refusal !== undefined) {
      this.#send(pdu, [], 0, refusal);
      return undefined;
    }
    if ((pdu.flags & CONTINUE) !== 0) {
      this.#send(pdu, [], 0);
      return undefined;
    }
    return this.#answer(pdu);
  }

  #checkHeader(pdu: Pdu): Refusal | undefined {
    const { flags } = pdu;
    const stage = flags >> 2 & 3;
    const next = flags & 3;
    if (pdu.uint8(VERSION_MIN) > 0) {
      const versions = `${pdu.uint8(VERSION_MIN)} to ${pdu.uint8(VERSION_MAX)}`;
      return refuse(LoginStatus.UNSUPPORTED_VERSION, `versions ${versions}, 0 is supported`);
    }
    if (this.#pdus > PDUS_MOST) {
      return refuse(LoginStatus.OUT_OF_RESOURCES, `more than ${PDUS_MOST} login requests`);
    }
    if (NEXT_STAGES[stage] === undefined || stage !== (this.#stage ?? stage)) {
      return refuse(LoginStatus.INITIATOR_ERROR, `stage ${stage} in stage ${this.#stage}`);
    }
    const transits = (flags & TRANSIT) !== 0;
    if (transits && (flags & CONTINUE) !== 0) {
      return refuse(LoginStatus.INITIATOR_ERROR, "both the T and the C bit");
    }
    if (transits && !NEXT_STAGES[stage].includes(next)) {
      return refuse(LoginStatus.INITIATOR_ERROR, `transit from stage ${stage} to ${next}`);
    }
    this.#stage = stage;
    return undefined;
  }

  #collect(pdu: Pdu): Refusal | undefined {
    this.#textLength += pdu.dataLength;
    if (this.#textLength > TEXT_MOST) {
      return refuse(LoginStatus.OUT_OF_RESOURCES, `more than ${TEXT_MOST} bytes of text`);
    }
    this.#text.push(pdu.data.slice());
    return undefined;
  }

  #takeText(): Uint8Array {
    const bytes = new Uint8Array(this.#text.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of this.#text) {
      bytes.set(part, at);
      at += part.length;
    }
    this.#text = [];
    return bytes;
  }

  #answer(pdu: Pdu): Session | undefined {
    const answers: [string, string][] = [];
    const refusal = this.#negotiate(pdu, answers);
    if (refusal !== undefined) {
      this.#send(pdu, [], 0, refusal);
      return undefined;
    }
    if ((pdu.flags & TRANSIT) === 0) {
      this.#send(pdu, answers, 0);
      return undefined;
    }
    const next = pdu.flags & 3;
    this.#stage = next;
    if (next !== Stage.FULL_FEATURE) {
      this.#send(pdu, answers, 0);
      return undefined;
    }
    return this.#begin(pdu, answers);
  }

  /** Reads the pairs of a complete request and fills the answers in. */
  #negotiate(pdu: Pdu, answers: [string, string][]): Refusal | undefined {
    let pairs: [string, string][];
    try {
      pairs = parseText(this.#takeText());
    } catch (error) {
      if (!(error instanceof TextError)) throw error;
      return refuse(LoginStatus.INITIATOR_ERROR, error.message);
    }
    for (const [key] of pairs) {
      if (this.#offered.has(key)) {
        return refuse(LoginStatus.INITIATOR_ERROR, `'${key}' came twice`);
      }
      this.#offered.add(key);
    }
    const refusal = this.#identity === undefined ? this.#identify(pdu, new Map(pairs)) : undefined;
    if (refusal !== undefined) return refusal;
    if (!this.#namedGroup && this.#identity!.target !== undefined) {
      this.#namedGroup = true;
      answers.push(["TargetPortalGroupTag", String(PORTAL_GROUP_TAG)]);
    }
    // FirstBurstLength depends on MaxBurstLength, wherever in the text that stands.
    const isLast = ([key]: [string, string]) => Number(key === "FirstBurstLength");
    for (const [key, value] of pairs.toSorted((one, other) => isLast(one) - isLast(other))) {
      if (KEYS.get(key)?.use === "security" && this.#stage !== Stage.SECURITY) {
        return refuse(LoginStatus.INITIATOR_ERROR, `'${key}' outside of the security stage`);
      }
      const answer = negotiateKey(key, value, this.#parameters);
      if (key === "MaxRecvDataSegmentLength" && answer === REJECT) {
        const why = `${key}=${value.slice(0, 64)}, 512 to 16777215 are allowed`;
        return refuse(LoginStatus.INITIATOR_ERROR, why);
      }
      if (key === "AuthMethod" && answer === REJECT) {
        const why = `AuthMethod=${value.slice(0, 64)}, None is supported`;
        return refuse(LoginStatus.AUTHENTICATION_FAILURE, why);
      }
      if (answer !== undefined) answers.push([key, answer]);
    }
    if (!this.#declared && this.#stage === Stage.OPERATIONAL) {
      this.#declared = true;
      answers.push(["MaxRecvDataSegmentLength", String(TARGET_MAX_RECV)]);
    }
    return undefined;
  }

  /** Finds out who wants what, from the first request (RFC 7143 6.3). */
  #identify(pdu: Pdu, keys: ReadonlyMap<string, string>): Refusal | undefined {
    const { node } = this.#connection;
    const isid = pdu.memory.bytes.subarray(pdu.at + ISID, pdu.at + ISID + 6);
    this.#isid = Array.from(isid, (byte) => byte.toString(16).padStart(2, "0")).join("");
    this.#connection.cid = pdu.uint16(CID);
    this.#initiator = keys.get("InitiatorName")?.toLowerCase();
    if (!this.#initiator) {
      return refuse(LoginStatus.MISSING_PARAMETER, "InitiatorName is missing");
    }
    if (!NAME.test(this.#initiator)) {
      this.#initiator = undefined; // it is not fit for a log line either
      const why = "InitiatorName must have 1 to 223 printable characters without blanks";
      return refuse(LoginStatus.INITIATOR_ERROR, why);
    }
    const type = keys.get("SessionType") ?? "Normal";
    if (type !== "Normal" && type !== "Discovery") {
      const why = `SessionType=${type.slice(0, 64)}, Normal and Discovery are allowed`;
      return refuse(LoginStatus.SESSION_TYPE_NOT_SUPPORTED, why);
    }
    const tsih = pdu.uint16(TSIH);
    if (tsih !== 0) return this.#refuseSecondConnection(tsih);
    if (type === "Discovery") {
      if (!node.driver.enabled) return DRIVER_DISABLED;
      this.#identity = { initiator: this.#initiator, isid: this.#isid, target: undefined };
      return undefined;
    }
    const name = keys.get("TargetName");
    if (!name) return refuse(LoginStatus.MISSING_PARAMETER, "TargetName is missing");
    const target = node.findTarget(name);
    if (target === undefined) {
      return refuse(LoginStatus.NOT_FOUND, `no target '${name.slice(0, 223)}'`);
    }
    if (!node.driver.enabled) return DRIVER_DISABLED;
    this.#identity = { initiator: this.#initiator, isid: this.#isid, target };
    return undefined;
  }

  /** A TSIH asks to add a connection to a session; sessions have one (MaxConnections=1). */
  #refuseSecondConnection(tsih: number): Refusal {
    const session = this.#connection.node.sessionOf(tsih);
    const { initiator, isid } = session?.identity ?? {};
    return initiator === this.#initiator && isid === this.#isid
      ? refuse(LoginStatus.TOO_MANY_CONNECTIONS, `a second connection for session ${tsih}`)
      : refuse(LoginStatus.SESSION_DOES_NOT_EXIST, `no session ${tsih} of this initiator`);
  }

  /** Begins the full feature phase; an old session of the same names and ISID ends (RFC 7143 6.3.5). */
  #begin(pdu: Pdu, answers: [string, string][]): Session | undefined {
    const { node } = this.#connection;
    const identity = this.#identity!;
    const parameters = this.#parameters;
    const old = identity.target === undefined
      ? undefined
      : node.findReinstated(identity.initiator, identity.isid, identity.target);
    old?.connection.breakOff("the initiator logged in again (session reinstatement)");
    const session = new Session(
      this.#connection,
      identity,
      parameters,
      pdu.uint32(CMD_SN),
      (this.#statSN + 1) >>> 0,
      old !== undefined,
    );
    if (session.tsih === 0) {
      session.end();
      this.#send(pdu, [], 0, refuse(LoginStatus.OUT_OF_RESOURCES, "no session id is free"));
      return undefined;
    }
    this.#send(pdu, answers, session.tsih);
    session.report("info", session.isDiscovery ? "discovery login" : "login");
    return session;
  }

  /** Sends a Login Response; a refused login is logged, and its connection ends. */
  #send(pdu: Pdu, answers: [string, string][], tsih: number, refusal?: Refusal): void {
    const { output } = this.#connection;
    const text = formatText(answers);
    if (text.length > LOGIN_MAX_RECV) {
      return this.#send(pdu, [], 0, refuse(LoginStatus.OUT_OF_RESOURCES, "too many keys"));
    }
    const pad = padOf(text.length);
    const { memory, end: at } = output.reserve(BHS_LENGTH + text.length + pad);
    const { view } = memory;
    clearHeader(view, at);
    view.setUint8(at + OPCODE, Opcode.LOGIN_RESPONSE);
    if (refusal === undefined) {
      view.setUint8(
        at + FLAGS,
        pdu.flags & ~CONTINUE & ((pdu.flags & TRANSIT) !== 0 ? 0xff : 0xfc),
      );
    }
    setDataSegmentLength(view, at, text.length);
    memory.bytes.set(pdu.memory.bytes.subarray(pdu.at + ISID, pdu.at + ISID + 6), at + ISID);
    view.setUint16(at + TSIH, tsih);
    view.setUint32(at + INITIATOR_TASK_TAG, pdu.initiatorTaskTag);
    view.setUint32(at + RESPONSE_STAT_SN, this.#statSN);
    this.#statSN = (this.#statSN + 1) >>> 0;
    const cmdSN = pdu.uint32(CMD_SN);
    view.setUint32(at + RESPONSE_EXP_CMD_SN, cmdSN);
    view.setUint32(at + RESPONSE_MAX_CMD_SN, (cmdSN + QUEUED_COMMANDS - 1) >>> 0);
    view.setUint16(at + RESPONSE_STATUS, refusal?.status ?? LoginStatus.SUCCESS);
    memory.bytes.set(text, at + BHS_LENGTH);
    for (let index = 0; index < pad; index++) {
      view.setUint8(at + BHS_LENGTH + text.length + index, 0);
    }
    output.commit(BHS_LENGTH + text.length + pad);
    if (refusal === undefined) return;
    const { peer, node } = this.#connection;
    const who = this.#initiator === undefined ? "" : ` initiator=${this.#initiator}`;
    node.report(
      "warning",
      `login refused with ${nameOfLoginStatus(refusal.status)}: ${refusal.why}:${who} peer=${peer}`,
    );
    this.#connection.finish();
  }
}
