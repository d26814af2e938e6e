/** What becomes of a login, and why: the gates as they would be passed, for people. */
import type { SocketAddress } from "../../ffi/socket.ts";
import type { DriverModel, LunModel, TargetModel } from "../scst/model.ts";
import { Pattern } from "../scst/pattern.ts";
import type { GroupMatch } from "../scst/initiator_group.ts";
import type { DomainInitiators } from "../scst/target.ts";
import { admit, type Finding, type GuardedTarget, isInternal } from "./admission.ts";
import { NAME_ALLOWED, normalName } from "./initiator_name.ts";
import { LoginStatus, nameOfLoginStatus } from "./login_status.ts";

/** What one gate says; gates behind one that is shut are not asked. */
export interface GateReport {
  readonly gate: string;
  readonly isOpen: boolean;
  readonly says: string;
}

export interface LoginExplanation {
  readonly isAllowed: boolean;
  /** Names and number of the status of the Login Response. */
  readonly status: string;
  readonly gates: readonly GateReport[];
  /** The group that has the initiator, and by which pattern; undefined if none has it. */
  readonly match: GroupMatch | undefined;
  /** What the initiator sees if it may log in. */
  readonly luns: readonly LunModel[];
}

/** What is so in a server that runs. */
export interface LiveTarget {
  /** Sessions that the target has. */
  readonly sessions: number;
  /** What an iSNS server says of it, if one is asked. */
  readonly domainInitiators: DomainInitiators;
}

/**
 * Explains a login of `initiator` to `target`, undefined if there is no such target, at `portal`; without
 * `live` the gates that depend on what goes on let everybody through, and say so.
 */
export function explainLogin(
  driver: DriverModel,
  target: TargetModel | undefined,
  initiator: string,
  portal: SocketAddress,
  live?: LiveTarget,
): LoginExplanation {
  const name = normalName(initiator);
  if (name === undefined) {
    return refusedAt("InitiatorName", LoginStatus.INITIATOR_ERROR, `it must have ${NAME_ALLOWED}`);
  }
  if (target === undefined) {
    return refusedAt("TargetName", LoginStatus.NOT_FOUND, "there is no such target");
  }
  const caller = { initiator: name, portal };
  const { status, findings, choice } = admit(
    driver,
    guarded(target, live),
    caller,
    live?.sessions,
  );
  const isAllowed = status === LoginStatus.SUCCESS;
  const luns = isAllowed ? [...choice.luns.values()] : [];
  const gates = findings.map(({ gate, ...finding }) => reportOf(gate, finding));
  if (isAllowed) gates.push(reportOfUsers(driver, target, portal));
  return {
    isAllowed,
    status: nameOfLoginStatus(status),
    gates,
    match: choice.match,
    luns: luns.toSorted((one, other) => one.lun - other.lun),
  };
}

function guarded(
  { attributes, luns, groups }: TargetModel,
  live: LiveTarget | undefined,
): GuardedTarget<Map<number, LunModel>> {
  return {
    attributes,
    ...(live === undefined ? {} : { domainInitiators: live.domainInitiators }),
    allowedPortals: patterns(attributes.allowedPortals),
    luns: byNumber(luns),
    groups: groups.map((group) => ({
      name: group.name,
      initiators: patterns(group.initiators),
      luns: byNumber(group.luns),
    })),
  };
}

function patterns(texts: readonly string[]): Pattern[] {
  return texts.map((text) => new Pattern(text));
}

function byNumber(luns: readonly LunModel[]): Map<number, LunModel> {
  return new Map(luns.map((entry) => [entry.lun, entry]));
}

function reportOf(gate: string, { status, says }: Finding): GateReport {
  return { gate, isOpen: status === LoginStatus.SUCCESS, says };
}

/** The last gate opens to those who have a secret, which nobody is asked for here. */
function reportOfUsers(
  driver: DriverModel,
  { incomingUsers }: TargetModel,
  portal: SocketAddress,
): GateReport {
  const count = incomingUsers.length;
  const says = count === 0
    ? "nobody has to authenticate"
    : isInternal(driver, portal)
    ? `nobody has to authenticate at the internal portal ${portal.hostname}`
    : count === 1
    ? "the secret of the incoming user is wanted"
    : `the secret of one of ${count} incoming users is wanted`;
  return { gate: "IncomingUser", isOpen: true, says };
}

function refusedAt(gate: string, status: number, says: string): LoginExplanation {
  return {
    isAllowed: false,
    status: nameOfLoginStatus(status),
    gates: [reportOf(gate, { status, says })],
    match: undefined,
    luns: [],
  };
}
