/** The targets of a configuration: their attributes, groups and LUNs. */
import {
  type AddrMethod,
  type Digest,
  type KeptAttributes,
  type RedirectModel,
  TARGET_DEFAULTS,
} from "../scst/model.ts";
import type { TargetAttributes } from "../scst/model.ts";
import { ADDR_METHOD } from "./addr_method.ts";
import { type Attribute, type AttributeTable, optional, readObject } from "./attribute.ts";
import type { ScalarRule } from "./attribute.ts";
import { BOOLEAN } from "./boolean.ts";
import { collection } from "./collection.ts";
import { DIGEST_LIST } from "./digest_list.ts";
import { type GroupDraft, INI_GROUPS } from "./ini_group.ts";
import { keptPart, keptTable, TARGET_KEPT } from "./kept.ts";
import { list } from "./list.ts";
import { type LunDraft, LUNS } from "./luns.ts";
import { ISCSI_NAME_ALLOWED, iscsiNameHint, isIscsiName } from "./names.ts";
import { PATTERN, patternIdentity } from "./pattern.ts";
import { REDIRECT } from "./redirect.ts";
import { RELATIVE_ID, type RelativeIdDraft, relativeIdOf } from "./relative_ids.ts";
import { type UserAttributes, USERS } from "./users.ts";
import { wholeNumber } from "./whole_number.ts";

export interface TargetDraft {
  readonly name: string;
  readonly path: string;
  /** undefined where none is given. */
  readonly relTgtId: RelativeIdDraft | undefined;
  readonly attributes: TargetAttributes;
  readonly luns: readonly LunDraft[];
  readonly groups: readonly GroupDraft[];
  readonly users: UserAttributes;
  readonly kept?: KeptAttributes;
}

/** The keys of a target, under the names of SCST. */
export interface TargetKeys extends UserAttributes {
  luns: readonly LunDraft[];
  ini_groups: readonly GroupDraft[];
  enabled: boolean;
  rel_tgt_id: number | undefined;
  alias: string | undefined;
  addr_method: AddrMethod;
  allowed_portal: readonly string[];
  aen_disabled: boolean;
  comment: string | undefined;
  per_portal_acl: boolean;
  redirect: RedirectModel | undefined;
  MaxSessions: number;
  QueuedCommands: number;
  RspTimeout: number;
  NopInInterval: number;
  NopInTimeout: number;
  InitialR2T: boolean;
  ImmediateData: boolean;
  MaxRecvDataSegmentLength: number;
  MaxXmitDataSegmentLength: number;
  MaxBurstLength: number;
  FirstBurstLength: number;
  MaxOutstandingR2T: number;
  HeaderDigest: readonly Digest[];
  DataDigest: readonly Digest[];
}

const MAX_ALLOWED_PORTALS = 64;
/** RFC 7143 13.7. */
const MAX_ALIAS = 255;

export const ALIAS: ScalarRule<string> = {
  allowed: `a text of 1 to ${MAX_ALIAS} bytes without control characters`,
  parse: ({ text }) => {
    const length = new TextEncoder().encode(text).length;
    return length > 0 && length <= MAX_ALIAS && !/\p{Cc}/u.test(text) ? text : undefined;
  },
};

/** One line of the management tree. */
const MAX_COMMENT = 1024;

export const COMMENT: ScalarRule<string> = {
  allowed: `a text of 1 to ${MAX_COMMENT} printable ASCII characters`,
  parse: ({ text }) => /^[ -~]{1,1024}$/.test(text) ? text : undefined,
};

export const YES_NO: ScalarRule<boolean> = {
  allowed: "Yes or No",
  parse: ({ text }) => text === "Yes" ? true : text === "No" ? false : undefined,
};

const LENGTH = wholeNumber(512, 1048576);

/** The rules for the numbers of a target; the ranges are those of SCST. */
export const NUMBERS = {
  MaxSessions: wholeNumber(0, 65535),
  QueuedCommands: wholeNumber(1, 2048),
  RspTimeout: wholeNumber(2, 65535),
  NopInInterval: wholeNumber(0, 65535),
  NopInTimeout: wholeNumber(2, 65535),
  MaxRecvDataSegmentLength: LENGTH,
  MaxXmitDataSegmentLength: LENGTH,
  MaxBurstLength: LENGTH,
  FirstBurstLength: LENGTH,
  MaxOutstandingR2T: wholeNumber(1, 65535),
} as const satisfies Partial<Record<keyof TargetKeys, ScalarRule<number>>>;

