/** What the keys of a configuration mean, for scst.yaml(5). A key without a text is an error of types. */
import { type Attribute, type AttributeTable } from "../../lib/config/attribute.ts";
import { DEVICE, type DeviceAttributes } from "../../lib/config/device.ts";
import {
  DEVICE_GROUP,
  type DeviceGroupAttributes,
  TARGET_GROUP,
  type TargetGroupAttributes,
} from "../../lib/config/device_group.ts";
import { DRIVER_KEYS, type DriverAttributes } from "../../lib/config/driver.ts";
import { GROUP, type GroupAttributes } from "../../lib/config/ini_group.ts";
import {
  COPY_MANAGER_KEPT,
  deviceKept,
  GROUP_KEPT,
  ROOT_KEPT,
  TARGET_KEPT,
} from "../../lib/config/kept.ts";
import { LUN, type LunAttributes } from "../../lib/config/luns.ts";
import { ROOT_KEYS, type RootAttributes } from "../../lib/config/root.ts";
import { TARGET, type TargetKeys } from "../../lib/config/target.ts";
import { HANDLERS } from "../../lib/scst/model.ts";

type Texts<T> = Readonly<Record<keyof T, string>>;

const DEVICES: Texts<DeviceAttributes> = {
  handler: "what serves it: a file (or block device through the page cache), a block device, " +
    "nothing at all (for measuring), memory, or a drive for CD images",
  filename: "the backing file or block device, which has to be there",
  blocksize: "logical block size in bytes",
  size: "bytes to export, where that is not all of the file; what vdisk_ram and vdisk_nullio have",
  read_only: "writes are refused",
  thin_provisioned: "UNMAP gives space back",
  rotational: "the medium rotates, as VPD page B1h says",
  removable: "initiators may eject and load the medium, or prevent that",
  write_through: "a write is on stable storage when it ends; by default from the flush on",
  nv_cache: "the store keeps what was written through a loss of power: nothing is flushed",
  o_direct: "past the page cache; needs async: 1 beside it, as in SCST",
  tst: "task sets",
  expl_alua: "initiators may change the access states of its target groups",
  active: "the backing file is open; a device that is not active has no medium",
  max_tgt_dev_commands:
    "commands that one initiator may have under way; what comes beyond hears TASK SET FULL",
  opt_trans_len: "OPTIMAL TRANSFER LENGTH in bytes",
  lb_per_pb_exp: "initiators are told the physical block size of the store",
  dummy: "it only keeps the place of a LUN",
  faults: "faults that its store makes on purpose, as in read EIO lba=8-9 or sync delay=1s count=1",
  pr_file_name: "where its persistent reservations are kept",
  naa_id: "NAA identifier, which Linux shows as wwn; made once if it is not given",
  eui64_id: "EUI-64 identifier",
  usn: "unit serial number; made once if it is not given",
  t10_dev_id: "T10 identifier, behind the vendor",
  t10_vend_id: "vendor",
  vend_specific_id: "vendor specific identifier",
  prod_id: "product",
  prod_rev_lvl: "product revision",
  scsi_device_name: "SCSI device name",
  inq_vend_specific: "vendor specific bytes of INQUIRY",
};

const TARGETS: Texts<TargetKeys> = {
  luns: "the LUNs of those whom no group has, see LUNS",
  ini_groups: "groups of initiators with LUNs of their own, see GROUPS",
  enabled: "logins are let in",
  rel_tgt_id: "relative target port identifier",
  alias: "a name for people (TargetAlias)",
  addr_method: "how LUN numbers are reported",
  allowed_portal: "patterns of the addresses at which it can be reached; all if there are none",
  aen_disabled: "changes are told by unit attentions only, not by asynchronous messages",
  comment: "a note",
  per_portal_acl: "patterns of groups are compared with INITIATOR#ADDRESS",
  redirect: "where initiators are sent instead",
  MaxSessions: "sessions at one time; 0 for any number",
  QueuedCommands: "commands of a session at one time",
  RspTimeout: "seconds within which data that was asked for has to come",
  NopInInterval:
    "seconds of silence after which an initiator is asked whether it is there; 0 never",
  NopInTimeout: "seconds that it has for an answer",
  InitialR2T: "data has to be asked for",
  ImmediateData: "data may come with its command",
  MaxRecvDataSegmentLength: "bytes of data in a PDU to the target",
  MaxXmitDataSegmentLength: "bytes of data in a PDU to the initiator",
  MaxBurstLength: "bytes of a sequence of data PDUs",
  FirstBurstLength: "bytes of data that may come without being asked for",
  MaxOutstandingR2T: "requests for data of a command at one time",
  HeaderDigest: "what is accepted of CRC32C for headers",
  DataDigest: "what is accepted of CRC32C for data",
  IncomingUser: "names and secrets (CHAP) of those who may log in; nobody has to prove anything " +
    "if there are none",
  OutgoingUser: "the name and secret with which the target proves itself",
};

