/**
 * Who may log in to a target: the gates of SCST in their order. The login, SendTargets and
 * `scst why` all ask here, so that what one of them says is what the others do.
 */
import type { SocketAddress } from "../../ffi/socket.ts";
import { chooseLuns, type LunChoice, type LunSource } from "../scst/initiator_group.ts";
import { type DriverModel, formatPortal, type TargetAttributes } from "../scst/model.ts";
import type { Pattern } from "../scst/pattern.ts";
import type { DomainInitiators } from "../scst/target.ts";
import { LoginStatus } from "./login_status.ts";

/** Who asks, and where. */
export interface Caller {
  /** InitiatorName in lower case. */
  readonly initiator: string;
  /** The address that it reached. */
  readonly portal: SocketAddress;
}

/** What the gates look at in a target; `L` is a set of LUNs. */
export interface GuardedTarget<L> extends LunSource<L> {
  readonly attributes: TargetAttributes;
  readonly allowedPortals: readonly Pattern[];
  /** Absent if nobody knows what an iSNS server says. */
  readonly domainInitiators?: DomainInitiators;
}

/** What a gate finds: SUCCESS lets the caller through. `says` is a sentence without its end. */
export interface Finding {
  readonly status: number;
  readonly says: string;
}

interface Visit {
  readonly driver: DriverModel;
  readonly attributes: TargetAttributes;
  readonly allowedPortals: readonly Pattern[];
  readonly caller: Caller;
  readonly choice: LunChoice<Sized>;
  /** undefined if nobody knows. */
  readonly domainInitiators: DomainInitiators | undefined;
  /** Sessions of the target, without one that the caller takes over; undefined if nobody knows. */
  readonly sessions: number | undefined;
}

interface Sized {
  readonly size: number;
}

interface Gate {
  /** What decides, under SCST's name for it. */
  readonly name: string;
  /** Whether discovery hides a target from those that the gate does not let through. */
  readonly hides: boolean;
  readonly judge: (visit: Visit) => Finding;
}

/** The gate that admitToDiscovery() asks. */
export const DISCOVERY_GATE = "iscsi enabled";

/** The gates in the order in which they are passed. */
const GATES: readonly Gate[] = [
  { name: DISCOVERY_GATE, hides: false, judge: judgeDriver },
  { name: "enabled", hides: true, judge: judgeEnabled },
  { name: "allowed_portal", hides: true, judge: judgePortal },
  { name: "luns", hides: true, judge: judgeLuns },
  { name: "iSNSServer", hides: true, judge: judgeDomain },
  { name: "redirect", hides: false, judge: judgeRedirect },
  { name: "MaxSessions", hides: false, judge: judgeSessions },
];

export const GATE_NAMES: readonly string[] = GATES.map(({ name }) => name);

/** What all gates say, and the first refusal among it. */
export interface Admission<L> {
  /** SUCCESS, or the status of the refusal. */
  readonly status: number;
  /** What each gate says up to the one that refuses. */
  readonly findings: readonly (Finding & { readonly gate: string })[];
  readonly choice: LunChoice<L>;
}

/**
 * Leads a caller through the gates of a target. `sessions` are those that the target has, without one
 * that the caller takes over; undefined if nobody knows.
 */
export function admit<L extends Sized>(
  driver: DriverModel,
  target: GuardedTarget<L>,
  caller: Caller,
  sessions: number | undefined,
): Admission<L> {
  const visit = visitOf(driver, target, caller, sessions);
  const { choice } = visit;
  const findings: (Finding & { gate: string })[] = [];
  for (const { name, judge } of GATES) {
    const finding = judge(visit);
    findings.push({ gate: name, ...finding });
    if (finding.status !== LoginStatus.SUCCESS) return { status: finding.status, findings, choice };
  }
  return { status: LoginStatus.SUCCESS, findings, choice };
}

/** Whether discovery sessions begin at all. */
export function admitToDiscovery(driver: DriverModel): Finding {
  return judgeDriver({ driver });
}

/** Whether CHAP is not required of normal sessions at this address of ours. */
export function isInternal({ internalPortals }: DriverModel, portal: SocketAddress): boolean {
  return internalPortals.includes(portal.hostname);
}

/** Whether discovery shows a target to a caller at the address `caller.portal`. */
export function isVisible<L extends Sized>(
  driver: DriverModel,
  target: GuardedTarget<L>,
  caller: Caller,
): boolean {
  const visit = visitOf(driver, target, caller, 0);
  return GATES.every(({ hides, judge }) => !hides || judge(visit).status === LoginStatus.SUCCESS);
}

