/**
 * The public model: what should be. The control side (configuration, command line, management
 * tree) builds these values and hands them to the shard; the names are those of SCST's tree.
 */

import type { DeviceIds, DeviceTexts } from "../scsi/identity.ts";
import type { FaultRule } from "../store/fault_rule.ts";

export {
  FAULT_ERRORS,
  FAULT_OPERATIONS,
  type FaultAction,
  type FaultOperation,
  type FaultRule,
  printFault,
} from "../store/fault_rule.ts";

export {
  type DeviceIds,
  type DeviceTexts,
  OPTIMAL_TRANSFER,
  PRODUCT_REVISION,
} from "../scsi/identity.ts";

/** The device handlers of SCST that are served here, and one of our own: vdisk_ram. */
export const HANDLERS = [
  "vdisk_fileio",
  "vdisk_blockio",
  "vdisk_nullio",
  "vdisk_ram",
  "vcdrom",
] as const;
export type HandlerName = typeof HANDLERS[number];

/** T10 VENDOR IDENTIFICATION of the devices of each handler, where nothing was set. */
export const T10_VENDORS: Readonly<Record<HandlerName, string>> = {
  vdisk_fileio: "SCST_FIO",
  vdisk_blockio: "SCST_BIO",
  vdisk_nullio: "SCST_FIO",
  vdisk_ram: "SCST_RAM",
  vcdrom: "SCST_FIO",
};

/**
 * Attributes of SCST that only make sense in a kernel, by name: they are kept, shown and saved, and
 * change nothing. Only those that were set.
 */
export type KeptAttributes = Readonly<Record<string, string>>;

/** Commands that one initiator may have under way at a device where nothing is said, as SCST's. */
export const MAX_COMMANDS = 64;

/** Bytes that vdisk_nullio has where nothing is said: 2.5 TiB, as SCST's. */
export const NULL_SIZE = 5 * 2 ** 39;

/** A virtual disk, or a drive for CDs. */
export interface DeviceModel {
  readonly name: string;
  readonly handler: HandlerName;
  /** Absolute path of the backing file or block device; absent for what has none, and an empty vcdrom. */
  readonly filename?: string;
  /** Logical block size in bytes: a power of two, 512 or more. */
  readonly blocksize: number;
  /** Bytes to export; absent means the whole of the backing store (vdisk_nullio: 2.5 TiB). */
  readonly size?: number;
  readonly readOnly: boolean;
  /** Whether UNMAP gives space back to the store (SBC logical block provisioning). */
  readonly thinProvisioned: boolean;
  /** Whether somebody has said so, be it yes or no; SCST marks it then. */
  readonly isProvisioningGiven?: true;
  /** Whether the medium rotates, as VPD B1h reports it. */
  readonly rotational: boolean;
  /** Whether initiators can eject and load the medium. */
  readonly removable: boolean;
  /** Whether every write is on stable storage before its status, unless an initiator wants otherwise. */
  readonly writeThrough: boolean;
  /** Whether the store keeps what was written through a loss of power, so that nothing is flushed. */
  readonly nvCache: boolean;
  /** Whether the backing file of vdisk_fileio is used past the page cache; vdisk_blockio always is. */
  readonly oDirect?: boolean;
  /** TASK SET TYPE: 0 is one task set for all initiators, 1 one for each. */
  readonly tst: 0 | 1;
  /** Whether initiators may change the access states of its target groups (explicit ALUA). */
  readonly explAlua: boolean;
  /** Whether the backing store is open; a device that is not active has no medium for its initiators. */
  readonly active?: boolean;
  readonly ids: DeviceIds;
  readonly texts?: DeviceTexts;
  /** Commands that one initiator may have under way, beyond which it hears TASK SET FULL; else 64. */
  readonly maxCommands?: number;
  /** OPTIMAL TRANSFER LENGTH of VPD B0h in bytes, a multiple of the block size; else 512 KiB. */
  readonly optTransLen?: number;
  /** Whether it only keeps the place of a LUN: to initiators there is nothing behind it. */
  readonly dummy?: true;
  /** Whether initiators are not told how many logical blocks are in a physical one of the store. */
  readonly hidesPhysicalBlocks?: true;
  /** Absolute path of the file for its persistent reservations; else one in the state directory. */
  readonly prFileName?: string;
  /** Faults that its store makes on purpose, for tests of initiators; not empty. */
  readonly faults?: readonly FaultRule[];
  readonly kept?: KeptAttributes;
}

