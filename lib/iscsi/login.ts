/** The login phase (RFC 7143 6, 11.12, 11.13): from request to request, to a session or a refusal. */
import type { LunSet } from "../scst/lun_set.ts";
import { type Admission, isInternal } from "./admission.ts";
import { CMD_SN, CONTINUE, EXP_STAT_SN } from "./bhs.ts";
import { Chap } from "./chap.ts";
import type { Connection } from "./connection.ts";
import { LoginFault } from "./faults.ts";
import { KEYS } from "./keys.ts";
import { LoginHeader } from "./login_header.ts";
import { LoginNames } from "./login_names.ts";
import { LoginNegotiation } from "./login_negotiation.ts";
import { sendLoginResponse, TRANSIT } from "./login_pdu.ts";
import { LoginStage } from "./login_stages.ts";
import { LoginStatus } from "./login_status.ts";
import { LOGIN_MAX_RECV, PORTAL_GROUP_TAG } from "./parameters.ts";
import type { Pdu } from "./pdu.ts";
import { describeRefusal, type Refusal, refuse, refuseFault } from "./refusal.ts";
import { Session, type SessionAccess } from "./session.ts";
import { SessionEvent } from "./session_states.ts";
import { formatText, joinText, parseText, TextError } from "./text.ts";

type Pair = [string, string];

/** Bytes of text and PDUs that a login may take. */
const TEXT_MOST = 65536;
const PDUS_MOST = 64;

const NO_TEXT = new Uint8Array(0);

