/** The login phase (RFC 7143 6, 11.12, 11.13). */
import type { LunSet } from "../scst/lun_set.ts";
import { formatPortal, TARGET_DEFAULTS, type TargetAttributes } from "../scst/model.ts";
import type { Target } from "../scst/target.ts";
import { type Admission, admit, admitToDiscovery, isInternal } from "./admission.ts";
import { CMD_SN, CONTINUE, EXP_STAT_SN } from "./bhs.ts";
import { Chap } from "./chap.ts";
import type { Connection } from "./connection.ts";
import { NAME_ALLOWED, normalName } from "./initiator_name.ts";
import { checkDigest, findMissingDigest, KEYS, negotiateKey, REJECT } from "./keys.ts";
import {
  CID,
  ISID,
  sendLoginResponse,
  stagesOf,
  TRANSIT,
  TSIH,
  VERSION_MAX,
  VERSION_MIN,
} from "./login_pdu.ts";
import { LoginStatus } from "./login_status.ts";
import { nameOfOpcode, Opcode } from "./opcode.ts";
import {
  defaultParameters,
  LOGIN_MAX_RECV,
  type Parameters,
  PORTAL_GROUP_TAG,
} from "./parameters.ts";
import type { Pdu } from "./pdu.ts";
import { describeRefusal, type Refusal, refuse } from "./refusal.ts";
import { Session } from "./session.ts";
import { formatText, joinText, parseText, TextError } from "./text.ts";
import { wishesOf } from "./wishes.ts";

/** Status class of those that are sent elsewhere. */
const REDIRECTION = 1;

const Stage = { SECURITY: 0, OPERATIONAL: 1, FULL_FEATURE: 3 } as const;

/** Which stage may follow which (RFC 7143 11.12.3); a stage may also stay. */
const NEXT_STAGES: Readonly<Record<number, readonly number[]>> = {
  // Who is it? This ends when the initiator wants it to and Chap is done.
  [Stage.SECURITY]: [Stage.OPERATIONAL, Stage.FULL_FEATURE],
  // How do we talk? Offers are answered at once; this ends when the target has none of its own left.
  [Stage.OPERATIONAL]: [Stage.FULL_FEATURE],
};

/** Bytes of text and PDUs that a login may take. */
const TEXT_MOST = 65536;
const PDUS_MOST = 64;

/** The refusal of the last gate that an initiator came to, if it is one. */
function refusalOf({ status, findings }: Admission<LunSet>, target: Target): Refusal | undefined {
  const last = findings.at(-1);
  if (status === LoginStatus.SUCCESS || last === undefined) return undefined;
  const refusal = refuse(status, `${last.gate}: ${last.says}`);
  const { redirect } = target.attributes;
  const isRedirected = status >> 8 === REDIRECTION && redirect !== undefined;
  return isRedirected ? { ...refusal, redirect: formatPortal(redirect.portal) } : refusal;
}

const NO_TEXT = new Uint8Array(0);

/** A name as it is fit for a log line, of which blanks separate the parts. */
function printable(name: string): string {
  return normalName(name) ?? JSON.stringify(name.slice(0, 64));
}

export class Login {
  #connection: Connection;
  #stage: number | undefined = undefined;
  #text: Uint8Array[] = [];
  #textLength = 0;
  #pdus = 0;
  #offered = new Set<string>();
  /** Keys that the target has offered itself: what comes of them are answers. */
  #asked = new Set<string>();
  #parameters: Parameters = defaultParameters();
  #initiator: string | undefined = undefined;
  #isid = "";
  /** Whether it is known who wants what. */
  #isIdentified = false;
  /** The target's name as it came. */
  #targetName: string | undefined = undefined;
  /** undefined in a discovery session. */
  #target: Target | undefined = undefined;
  /** What the target wants of the session: as it was when that was asked for, to the end. */
  #attributes: TargetAttributes = TARGET_DEFAULTS;
  #chap: Chap | undefined = undefined;
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
      if (this.#pdus > 0) return this.#refuse(pdu, refuse(LoginStatus.INVALID_DURING_LOGIN, why));
      this.#connection.breakOff(why);
      return undefined;
    }
    if (this.#pdus++ === 0) this.#statSN = pdu.uint32(EXP_STAT_SN);
    const refusal = this.#checkHeader(pdu) ?? this.#collect(pdu);
    if (refusal !== undefined) return this.#refuse(pdu, refusal);
    if ((pdu.flags & CONTINUE) !== 0) return this.#send(pdu, NO_TEXT, false);
    return this.#answer(pdu);
  }

