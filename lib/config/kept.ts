/**
 * Attributes of SCST that only make sense in a kernel: they take what SCST takes, show it and are saved,
 * so that configurations and scripts work as they are, and change nothing here.
 */
import type { HandlerName, KeptAttributes } from "../scst/model.ts";
import { ADDR_METHOD_RULE } from "./addr_method.ts";
import { type AttributeTable, optional, type ScalarRule } from "./attribute.ts";
import { line, number, SWITCH, word } from "./c_text.ts";

export interface KeptRow {
  readonly name: string;
  /** What holds where nothing was written; where that is nothing, an empty text brings it back. */
  readonly fallback: string;
  /** What SCST takes, and the text that is kept of it. */
  readonly rule: ScalarRule<string>;
  /** A second name of the same, for those who know it by that. */
  readonly alias?: string;
  /** Whether it is written as SCST's daemon does. */
  readonly isDaemon?: true;
  /** What it says instead of its value, as others have it; undefined where it says that. */
  readonly instead?: (kept: KeptAttributes) => string | undefined;
}

function row<T>(
  name: string,
  fallback: string,
  rule: ScalarRule<T>,
  print: (value: T) => string = String,
): KeptRow {
  const parse: ScalarRule<string>["parse"] = (scalar) => {
    const value = rule.parse(scalar);
    return value === undefined ? undefined : print(value);
  };
  return { name, fallback, rule: { ...rule, parse } };
}

const flag = (name: string, fallback = "0") =>
  row(name, fallback, SWITCH, (value) => value ? "1" : "0");

const IO_GROUPING: ScalarRule<string> = {
  allowed: "auto, this_group_only, never or a number of 1 or more",
  parse: ({ text }) =>
    /^(?:auto|this_group_only|never|[1-9]\d{0,8})$/.test(text) ? text : undefined,
};

const CPU_MASK: ScalarRule<string> = {
  allowed: "a bitmap in hex digits, groups of 8 with commas between them",
  parse: ({ text }) => /^[0-9a-f]{1,8}(?:,[0-9a-f]{8})*$/i.test(text) ? text : undefined,
};

/** Of targets and of initiator groups. */
const GROUPING = [
  row("io_grouping_type", "auto", IO_GROUPING),
  row("cpu_mask", "ffffffff", CPU_MASK),
];

/** Of every target. */
const CORE_TARGET_KEPT: readonly KeptRow[] = [
  ...GROUPING,
  flag("forward_src"),
  { ...flag("forward_dst"), alias: "forwarding" },
];

/** Of iSCSI targets. */
export const TARGET_KEPT: readonly KeptRow[] = [
  ...CORE_TARGET_KEPT,
  { ...row("RDMAExtensions", "No", word(["Yes", "No"])), isDaemon: true },
];

/**
 * Of the target of the copy manager, to which nobody logs in: nothing of it changes anything, but it is a
 * target, and has what all have.
 */
export const COPY_MANAGER_KEPT: readonly KeptRow[] = [
  row("rel_tgt_id", "0", number(0, 65535)),
  row("addr_method", "PERIPHERAL", ADDR_METHOD_RULE),
  flag("aen_disabled"),
  row("comment", "", line(1024)),
  ...CORE_TARGET_KEPT,
];

export const GROUP_KEPT: readonly KeptRow[] = [
  ...GROUPING,
  row(
    "per_sess_dedicated_tgt_threads",
    "0",
    number(-Infinity, Infinity),
    (n) => n === 0 ? "0" : "1",
  ),
];

const ON = ["1", "y", "on"];
const OFF = ["0", "n", "off"];

/** A switch that may be written in words. */
const WORDY_SWITCH: ScalarRule<boolean> = {
  allowed: [...OFF, ...ON].join(", "),
  parse: ({ text }) => {
    const word = text.toLowerCase();
    return ON.includes(word) ? true : OFF.includes(word) ? false : undefined;
  },
};

export const ROOT_KEPT: readonly KeptRow[] = [
  row("threads", String(navigator.hardwareConcurrency), number(1, Infinity)),
  row("max_tasklet_cmd", "10", number(-Infinity, Infinity)),
  row("poll_us", "0", number(-Infinity, Infinity)),
  flag("force_global_sgv_pool"),
  row("async_lun_replace", "0", WORDY_SWITCH, (value) => value ? "1" : "0"),
  // Reservations are shared with no other node: a name alone makes no cluster.
  row("cluster_name", "", line(63)),
];

/** Of every device; `threads` is how many SCST gives it. */
const deviceRows = (threads: string): readonly KeptRow[] => [
  row("numa_node_id", "-1", number(-1, Infinity)),
  row("threads_num", threads, number(0, Infinity)),
  {
    ...row("threads_pool_type", "per_initiator", word(["per_initiator", "shared"])),
    instead: ({ threads_num }) => threads_num === "0" ? "Async" : undefined,
  },
];

const DEVICE_KEPT: Readonly<Record<HandlerName, readonly KeptRow[]>> = {
  vdisk_fileio: [...deviceRows("8"), flag("async"), flag("bind_alua_state")],
  vdisk_blockio: [...deviceRows("1"), flag("bind_alua_state", "1")],
  // Reads give zeros in any case: what stood in memory before is of other initiators.
  vdisk_nullio: [...deviceRows("1"), flag("read_zero")],
  vdisk_ram: deviceRows("1"),
  vcdrom: deviceRows("8"),
};

/** Those of the devices of a handler. */
export function deviceKept(handler: HandlerName): readonly KeptRow[] {
  return DEVICE_KEPT[handler];
}

/** The keys of a configuration for them. */
export function keptTable(rows: readonly KeptRow[]): AttributeTable<Record<string, string>> {
  return Object.fromEntries(
    rows.map((
      { name, rule, fallback },
    ) => [name, { ...optional(rule, fallback), isUncommon: true }]),
  );
}

/** What of them was read, for the model: only what is not as it is where nothing is said. */
export function keptPart(rows: readonly KeptRow[], values: object): { kept?: KeptAttributes } {
  const read = values as Readonly<Record<string, string>>;
  const set = rows.filter(({ name, fallback }) => read[name] !== fallback);
  if (set.length === 0) return {};
  return { kept: Object.fromEntries(set.map(({ name }) => [name, read[name]!])) };
}