/** One LUN of a set. */
export interface LunModel {
  /** 0 to 16383. */
  readonly lun: number;
  /** The name of a device. */
  readonly device: string;
  /** Whether the device can only be read through this LUN. */
  readonly readOnly: boolean;
}

/** How LUNs are written in REPORT LUNS. */
export const ADDR_METHODS = ["PERIPHERAL", "FLAT", "LUN"] as const;
export type AddrMethod = typeof ADDR_METHODS[number];

/** SCST's `ini_groups`: initiators that see LUNs of their own. */
export interface GroupModel {
  readonly name: string;
  /** Patterns for initiator names, in the order in which they are tried. */
  readonly initiators: readonly string[];
  readonly luns: readonly LunModel[];
  readonly addrMethod: AddrMethod;
  readonly kept?: KeptAttributes;
}

/** Where initiators are sent instead. */
export interface RedirectModel {
  readonly portal: PortalModel;
  /** Whether they may remember it. */
  readonly permanent: boolean;
}

/** What PDUs may be protected with (RFC 7143 13.1). */
export const DIGESTS = ["None", "CRC32C"] as const;
export type Digest = typeof DIGESTS[number];

/** The attributes of a target: SCST's in the tree and those of its daemon. Times in seconds. */
export interface TargetAttributes {
  /** Whether anybody may log in; sessions that are there stay. */
  readonly enabled: boolean;
  /** A name for people, told in the login (RFC 7143 13.7). */
  readonly alias: string | undefined;
  readonly addrMethod: AddrMethod;
  /** Patterns for the addresses at which the target is reached; any where there is none. */
  readonly allowedPortals: readonly string[];
  /** Whether initiators are told of changes by unit attentions only, not by asynchronous messages. */
  readonly aenDisabled: boolean;
  /** A remark of the operator. */
  readonly comment: string | undefined;
  /** Whether groups match the initiator's name with `#` and the address that it reached. */
  readonly perPortalAcl: boolean;
  readonly redirect: RedirectModel | undefined;
  /** 0 is no limit. */
  readonly maxSessions: number;
  /** Commands that a session may have under way. */
  readonly queuedCommands: number;
  /** How long an initiator may take to send data that it was asked for. */
  readonly rspTimeout: number;
  /** How long an initiator may be silent before it is asked for a sign of life; 0 never asks. */
  readonly nopInInterval: number;
  /** How long it then has to answer. */
  readonly nopInTimeout: number;
  /** What the target wants in the negotiation of RFC 7143 13; lengths in bytes. */
  readonly initialR2T: boolean;
  readonly immediateData: boolean;
  readonly maxRecvDataSegmentLength: number;
  readonly maxXmitDataSegmentLength: number;
  readonly maxBurstLength: number;
  readonly firstBurstLength: number;
  readonly maxOutstandingR2T: number;
  /** The digests that it agrees to; of two it is the initiator that chooses. */
  readonly headerDigest: readonly Digest[];
  readonly dataDigest: readonly Digest[];
}

/**
 * What SCST has where nothing is said; but a target that is written down is there to be served, and an
 * initiator that asks for digests has a reason.
 */
export const TARGET_DEFAULTS: TargetAttributes = {
  enabled: true,
  alias: undefined,
  addrMethod: "PERIPHERAL",
  allowedPortals: [],
  aenDisabled: false,
  comment: undefined,
  perPortalAcl: false,
  redirect: undefined,
  maxSessions: 0,
  queuedCommands: 32,
  rspTimeout: 90,
  nopInInterval: 30,
  nopInTimeout: 30,
  initialR2T: false,
  immediateData: true,
  maxRecvDataSegmentLength: 1048576,
  maxXmitDataSegmentLength: 1048576,
  maxBurstLength: 1048576,
  firstBurstLength: 65536,
  maxOutstandingR2T: 32,
  headerDigest: DIGESTS,
  dataDigest: DIGESTS,
};

/** A name with the secret that proves it (CHAP; SCST's IncomingUser and OutgoingUser). */
export interface UserModel {
  /** 1 to 255 printable ASCII characters without blanks. */
  readonly name: string;
  /** 12 to 255 printable ASCII characters. It is in no log line and no error message. */
  readonly secret: string;
}

/** Who authenticates to whom. */
export interface UsersModel {
  /** Whoever logs in has to be one of them; without any, nobody has to authenticate. */
  readonly incomingUsers: readonly UserModel[];
  /** As whom the target authenticates to an initiator that asks for it. */
  readonly outgoingUser?: UserModel;
}