export class Login {
  #connection: Connection;
  #header = new LoginHeader();
  #names: LoginNames;
  #text: Uint8Array[] = [];
  #textLength = 0;
  #pdus = 0;
  /** The keys that have come. */
  #keys = new Set<string>();
  /** The session that the login has led to. */
  #session: Session | undefined = undefined;
  /** From the first complete text on. */
  #negotiation: LoginNegotiation | undefined = undefined;
  #chap: Chap | undefined = undefined;
  #statSN = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#names = new LoginNames(connection);
  }

  /** Who logs in to what, as far as that is known; for the log. */
  get forLog(): string {
    return this.#names.forLog;
  }

  /** Handles a Login Request. Returns the session when the full feature phase begins. */
  handle(pdu: Pdu): Session | undefined {
    if (this.#pdus++ === 0) {
      this.#statSN = pdu.uint32(EXP_STAT_SN);
      this.#names.begin(pdu);
    }
    const refusal = this.#collect(pdu);
    if (refusal !== undefined) return this.refuse(pdu, refusal);
    if ((pdu.flags & CONTINUE) !== 0) return this.#send(pdu, NO_TEXT, false);
    return this.#answer(pdu);
  }

  /** Refuses the login: says so, logs it, and ends the connection. */
  refuse(pdu: Pdu, refusal: Refusal): undefined {
    const { redirect } = refusal;
    const text = redirect === undefined ? NO_TEXT : formatText([["TargetAddress", redirect]]);
    this.#send(pdu, text, false, refusal.status);
    const level = redirect === undefined ? "warning" : "info";
    this.#connection.node.logins.refuse(refusal.reason);
    this.#connection.node.report(level, `${describeRefusal(refusal)}: ${this.forLog}`);
    this.#connection.refuseLogin();
  }

  #collect(pdu: Pdu): Refusal | undefined {
    if (this.#pdus > PDUS_MOST) {
      return refuseFault(LoginFault.TOO_MANY_REQUESTS, `more than ${PDUS_MOST}`);
    }
    const refusal = this.#header.take(pdu);
    if (refusal !== undefined) return refusal;
    this.#textLength += pdu.dataLength;
    if (this.#textLength > TEXT_MOST) {
      return refuseFault(LoginFault.TOO_MUCH_TEXT, `more than ${TEXT_MOST} bytes`);
    }
    this.#text.push(pdu.data.slice());
    return undefined;
  }

  #answer(pdu: Pdu): Session | undefined {
    const answers: Pair[] = [];
    const { stage } = this.#header;
    const refusal = this.#take(pdu, answers);
    if (refusal !== undefined) return this.refuse(pdu, refusal);
    const transits = this.#transits(pdu) && !this.#negotiation!.wish(stage, answers);
    const text = formatText(answers);
    if (text.length > LOGIN_MAX_RECV) {
      return this.refuse(pdu, refuseFault(LoginFault.TOO_MUCH_TEXT, "too many keys"));
    }
    if (!transits) return this.#send(pdu, text, false);
    this.#header.transit(pdu);
    return this.#header.stage === LoginStage.FULL_FEATURE
      ? this.#begin(pdu, text)
      : this.#send(pdu, text, true);
  }

  /** Whether the stage ends with this request: the initiator wants it to, and nothing is left to do. */
  #transits(pdu: Pdu): boolean {
    if ((pdu.flags & TRANSIT) === 0) return false;
    return this.#header.stage !== LoginStage.SECURITY || this.#chap?.isDone === true;
  }

  /** Reads the pairs of a complete request and fills the answers in. */
  #take(pdu: Pdu, answers: Pair[]): Refusal | undefined {
    const text = joinText(this.#text);
    this.#text = [];
    let pairs: Pair[];
    try {
      pairs = parseText(text);
    } catch (error) {
      if (!(error instanceof TextError)) throw error;
      return refuseFault(LoginFault.TEXT_FORM, error.message);
    }
    for (const [key] of pairs) {
      if (this.#keys.has(key)) return refuseFault(LoginFault.REPEATED_KEY, `'${key}'`);
      this.#keys.add(key);
    }
    const refusal = this.#introduce(pairs, answers);
    if (refusal !== undefined) return refusal;
    const isSecurity = ([key]: Pair) => KEYS.get(key)?.use === "security";
    const denial = this.#authenticate(pdu, new Map(pairs.filter(isSecurity)), answers);
    if (denial !== undefined) return denial;
    const others = pairs.filter((pair) => !isSecurity(pair));
    return this.#negotiation!.take(others, this.#header.stage, answers);
  }

  /** Finds out who wants what, from the first request; later ones have nothing to say of that. */
  #introduce(pairs: readonly Pair[], answers: Pair[]): Refusal | undefined {
    if (this.#negotiation !== undefined) {
      const late = pairs.find(([key]) => KEYS.get(key)?.use === "first");
      return late === undefined ? undefined : refuseFault(LoginFault.LATE_KEY, late[0]);
    }
    const names = this.#names;
    const refusal = names.read(new Map(pairs));
    if (refusal !== undefined) return refusal;
    const { attributes: wanted, target } = names;
    const continued = names.continued?.parameters;
    this.#negotiation = new LoginNegotiation({
      wanted,
      continued,
      isDiscovery: target === undefined,
    });
    if (target === undefined) return undefined;
    if (wanted.alias !== undefined) answers.push(["TargetAlias", wanted.alias]);
    answers.push(["TargetPortalGroupTag", String(PORTAL_GROUP_TAG)]);
    return undefined;
  }

  /** Handles the keys of the security stage, which have no place behind it. */
  #authenticate(
    pdu: Pdu,
    keys: ReadonlyMap<string, string>,
    answers: Pair[],
  ): Refusal | undefined {
    this.#chap ??= this.#beginChap();
    if (this.#header.stage === LoginStage.SECURITY) {
      return this.#chap.handle(keys, (pdu.flags & TRANSIT) !== 0, answers);
    }
    const [key] = keys.keys();
    if (key !== undefined) return refuseFault(LoginFault.SECURITY_KEY, key);
    // A login that begins behind the security stage leaves it without a word.
    return this.#chap.isDone ? undefined : this.#chap.handle(keys, true, answers);
  }

  #beginChap(): Chap {
    const { node, local } = this.#connection;
    const { target } = this.#names;
    const exempt = target !== undefined && isInternal(node.driver, local);
    return new Chap(node.accountsOf(target), node.challenges, exempt);
  }

  /** Begins the full feature phase, of a new session or of one whose connection is replaced. */
  #begin(pdu: Pdu, text: Uint8Array): Session | undefined {
    // The gates may have shut since the first request, or another one have taken the last place.
    const { refusal, admission, continued, replaced } = this.#names.enter();
    const missing = this.#negotiation!.findMissing() ?? refusal;
    if (missing !== undefined) return this.refuse(pdu, missing);
    const { node } = this.#connection;
    const { parameters } = this.#negotiation!;
    const statSN = (this.#statSN + 1) >>> 0;
    if (continued !== undefined) {
      // Nobody goes on as somebody else.
      if (continued.identity.user !== this.#chap?.user) {
        return this.refuse(pdu, refuseFault(LoginFault.SESSION, "it is that of another user"));
      }
      continued.continueOn(this.#connection, this.#accessBy(admission), parameters, statSN);
      this.#welcome(pdu, text, continued, "login (connection reinstatement)");
      return continued;
    }
    if (replaced !== undefined) {
      const { connection } = replaced;
      replaced.end(SessionEvent.SESSION_REINSTATED);
      connection.breakOff("the initiator logged in again (session reinstatement)");
    }
    const { initiator, isid } = this.#names;
    const access = this.#accessBy(admission);
    const session = new Session(
      this.#connection,
      { initiator: initiator!, isid, access, user: this.#chap?.user },
      parameters,
      pdu.uint32(CMD_SN),
      statSN,
      replaced !== undefined,
    );
    if (session.tsih === 0) {
      session.end();
      return this.refuse(
        pdu,
        refuse(LoginStatus.OUT_OF_RESOURCES, "no session id is free", "session id"),
      );
    }
    session.begin();
    this.#welcome(pdu, text, session, session.isDiscovery ? "discovery login" : "login");
    if (access !== undefined) {
      node.nameWatch.look(session, node.sessions, replaced, performance.now());
    }
    return session;
  }

  /** What the initiator was let in to; undefined in a discovery session. */
  #accessBy(admission: Admission<LunSet> | undefined): SessionAccess | undefined {
    const { target, attributes } = this.#names;
    return admission && { target: target!, choice: admission.choice, attributes };
  }

  /** Sends the last Login Response. */
  #welcome(pdu: Pdu, text: Uint8Array, session: Session, kind: string): void {
    this.#session = session;
    session.node.logins.accepted++;
    this.#send(pdu, text, true);
    const { covered } = session.digests;
    session.report("info", covered === "" ? kind : `${kind} with CRC32C of ${covered}`);
  }

  /** Sends a Login Response. */
  #send(
    pdu: Pdu,
    text: Uint8Array,
    transits: boolean,
    status: number = LoginStatus.SUCCESS,
  ): undefined {
    const statSN = this.#statSN;
    this.#statSN = (statSN + 1) >>> 0;
    const cmdSN = pdu.uint32(CMD_SN);
    const names = this.#names;
    const { queuedCommands } = (names.target ?? names).attributes;
    const session = this.#session ?? (names.isKnown ? names.continued : undefined);
    sendLoginResponse(this.#connection.output, pdu, {
      text,
      status,
      statSN,
      sessionId: this.#header.sessionId ?? NO_TEXT,
      tsih: this.#session?.tsih,
      expCmdSN: session?.window.expCmdSN ?? cmdSN,
      maxCmdSN: session?.window.maxCmdSN ?? (cmdSN + queuedCommands - 1) >>> 0,
      transits,
    });
  }
}