const GROUPS: Texts<GroupAttributes> = {
  initiators: "patterns of names, with *, ? and a ! in front; the first group that matches counts",
  luns: "what they see, see LUNS",
  addr_method: "how LUN numbers are reported",
};

const LUNS: Texts<LunAttributes> = {
  device: "the device",
  read_only: "writes are refused through this LUN",
};

const DEVICE_GROUPS: Texts<DeviceGroupAttributes> = {
  devices: "names of devices",
  target_groups: "groups of targets through which those are equally accessible",
};

const TARGET_GROUPS: Texts<TargetGroupAttributes> = {
  group_id: "target port group",
  state: "access state (ALUA)",
  preferred: "initiators are told to prefer it",
  targets: "names of targets, or a map of them with the rel_tgt_id of those of other nodes",
};

const DRIVER: Texts<DriverAttributes> = {
  enabled: "logins are let in at all",
  link_local: "discovery tells of link-local addresses",
  internal_portal: "addresses at which nobody has to authenticate for a normal session",
  iSNSServer: "where targets are registered",
  isns_entity_name: "under which name",
  IncomingUser: "names and secrets of those who may discover",
  OutgoingUser: "the name and secret with which the target proves itself in discovery",
};

const ROOT: Texts<RootAttributes> = {
  setup_id: "a number from which the ids of devices are computed that have none of their own",
};

/** A section of the page: its keys, and those that are taken for the sake of SCST and change nothing. */
export interface KeySection {
  readonly title: string;
  readonly intro: string;
  readonly rows: readonly (readonly [key: string, text: string, attribute: Attribute<unknown>])[];
  readonly kept: readonly string[];
}

function sectionOf<T>(
  title: string,
  intro: string,
  texts: Texts<T>,
  table: AttributeTable<T>,
  kept: readonly string[] = [],
): KeySection {
  const keys = Object.keys(texts) as (keyof T & string)[];
  return { title, intro, rows: keys.map((key) => [key, texts[key], table[key]]), kept };
}

const named = (rows: readonly { readonly name: string }[]) => rows.map(({ name }) => name);
const DEVICE_KEPT = [...new Set(HANDLERS.flatMap((handler) => named(deviceKept(handler))))];

export const SECTIONS: readonly KeySection[] = [
  sectionOf("DEVICES", "devices: a map of names.", DEVICES, DEVICE, DEVICE_KEPT),
  sectionOf("TARGETS", "targets: a map of iSCSI names.", TARGETS, TARGET, named(TARGET_KEPT)),
  sectionOf(
    "GROUPS",
    "ini_groups of a target: a map of names.",
    GROUPS,
    GROUP,
    named(GROUP_KEPT),
  ),
  sectionOf(
    "LUNS",
    "luns of a target or group: a map of numbers from 0 to 16383, each with the name of a device, or:",
    LUNS,
    LUN,
  ),
  sectionOf(
    "DEVICE GROUPS",
    "device_groups: a map of names. It tells initiators which path to a device is the better one.",
    DEVICE_GROUPS,
    DEVICE_GROUP,
  ),
  sectionOf("TARGET GROUPS", "target_groups of a device group.", TARGET_GROUPS, TARGET_GROUP),
  sectionOf("DRIVER", "iscsi: what holds for all targets and for discovery.", DRIVER, DRIVER_KEYS),
  sectionOf("ROOT", "scst: what holds for all of it.", ROOT, ROOT_KEYS, named(ROOT_KEPT)),
  {
    title: "COPY MANAGER",
    intro: "copy_manager: the target to which nobody logs in, which copies between devices.",
    rows: [],
    kept: named(COPY_MANAGER_KEPT),
  },
];
