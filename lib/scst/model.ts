/**
 * The public model: what should be. The control side (configuration, command line, management
 * tree) builds these values and hands them to the shard; the names are those of SCST's tree.
 */

/** The device handlers of SCST that are served here. */
export const HANDLERS = ["vdisk_fileio", "vdisk_blockio", "vdisk_nullio"] as const;
export type HandlerName = typeof HANDLERS[number];

/** The identities of a device. They stay the same for its life, whatever its name, order or path. */
export interface DeviceIds {
  /** NAA designator for VPD 83h: 32 lower-case hex digits, the first of them 6 (NAA IEEE Registered Extended). */
  readonly naaId: string;
  /** Unit serial number for VPD 80h, at most 20 printable ASCII characters. */
  readonly usn: string;
}

/** A virtual disk. */
export interface DeviceModel {
  readonly name: string;
  readonly handler: HandlerName;
  /** Absolute path of the backing file or block device; absent for vdisk_nullio. */
  readonly filename?: string;
  /** Logical block size in bytes: a power of two, 512 or more. */
  readonly blocksize: number;
  /** Bytes to export; absent means the whole of the backing store (vdisk_nullio: 2.5 TiB). */
  readonly size?: number;
  readonly readOnly: boolean;
  /** Whether UNMAP gives space back to the store (SBC logical block provisioning). */
  readonly thinProvisioned: boolean;
  /** Whether the medium rotates, as VPD B1h reports it. */
  readonly rotational: boolean;
  /** Whether initiators can eject and load the medium. */
  readonly removable: boolean;
  /** Whether every write is on stable storage before its status, unless an initiator wants otherwise. */
  readonly writeThrough: boolean;
  /** Whether the store keeps what was written through a loss of power, so that nothing is flushed. */
  readonly nvCache: boolean;
  /** TASK SET TYPE: 0 is one task set for all initiators, 1 one for each. */
  readonly tst: 0 | 1;
  /** Whether WRITE ATOMIC is offered: all or nothing to other commands, not across a loss of power. */
  readonly atomicWrites: boolean;
  readonly ids: DeviceIds;
}

/** One entry of a target's LUN map. */
export interface LunModel {
  /** 0 to 16383. */
  readonly lun: number;
  /** The name of a device. */
  readonly device: string;
}

/** A SCSI target, reached under its iSCSI name. */
export interface TargetModel {
  /** iqn., eui. or naa. name (RFC 7143 4.2.7). */
  readonly name: string;
  readonly luns: readonly LunModel[];
}

/** What holds for all of iSCSI: SCST's attributes of the target driver. */
export interface DriverModel {
  /** Whether anybody may log in; sessions that are there stay. */
  readonly enabled: boolean;
  /** Whether SendTargets tells IPv6 link-local addresses. */
  readonly linkLocal: boolean;
  /** Addresses of this machine at which a normal session needs no CHAP, in canonical form. */
  readonly internalPortals: readonly string[];
}

/** What holds where nothing is said; the appliance serves what is written down. */
export const DRIVER_DEFAULTS: DriverModel = {
  enabled: true,
  linkLocal: true,
  internalPortals: [],
};

/** An address to listen on. */
export interface PortalModel {
  /** An IPv4 or IPv6 address without brackets. */
  readonly hostname: string;
  /** 0 takes any free port. */
  readonly port: number;
}

/** All that one server is to serve. */
export interface ServerModel {
  /** Directory for what has to survive a restart: reservations, mode pages. Absolute; it is there. */
  readonly stateDir: string;
  readonly driver: DriverModel;
  readonly portals: readonly PortalModel[];
  readonly devices: readonly DeviceModel[];
  readonly targets: readonly TargetModel[];
}