  #checkHeader(pdu: Pdu): Refusal | undefined {
    const { flags } = pdu;
    const { stage, next } = stagesOf(pdu);
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

  #answer(pdu: Pdu): Session | undefined {
    const answers: [string, string][] = [];
    const refusal = this.#negotiate(pdu, answers);
    if (refusal !== undefined) return this.#refuse(pdu, refusal);
    const transits = this.#transits(pdu) && !this.#wishes(pdu, answers);
    const text = formatText(answers);
    if (text.length > LOGIN_MAX_RECV) {
      return this.#refuse(pdu, refuse(LoginStatus.OUT_OF_RESOURCES, "too many keys"));
    }
    if (!transits) return this.#send(pdu, text, false);
    const { next } = stagesOf(pdu);
    this.#stage = next;
    return next === Stage.FULL_FEATURE ? this.#begin(pdu, text) : this.#send(pdu, text, true);
  }

  /** Offers what the target wants to be otherwise before the negotiation ends; false if nothing. */
  #wishes(pdu: Pdu, answers: [string, string][]): boolean {
    if (this.#target === undefined || stagesOf(pdu).stage !== Stage.OPERATIONAL) return false;
    const wishes = wishesOf(this.#attributes, this.#parameters, this.#offered);
    for (const [key] of wishes) this.#asked.add(key);
    answers.push(...wishes);
    return wishes.length > 0;
  }

  /** Whether the stage ends with this request: the initiator wants it to, and nothing is left to do. */
  #transits(pdu: Pdu): boolean {
    if ((pdu.flags & TRANSIT) === 0) return false;
    return stagesOf(pdu).stage !== Stage.SECURITY || this.#chap?.isDone === true;
  }

  /** Reads the pairs of a complete request and fills the answers in. */
  #negotiate(pdu: Pdu, answers: [string, string][]): Refusal | undefined {
    const text = joinText(this.#text);
    this.#text = [];
    let pairs: [string, string][];
    try {
      pairs = parseText(text);
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
    const silent = [...this.#asked].find((key) => !this.#offered.has(key));
    if (silent !== undefined) {
      return refuse(LoginStatus.INITIATOR_ERROR, `no answer to the offer of ${silent}`);
    }
    const refusal = this.#isIdentified ? undefined : this.#identify(pdu, new Map(pairs));
    if (refusal !== undefined) return refusal;
    if (!this.#namedGroup && this.#target !== undefined) {
      this.#namedGroup = true;
      const { alias } = this.#target.attributes;
      if (alias !== undefined) answers.push(["TargetAlias", alias]);
      answers.push(["TargetPortalGroupTag", String(PORTAL_GROUP_TAG)]);
    }
    const isSecurity = ([key]: [string, string]) => KEYS.get(key)?.use === "security";
    const denial = this.#authenticate(pdu, new Map(pairs.filter(isSecurity)), answers);
    if (denial !== undefined) return denial;
    const others = pairs.filter((pair) => !isSecurity(pair));
    // FirstBurstLength depends on MaxBurstLength, wherever in the text that stands.
    const isLast = ([key]: [string, string]) => Number(key === "FirstBurstLength");
    for (const [key, value] of others.toSorted((one, other) => isLast(one) - isLast(other))) {
      const answer = negotiateKey(key, value, this.#parameters, this.#attributes);
      if (key === "MaxRecvDataSegmentLength" && answer === REJECT) {
        const why = `${key}=${value.slice(0, 64)}, 512 to 16777215 are allowed`;
        return refuse(LoginStatus.INITIATOR_ERROR, why);
      }
      const why = checkDigest(key, value, answer, this.#attributes);
      if (why !== undefined) return refuse(LoginStatus.INITIATOR_ERROR, why);
      if (answer !== undefined && !this.#asked.has(key)) answers.push([key, answer]);
    }
    if (!this.#declared && this.#stage === Stage.OPERATIONAL) {
      this.#declared = true;
      const { maxRecvDataSegmentLength } = this.#attributes;
      answers.push(["MaxRecvDataSegmentLength", String(maxRecvDataSegmentLength)]);
    }
    return undefined;
  }

  /** Handles the keys of the security stage, which have no place behind it. */
  #authenticate(
    pdu: Pdu,
    keys: ReadonlyMap<string, string>,
    answers: [string, string][],
  ): Refusal | undefined {
    this.#chap ??= this.#beginChap();
    if (this.#stage === Stage.SECURITY) {
      return this.#chap.handle(keys, (pdu.flags & TRANSIT) !== 0, answers);
    }
    const [key] = keys.keys();
    if (key !== undefined) {
      return refuse(LoginStatus.INITIATOR_ERROR, `'${key}' outside of the security stage`);
    }
    // A login that begins behind the security stage leaves it without a word.
    return this.#chap.isDone ? undefined : this.#chap.handle(keys, true, answers);
  }

  #beginChap(): Chap {
    const { node, local } = this.#connection;
    const exempt = this.#target !== undefined && isInternal(node.driver, local);
    return new Chap(node.accountsOf(this.#target), node.challenges, exempt);
  }

  /** Finds out who wants what, from the first request (RFC 7143 6.3). */
  #identify(pdu: Pdu, keys: ReadonlyMap<string, string>): Refusal | undefined {
    const { node } = this.#connection;
    const isid = pdu.memory.bytes.subarray(pdu.at + ISID, pdu.at + ISID + 6);
    this.#isid = Array.from(isid, (byte) => byte.toString(16).padStart(2, "0")).join("");
    this.#connection.cid = pdu.uint16(CID);
    const initiator = keys.get("InitiatorName");
    if (!initiator) return refuse(LoginStatus.MISSING_PARAMETER, "InitiatorName is missing");
    this.#initiator = normalName(initiator);
    if (this.#initiator === undefined) {
      return refuse(LoginStatus.INITIATOR_ERROR, `InitiatorName must have ${NAME_ALLOWED}`);
    }
    const type = keys.get("SessionType") ?? "Normal";
    if (type !== "Normal" && type !== "Discovery") {
      const why = `SessionType=${type.slice(0, 64)}, Normal and Discovery are allowed`;
      return refuse(LoginStatus.SESSION_TYPE_NOT_SUPPORTED, why);
    }
    if (type === "Discovery") {
      const { status, says } = admitToDiscovery(node.driver);
      if (status !== LoginStatus.SUCCESS) return refuse(status, says);
    } else {
      const refusal = this.#findTarget(keys.get("TargetName"));
      if (refusal !== undefined) return refusal;
    }
    const tsih = pdu.uint16(TSIH);
    if (tsih !== 0) return this.#refuseSecondConnection(tsih);
    this.#isIdentified = true;
    return undefined;
  }

  #findTarget(name: string | undefined): Refusal | undefined {
    if (!name) return refuse(LoginStatus.MISSING_PARAMETER, "TargetName is missing");
    this.#targetName = name;
    const target = this.#connection.node.findTarget(name);
    if (target === undefined) return refuse(LoginStatus.NOT_FOUND, "there is no such target");
    this.#target = target;
    this.#attributes = target.attributes;
    // This holds for an initiator that says nothing of what it takes.
    this.#parameters.maxRecvDataSegmentLength = Math.min(
      this.#parameters.maxRecvDataSegmentLength,
      target.attributes.maxXmitDataSegmentLength,
    );
    return refusalOf(this.#admit(target), target);
  }

  /** Leads the initiator through the gates of its target, as they stand now. */
  #admit(target: Target): Admission<LunSet> {
    const { node, local } = this.#connection;
    const initiator = this.#initiator!;
    const replaces = node.findReinstated(initiator, this.#isid, target) !== undefined;
    const sessions = target.nexuses.size - (replaces ? 1 : 0);
    return admit(node.driver, target, { initiator, portal: local }, sessions);
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
  #begin(pdu: Pdu, text: Uint8Array): Session | undefined {
    const { node } = this.#connection;
    const missing = findMissingDigest(this.#parameters, this.#attributes);
    if (missing !== undefined) {
      return this.#refuse(pdu, refuse(LoginStatus.INITIATOR_ERROR, missing));
    }
    const initiator = this.#initiator!;
    const isid = this.#isid;
    const target = this.#target;
    if (target !== undefined && node.findTarget(target.name) !== target) {
      return this.#refuse(pdu, refuse(LoginStatus.NOT_FOUND, "the target is gone"));
    }
    // The gates may have shut since the first request, or another one have taken the last place.
    const admission = target === undefined ? undefined : this.#admit(target);
    const refusal = admission === undefined ? undefined : refusalOf(admission, target!);
    if (refusal !== undefined) return this.#refuse(pdu, refusal);
    const old = target === undefined ? undefined : node.findReinstated(initiator, isid, target);
    old?.connection.breakOff("the initiator logged in again (session reinstatement)");
    const access = admission === undefined
      ? undefined
      : { target: target!, choice: admission.choice, attributes: this.#attributes };
    const session = new Session(
      this.#connection,
      { initiator, isid, access, user: this.#chap?.user },
      this.#parameters,
      pdu.uint32(CMD_SN),
      (this.#statSN + 1) >>> 0,
      old !== undefined,
    );
    if (session.tsih === 0) {
      session.end();
      return this.#refuse(pdu, refuse(LoginStatus.OUT_OF_RESOURCES, "no session id is free"));
    }
    this.#send(pdu, text, true, session.tsih);
    const kind = session.isDiscovery ? "discovery login" : "login";
    const { covered } = session.digests;
    session.report("info", covered === "" ? kind : `${kind} with CRC32C of ${covered}`);
    if (access !== undefined) node.nameWatch.look(session, node.sessions, old, performance.now());
    return session;
  }

  /** Refuses the login: says so, logs it, and ends the connection. */
  #refuse(pdu: Pdu, refusal: Refusal): undefined {
    const { redirect } = refusal;
    const text = redirect === undefined ? NO_TEXT : formatText([["TargetAddress", redirect]]);
    this.#send(pdu, text, false, 0, refusal.status);
    const { peer, node, local } = this.#connection;
    const parts = [`peer=${peer}`, `portal=${formatPortal(local)}`];
    if (this.#targetName !== undefined) parts.unshift(`target=${printable(this.#targetName)}`);
    if (this.#initiator !== undefined) parts.unshift(`initiator=${this.#initiator}`);
    const level = redirect === undefined ? "warning" : "info";
    node.report(level, `${describeRefusal(refusal)}: ${parts.join(" ")}`);
    this.#connection.finish();
  }

  /** Sends a Login Response. */
  #send(
    pdu: Pdu,
    text: Uint8Array,
    transits: boolean,
    tsih = 0,
    status: number = LoginStatus.SUCCESS,
  ): undefined {
    const statSN = this.#statSN;
    this.#statSN = (statSN + 1) >>> 0;
    const window = (this.#target?.attributes ?? TARGET_DEFAULTS).queuedCommands;
    const response = { text, status, statSN, tsih, window, transits };
    sendLoginResponse(this.#connection.output, pdu, response);
  }
}
