/** What a session is like at this moment, as plain data for those who administer. */
import type { Counters } from "../scst/command_counters.ts";
import type { LogicalUnit } from "../scst/logical_unit.ts";
import { Stage } from "../scsi/stage.ts";
import type { Session } from "./session.ts";

/** The negotiated parameters that SCST's tree shows; lengths in bytes. */
export interface SessionParameters {
  readonly initialR2T: boolean;
  readonly immediateData: boolean;
  /** What the target takes in one data segment, and what the initiator does. */
  readonly maxRecvDataSegmentLength: number;
  readonly maxXmitDataSegmentLength: number;
  readonly maxBurstLength: number;
  readonly firstBurstLength: number;
  readonly maxOutstandingR2T: number;
  /** Whether headers and data have a CRC32C. */
  readonly headerDigest: boolean;
  readonly dataDigest: boolean;
}

/** A connection of a session. */
export interface ConnectionView {
  readonly cid: number;
  /** Addresses without brackets. */
  readonly initiatorIp: string;
  readonly initiatorPort: number;
  readonly targetIp: string;
  readonly targetPort: number;
  readonly state: "established" | "closing";
}

/** A LUN that the session sees. */
export interface SessionLun {
  readonly lun: number;
  /** Commands that the device works on. */
  readonly activeCommands: number;
}

export interface SessionView {
  /** The 64-bit session identifier as SCST writes it: hex, without 0x. */
  readonly sid: string;
  /** The target's name; undefined in a discovery session. */
  readonly target: string | undefined;
  /** With `#` and the address that it reached if the login was under per_portal_acl. */
  readonly initiator: string;
  /** The group that has the initiator; undefined with the target's own LUNs. */
  readonly group: string | undefined;
  /** The incoming user that it has proved to be. */
  readonly user: string | undefined;
  readonly parameters: SessionParameters;
  /** Commands that the session knows, and those of them that a device works on. */
  readonly commands: number;
  readonly activeCommands: number;
  readonly counters: Counters;
  readonly connections: readonly ConnectionView[];
  /** By number. */
  readonly luns: readonly SessionLun[];
}

/** Hex digits of an ISID. */
const ISID_DIGITS = 12;

/**
 * The session identifier of SCST: the ISID byte by byte from the lowest on, as a little-endian machine
 * reads it, and the TSIH above that.
 */
export function sidOf({ identity: { isid }, tsih }: Session): string {
  const bytes = isid.match(/../g)!.reverse().join("");
  return BigInt(`0x${tsih.toString(16)}${bytes}`).toString(16);
}

/** The TSIH of the session that sidOf() calls so; NaN where it calls none so. */
export function tsihIn(sid: string): number {
  return Number.parseInt(sid.slice(0, -ISID_DIGITS), 16);
}

/** What a session is like now. */
export function viewOfSession(session: Session): SessionView {
  const { target, nexus, identity, tasks, counters } = session;
  const active = [...tasks.values()].filter((task) => task.stage === Stage.STORE);
  const commands = new Map<LogicalUnit | undefined, number>();
  for (const { unit } of active) commands.set(unit, (commands.get(unit) ?? 0) + 1);
  const luns = [...nexus?.units.values() ?? []].map((unit) => ({
    lun: unit.lun,
    activeCommands: commands.get(unit) ?? 0,
  }));
  return {
    sid: sidOf(session),
    target: target?.name,
    initiator: session.nameForGroups,
    group: session.group,
    user: identity.user,
    parameters: parametersOf(session),
    commands: tasks.size,
    activeCommands: active.length,
    counters: counters.snapshot(),
    connections: [connectionOf(session)],
    luns: luns.toSorted((one, other) => one.lun - other.lun),
  };
}

function parametersOf({ parameters, dataMost }: Session): SessionParameters {
  const { defaultTime2Wait: _wait, defaultTime2Retain: _retain, ...shown } = parameters;
  return {
    ...shown,
    maxRecvDataSegmentLength: dataMost,
    maxXmitDataSegmentLength: parameters.maxRecvDataSegmentLength,
  };
}

function connectionOf({ connection }: Session): ConnectionView {
  const { cid, remote, local } = connection;
  return {
    cid,
    initiatorIp: remote.hostname,
    initiatorPort: remote.port,
    targetIp: local.hostname,
    targetPort: local.port,
    state: connection.isFinishing ? "closing" : "established",
  };
}