function number(name: keyof typeof NUMBERS, fallback: number): Attribute<number> {
  return optional<number>(NUMBERS[name], fallback);
}

const DEFAULTS = TARGET_DEFAULTS;

/** The keys of a target. */
export const TARGET: AttributeTable<TargetKeys> = {
  luns: LUNS,
  ini_groups: INI_GROUPS,
  enabled: optional<boolean>(BOOLEAN, DEFAULTS.enabled),
  rel_tgt_id: optional<number | undefined>(RELATIVE_ID, undefined),
  alias: optional<string | undefined>(ALIAS, DEFAULTS.alias),
  addr_method: ADDR_METHOD,
  allowed_portal: list(PATTERN, MAX_ALLOWED_PORTALS, patternIdentity),
  aen_disabled: optional<boolean>(BOOLEAN, DEFAULTS.aenDisabled),
  comment: optional<string | undefined>(COMMENT, DEFAULTS.comment),
  per_portal_acl: optional<boolean>(BOOLEAN, DEFAULTS.perPortalAcl),
  redirect: optional<RedirectModel | undefined>(REDIRECT, DEFAULTS.redirect),
  MaxSessions: number("MaxSessions", DEFAULTS.maxSessions),
  QueuedCommands: number("QueuedCommands", DEFAULTS.queuedCommands),
  RspTimeout: number("RspTimeout", DEFAULTS.rspTimeout),
  NopInInterval: number("NopInInterval", DEFAULTS.nopInInterval),
  NopInTimeout: number("NopInTimeout", DEFAULTS.nopInTimeout),
  InitialR2T: optional<boolean>(YES_NO, DEFAULTS.initialR2T),
  ImmediateData: optional<boolean>(YES_NO, DEFAULTS.immediateData),
  MaxRecvDataSegmentLength: number("MaxRecvDataSegmentLength", DEFAULTS.maxRecvDataSegmentLength),
  MaxXmitDataSegmentLength: number("MaxXmitDataSegmentLength", DEFAULTS.maxXmitDataSegmentLength),
  MaxBurstLength: number("MaxBurstLength", DEFAULTS.maxBurstLength),
  FirstBurstLength: number("FirstBurstLength", DEFAULTS.firstBurstLength),
  MaxOutstandingR2T: number("MaxOutstandingR2T", DEFAULTS.maxOutstandingR2T),
  HeaderDigest: optional(DIGEST_LIST, DEFAULTS.headerDigest),
  DataDigest: optional(DIGEST_LIST, DEFAULTS.dataDigest),
  ...USERS,
  ...keptTable(TARGET_KEPT),
};

/** The `targets` of a configuration. */
export const TARGETS = collection<TargetDraft>(
  { allowed: ISCSI_NAME_ALLOWED, accepts: isIscsiName, hint: iscsiNameHint },
  ({ key, keyAt, path, node }, problems) => {
    const read = readObject(TARGET, node, path, problems);
    const { luns, ini_groups } = read.values;
    return {
      name: key,
      path,
      relTgtId: relativeIdOf(read, keyAt),
      attributes: attributesOf(read.values),
      luns,
      groups: ini_groups,
      users: read.values,
      ...keptPart(TARGET_KEPT, read.values),
    };
  },
);

function attributesOf(values: Readonly<TargetKeys>): TargetAttributes {
  return {
    enabled: values.enabled,
    alias: values.alias,
    addrMethod: values.addr_method,
    allowedPortals: values.allowed_portal,
    aenDisabled: values.aen_disabled,
    comment: values.comment,
    perPortalAcl: values.per_portal_acl,
    redirect: values.redirect,
    maxSessions: values.MaxSessions,
    queuedCommands: values.QueuedCommands,
    rspTimeout: values.RspTimeout,
    nopInInterval: values.NopInInterval,
    nopInTimeout: values.NopInTimeout,
    initialR2T: values.InitialR2T,
    immediateData: values.ImmediateData,
    maxRecvDataSegmentLength: values.MaxRecvDataSegmentLength,
    maxXmitDataSegmentLength: values.MaxXmitDataSegmentLength,
    maxBurstLength: values.MaxBurstLength,
    firstBurstLength: values.FirstBurstLength,
    maxOutstandingR2T: values.MaxOutstandingR2T,
    headerDigest: values.HeaderDigest,
    dataDigest: values.DataDigest,
  };
}

/** Every LUN of a target, of all its sets. */
export function allLuns({ luns, groups }: TargetDraft): LunDraft[] {
  return [...luns, ...groups.flatMap((group) => group.luns)];
}
