/** Who logs in, to what, and to which session (RFC 7143 6.3): what the first request says. */
import type { LunSet } from "../scst/lun_set.ts";
import { formatPortal, TARGET_DEFAULTS, type TargetAttributes } from "../scst/model.ts";
import type { Target } from "../scst/target.ts";
import { type Admission, admit, admitToDiscovery, DISCOVERY_GATE } from "./admission.ts";
import type { Connection } from "./connection.ts";
import { LoginFault } from "./faults.ts";
import { NAME_ALLOWED, normalName } from "./initiator_name.ts";
import { CID, ISID, TSIH } from "./login_pdu.ts";
import { LoginStatus } from "./login_status.ts";
import type { Pdu } from "./pdu.ts";
import { type Refusal, refuse, refuseFault } from "./refusal.ts";
import type { Session } from "./session.ts";

/** Status class of those that are sent elsewhere. */
const REDIRECTION = 1;

/** What the gates say of a login at its end. */
export interface Entry {
  /** Why it is refused, if it is. */
  readonly refusal: Refusal | undefined;
  /** undefined in a discovery session. */
  readonly admission: Admission<LunSet> | undefined;
  /** The session whose connection this one replaces (RFC 7143 6.3.4). */
  readonly continued: Session | undefined;
  /** The session that ends for this one (RFC 7143 6.3.5). */
  readonly replaced: Session | undefined;
}

/** The refusal of the last gate that an initiator came to, if it is one. */
function refusalOf({ status, findings }: Admission<LunSet>, target: Target): Refusal | undefined {
  const last = findings.at(-1);
  if (status === LoginStatus.SUCCESS || last === undefined) return undefined;
  const refusal = refuse(status, `${last.gate}: ${last.says}`, last.gate);
  const { redirect } = target.attributes;
  const isRedirected = status >> 8 === REDIRECTION && redirect !== undefined;
  return isRedirected ? { ...refusal, redirect: formatPortal(redirect.portal) } : refusal;
}

/** A name as it is fit for a log line, of which blanks separate the parts. */
function printable(name: string): string {
  return normalName(name) ?? JSON.stringify(name.slice(0, 64));
}

export class LoginNames {
  #connection: Connection;
  #initiator: string | undefined = undefined;
  #isid = "";
  #tsih = 0;
  /** The target's name as it came. */
  #targetName: string | undefined = undefined;
  #target: Target | undefined = undefined;
  #attributes: TargetAttributes = TARGET_DEFAULTS;
  #isKnown = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Whether it is known who wants what. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** In lower case; undefined until it is known. */
  get initiator(): string | undefined {
    return this.#initiator;
  }

  /** Initiator's part of the session identifier, 12 hex digits. */
  get isid(): string {
    return this.#isid;
  }

  /** The session that the TSIH of the requests names, whoever it belongs to. */
  get continued(): Session | undefined {
    return this.#tsih === 0 ? undefined : this.#connection.node.sessionOf(this.#tsih);
  }

  /** undefined in a discovery session. */
  get target(): Target | undefined {
    return this.#target;
  }

  /** What the target wants of the session: as it was when that was asked for, to the end. */
  get attributes(): TargetAttributes {
    return this.#attributes;
  }

  /** Who and what, as far as it is known, for the end of a log line. */
  get forLog(): string {
    const { peer, local } = this.#connection;
    const parts = [`peer=${peer}`, `portal=${formatPortal(local)}`];
    if (this.#targetName !== undefined) parts.unshift(`target=${printable(this.#targetName)}`);
    if (this.#initiator !== undefined) parts.unshift(`initiator=${this.#initiator}`);
    if (this.#isid !== "") parts.push(`isid=${this.#isid}`);
    return parts.join(" ");
  }

  /** Reads the header of the first request. */
  begin(pdu: Pdu): void {
    const isid = pdu.memory.bytes.subarray(pdu.at + ISID, pdu.at + ISID + 6);
    this.#isid = Array.from(isid, (byte) => byte.toString(16).padStart(2, "0")).join("");
    this.#tsih = pdu.uint16(TSIH);
    this.#connection.cid = pdu.uint16(CID);
  }

  /** Reads the text of the first request, which has these keys. */
  read(keys: ReadonlyMap<string, string>): Refusal | undefined {
    const { node } = this.#connection;
    const initiator = keys.get("InitiatorName");
    if (!initiator) return refuseFault(LoginFault.NO_INITIATOR_NAME);
    this.#initiator = normalName(initiator);
    if (this.#initiator === undefined) {
      return refuseFault(LoginFault.INITIATOR_NAME, `it must have ${NAME_ALLOWED}`);
    }
    const type = keys.get("SessionType") ?? "Normal";
    if (type !== "Normal" && type !== "Discovery") {
      return refuseFault(LoginFault.SESSION_TYPE, type.slice(0, 64));
    }
    if (type === "Discovery") {
      const { status, says } = admitToDiscovery(node.driver);
      if (status !== LoginStatus.SUCCESS) return refuse(status, says, DISCOVERY_GATE);
    } else {
      const refusal = this.#findTarget(keys.get("TargetName"));
      if (refusal !== undefined) return refusal;
    }
    const { refusal } = this.enter();
    this.#isKnown = refusal === undefined;
    return refusal;
  }

  #findTarget(name: string | undefined): Refusal | undefined {
    if (!name) return refuseFault(LoginFault.NO_TARGET_NAME);
    this.#targetName = name;
    this.#target = this.#connection.node.findTarget(name);
    if (this.#target === undefined) return refuseFault(LoginFault.TARGET_NAME);
    this.#attributes = this.#target.attributes;
    return undefined;
  }

  /** Leads the initiator through the gates of its target, and finds its session, as they are now. */
  enter(): Entry {
    const { node, local } = this.#connection;
    const initiator = this.#initiator!;
    const target = this.#target;
    const { continued } = this;
    const replaced = this.#tsih !== 0 || target === undefined
      ? undefined
      : node.findReinstated(initiator, this.#isid, target);
    const fault = this.#tsih === 0 ? undefined : this.#judgeSession(continued);
    if (target === undefined) return { refusal: fault, admission: undefined, continued, replaced };
    const isThere = continued?.target === target || replaced !== undefined;
    const others = target.nexuses.size - (isThere ? 1 : 0);
    const admission = admit(node.driver, target, { initiator, portal: local }, others);
    const refusal = node.findTarget(target.name) === target
      ? refusalOf(admission, target) ?? fault
      : refuseFault(LoginFault.TARGET_NAME, "the target is gone");
    return { refusal, admission, continued, replaced };
  }

  /**
   * What is wrong with the session that a TSIH names (RFC 7143 6.3.1): it has to be of the same names
   * and ISID, and to have a connection with the same CID, which this one replaces.
   */
  #judgeSession(session: Session | undefined): Refusal | undefined {
    const { initiator, isid } = session?.identity ?? {};
    const isOurs = session !== undefined && initiator === this.#initiator && isid === this.#isid &&
      session.target === this.#target;
    if (!isOurs) return refuseFault(LoginFault.SESSION, `TSIH ${this.#tsih} of this initiator`);
    const { cid } = session.connection;
    if (cid === this.#connection.cid) return undefined;
    const which = `session ${this.#tsih} has the connection ${cid} (MaxConnections=1)`;
    return refuseFault(LoginFault.SECOND_CONNECTION, which);
  }
}