/** A SCSI target, reached under its iSCSI name; the users are those of its normal sessions. */
export interface TargetModel extends UsersModel {
  /** iqn., eui. or naa. name (RFC 7143 4.2.7). */
  readonly name: string;
  /**
   * RELATIVE TARGET PORT IDENTIFIER of its port, 1 to 65535; no two ports have the same. 0 as long as
   * it has none, which only a target may that is not enabled.
   */
  readonly relTgtId: number;
  readonly attributes: TargetAttributes;
  /** What those see whom no group has. */
  readonly luns: readonly LunModel[];
  /** In the order in which they are searched. */
  readonly groups: readonly GroupModel[];
  readonly kept?: KeptAttributes;
}

/** A server of iSNS (RFC 4171) that targets are registered at. */
export interface IsnsServerModel {
  /** An address without brackets, or a host name. */
  readonly hostname: string;
  readonly port: number;
  /** Whether only initiators that share a discovery domain with a target may log in to it. */
  readonly accessControl: boolean;
}

/** What holds for all of iSCSI: SCST's attributes of the driver; the users are those of discovery. */
export interface DriverModel extends UsersModel {
  /** Whether anybody may log in; sessions that are there stay. */
  readonly enabled: boolean;
  /** Whether SendTargets tells IPv6 link-local addresses. */
  readonly linkLocal: boolean;
  /** Addresses of this machine at which a normal session needs no CHAP, in canonical form. */
  readonly internalPortals: readonly string[];
  readonly isnsServer?: IsnsServerModel;
  /** Entity Identifier at the iSNS server; the name of the machine where nothing is said. */
  readonly isnsEntityName?: string;
}

/** What holds where nothing is said; the appliance serves what is written down. */
export const DRIVER_DEFAULTS: DriverModel = {
  enabled: true,
  linkLocal: true,
  internalPortals: [],
  incomingUsers: [],
};

/** The asymmetric access states of a target group, as SCST calls them. */
export const ACCESS_STATE_NAMES = [
  "active",
  "nonoptimized",
  "standby",
  "unavailable",
  "offline",
  "transitioning",
] as const;
export type AccessStateName = typeof ACCESS_STATE_NAMES[number];

/** A target of a target group. */
export interface GroupTargetModel {
  readonly name: string;
  /** RELATIVE TARGET PORT IDENTIFIER of its port. */
  readonly relTgtId: number;
  /** Whether it is one of another node, which is only told of. */
  readonly isRemote: boolean;
}

/** A target port group (SPC-4 5.15): targets through which some devices are equally accessible. */
export interface TargetGroupModel {
  readonly name: string;
  /** TARGET PORT GROUP, 1 to 65535; unique in its device group. */
  readonly groupId: number;
  readonly state: AccessStateName;
  readonly preferred: boolean;
  /** 1 to 255 targets; none of them is in another target group of the device group. */
  readonly targets: readonly GroupTargetModel[];
}

/** Devices with the target groups through which they are reached. */
export interface DeviceGroupModel {
  readonly name: string;
  /** Names of devices; none of them is in another device group. */
  readonly devices: readonly string[];
  readonly targetGroups: readonly TargetGroupModel[];
}

/** What can be changed of a target group while it is in use; what is left out stays. */
export interface TargetGroupChange {
  readonly state?: AccessStateName;
  readonly preferred?: boolean;
}

/** An address to listen on. */
export interface PortalModel {
  /** An IPv4 or IPv6 address without brackets. */
  readonly hostname: string;
  /** 0 takes any free port. */
  readonly port: number;
}

/** `HOST:PORT`, an IPv6 address in brackets (RFC 7143 13.8). */
export function formatPortal({ hostname, port }: PortalModel): string {
  return `${isIPv6(hostname) ? `[${hostname}]` : hostname}:${port}`;
}

export function isIPv6(hostname: string): boolean {
  return hostname.includes(":");
}

/** Whether it stands for all addresses of the machine, of its family at least. */
export function isForAll(hostname: string): boolean {
  return hostname === "0.0.0.0" || hostname === "::";
}

/** All that one server is to serve. */
export interface ServerModel {
  /** Directory for what has to survive a restart: reservations, atomic writes. Absolute; it is there. */
  readonly stateDir: string;
  readonly driver: DriverModel;
  readonly portals: readonly PortalModel[];
  readonly devices: readonly DeviceModel[];
  readonly targets: readonly TargetModel[];
  readonly deviceGroups: readonly DeviceGroupModel[];
  /** SCST's `setup_id`, from which ids of devices are computed that have none; 0 where left out. */
  readonly setupId?: number;
  readonly kept?: KeptAttributes;
  /** Of the target of the copy manager. */
  readonly copyManager?: KeptAttributes;
}