function visitOf<L extends Sized>(
  driver: DriverModel,
  target: GuardedTarget<L>,
  caller: Caller,
  sessions: number | undefined,
): Visit & { readonly choice: LunChoice<L> } {
  const { attributes, allowedPortals, domainInitiators } = target;
  const choice = chooseLuns(target, nameForGroups(attributes, caller));
  return { driver, attributes, allowedPortals, caller, choice, domainInitiators, sessions };
}

/** The name that the patterns of groups are compared with. */
export function nameForGroups(
  { perPortalAcl }: Pick<TargetAttributes, "perPortalAcl">,
  { initiator, portal }: Caller,
): string {
  return perPortalAcl ? `${initiator}#${portal.hostname}` : initiator;
}

function pass(says: string): Finding {
  return { status: LoginStatus.SUCCESS, says };
}

function refuse(status: number, says: string): Finding {
  return { status, says };
}

function judgeDriver({ driver }: Pick<Visit, "driver">): Finding {
  return driver.enabled
    ? pass("iscsi is enabled")
    : refuse(LoginStatus.TARGET_ERROR, "iscsi is not enabled");
}

function judgeEnabled({ attributes }: Visit): Finding {
  return attributes.enabled
    ? pass("the target is enabled")
    : refuse(LoginStatus.TARGET_ERROR, "the target is not enabled");
}

/** A positive pattern has to match, if there is one, and every negative one has to hold. */
function judgePortal({ allowedPortals, caller }: Visit): Finding {
  if (allowedPortals.length === 0) return pass("any portal is allowed");
  const { hostname } = caller.portal;
  const broken = allowedPortals.find((one) => one.isNegative && !one.matches(hostname));
  if (broken !== undefined) {
    return refuse(LoginStatus.NOT_FOUND, `portal ${hostname} is shut out by '${broken.text}'`);
  }
  const positive = allowedPortals.filter((one) => !one.isNegative);
  const matching = positive.find((one) => one.matches(hostname));
  if (matching !== undefined) return pass(`portal ${hostname} matches '${matching.text}'`);
  if (positive.length === 0) return pass(`portal ${hostname} is not shut out`);
  const patterns = positive.map(({ text }) => `'${text}'`).join(" or ");
  return refuse(LoginStatus.NOT_FOUND, `portal ${hostname} does not match ${patterns}`);
}

function judgeLuns({ attributes, caller, choice: { luns, match } }: Visit): Finding {
  const name = nameForGroups(attributes, caller);
  const chosen = match === undefined
    ? `no group has ${name}, and the target's own set`
    : `group '${match.group}' has ${name} by '${match.pattern}', and`;
  if (luns.size === 0) return refuse(LoginStatus.NOT_FOUND, `${chosen} has no LUN`);
  return pass(`${chosen} has ${luns.size} ${luns.size === 1 ? "LUN" : "LUNs"}`);
}

/** With access control an iSNS server decides who may see whom (RFC 4171 2.2.2). */
function judgeDomain({ driver: { isnsServer }, domainInitiators, caller }: Visit): Finding {
  if (isnsServer?.accessControl !== true) return pass("no iSNS server is asked");
  const server = `iSNS server ${formatPortal(isnsServer)}`;
  const { initiator } = caller;
  if (domainInitiators === undefined) {
    const what = `which has to have ${initiator} in a discovery domain with the target`;
    return pass(`left to the ${server}, ${what}: it is not asked here`);
  }
  if (domainInitiators === "unheard") {
    return refuse(LoginStatus.NOT_FOUND, `the ${server} has not said yet who may log in`);
  }
  return domainInitiators.has(initiator)
    ? pass(`the ${server} has ${initiator} in a discovery domain with the target`)
    : refuse(
      LoginStatus.NOT_FOUND,
      `the ${server} has ${initiator} in no discovery domain with the target`,
    );
}

function judgeRedirect({ attributes: { redirect }, caller }: Visit): Finding {
  if (redirect === undefined) return pass("nobody is sent elsewhere");
  const { hostname, port } = redirect.portal;
  const where = formatPortal(redirect.portal);
  if (hostname === caller.portal.hostname && port === caller.portal.port) {
    return pass(`the connection is at ${where} already`);
  }
  return redirect.permanent
    ? refuse(LoginStatus.TARGET_MOVED_PERMANENTLY, `for good to ${where}`)
    : refuse(LoginStatus.TARGET_MOVED_TEMPORARILY, `for now to ${where}`);
}

function judgeSessions({ attributes: { maxSessions }, sessions }: Visit): Finding {
  if (maxSessions === 0) return pass("any number of sessions is allowed");
  if (sessions === undefined) return pass(`${maxSessions} sessions are allowed at one time`);
  return sessions < maxSessions
    ? pass(`${sessions} other sessions of ${maxSessions} that are allowed`)
    : refuse(
      LoginStatus.OUT_OF_RESOURCES,
      `${sessions} sessions are there, ${maxSessions} allowed`,
    );
}
