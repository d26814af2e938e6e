/** The attributes of targets: those of SCST's core, and those that its iSCSI daemon keeps. */
import { SWITCH } from "../config/c_text.ts";
import { ADDR_METHOD_RULE } from "../config/addr_method.ts";
import type { ScalarRule } from "../config/attribute.ts";
import { DIGEST_LIST } from "../config/digest_list.ts";
import { printRedirect } from "../config/plain.ts";
import { REDIRECT } from "../config/redirect.ts";
import { ALIAS, COMMENT, NUMBERS, YES_NO } from "../config/target.ts";
import {
  type Digest,
  DIGESTS,
  TARGET_DEFAULTS,
  type TargetAttributes,
  type TargetModel,
} from "../scst/model.ts";
import { daemonText, digit, valueText } from "./nodes.ts";
import { DEFAULT, trimmed, valueBy } from "./text_value.ts";
import { TreeError } from "./tree.ts";

/** One attribute that can be read and written. */
export interface TargetRow {
  readonly name: string;
  readonly text: (target: TargetModel) => string;
  /** The target with what is written. Throws a TreeError. */
  readonly set: (target: TargetModel, text: string) => TargetModel;
  /** Whether add_target takes it as a parameter. */
  readonly creates: boolean;
}

type Text = (value: string | number, isKey: boolean) => string;
type Value<K extends keyof TargetAttributes> = NonNullable<TargetAttributes[K]>;

/** An attribute of the model; one that has no value by default loses its value by an empty text. */
function row<K extends keyof TargetAttributes>(
  name: string,
  key: K,
  rule: ScalarRule<Value<K>>,
  print: (value: Value<K>) => string,
  show: Text,
): TargetRow {
  const fallback = TARGET_DEFAULTS[key];
  const printed = (value: TargetAttributes[K]) => value === undefined ? undefined : print(value!);
  return {
    name,
    creates: show === daemonText,
    text: ({ attributes }) => {
      const value = printed(attributes[key]);
      if (value !== undefined) return show(value, value !== printed(fallback));
      return show === daemonText ? "\n" : "";
    },
    set: (target, text) => {
      const bare = trimmed(text);
      const isReset = bare === "" && fallback === undefined ||
        bare === DEFAULT && show === daemonText;
      const value = isReset ? fallback : valueBy(rule, name, bare);
      return { ...target, attributes: { ...target.attributes, [key]: value } };
    },
  };
}

function core<K extends keyof TargetAttributes>(
  name: string,
  key: K,
  rule: ScalarRule<Value<K>>,
  print: (value: Value<K>) => string,
): TargetRow {
  return row(name, key, rule, print, valueText);
}

function daemon<K extends keyof TargetAttributes>(
  name: string,
  key: K,
  rule: ScalarRule<Value<K>>,
  print: (value: Value<K>) => string = String,
): TargetRow {
  return row(name, key, rule, print, daemonText);
}

const yesNo = (value: boolean) => value ? "Yes" : "No";
const printDigests = (digests: readonly Digest[]) =>
  DIGESTS.filter((one) => digests.includes(one)).join(",");

export const TARGET_ROWS: readonly TargetRow[] = [
  core("addr_method", "addrMethod", ADDR_METHOD_RULE, String),
  core("aen_disabled", "aenDisabled", SWITCH, digit),
  core("comment", "comment", COMMENT, String),
  daemon("QueuedCommands", "queuedCommands", NUMBERS.QueuedCommands),
  daemon("RspTimeout", "rspTimeout", NUMBERS.RspTimeout),
  daemon("NopInInterval", "nopInInterval", NUMBERS.NopInInterval),
  daemon("NopInTimeout", "nopInTimeout", NUMBERS.NopInTimeout),
  daemon("MaxSessions", "maxSessions", NUMBERS.MaxSessions),
  daemon("InitialR2T", "initialR2T", YES_NO, yesNo),
  daemon("ImmediateData", "immediateData", YES_NO, yesNo),
  daemon(
    "MaxRecvDataSegmentLength",
    "maxRecvDataSegmentLength",
    NUMBERS.MaxRecvDataSegmentLength,
  ),
  daemon(
    "MaxXmitDataSegmentLength",
    "maxXmitDataSegmentLength",
    NUMBERS.MaxXmitDataSegmentLength,
  ),
  daemon("MaxBurstLength", "maxBurstLength", NUMBERS.MaxBurstLength),
  daemon("FirstBurstLength", "firstBurstLength", NUMBERS.FirstBurstLength),
  daemon("MaxOutstandingR2T", "maxOutstandingR2T", NUMBERS.MaxOutstandingR2T),
  daemon("HeaderDigest", "headerDigest", DIGEST_LIST, printDigests),
  daemon("DataDigest", "dataDigest", DIGEST_LIST, printDigests),
  daemon("alias", "alias", ALIAS, String),
  redirectRow(),
];

/** Characters that an address may have with its port, as in SCST, whose buffer is that of a host's name. */
const REDIRECT_MOST = 1024;

function redirectRow(): TargetRow {
  const row = daemon("redirect", "redirect", REDIRECT, printRedirect);
  return {
    ...row,
    set: (target, text) => {
      if (text.length <= REDIRECT_MOST) return row.set(target, text);
      const what = `redirect must be a text of at most ${REDIRECT_MOST} characters`;
      throw new TreeError("ERANGE", `${what}: there are ${text.length}`);
    },
  };
}
