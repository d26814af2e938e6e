/**
 * Attributes of SCST that only make sense in a kernel: they take what SCST takes, show it and are saved,
 * so that configurations and scripts work as they are, and change nothing here.
 */
import type { ScalarRule } from "../config/attribute.ts";
import type { KeptAttributes } from "../scst/model.ts";
import { changeable, valueText } from "./nodes.ts";
import { number, SWITCH, trimmed, valueBy, word } from "./text_value.ts";
import type { TreeFile } from "./tree.ts";

export interface KeptRow {
  readonly name: string;
  /** What holds where nothing was written. */
  readonly fallback: string;
  /** What SCST takes; the text is kept as `print` has it. */
  readonly rule: ScalarRule<unknown>;
  readonly print: (value: never) => string;
}

function row<T>(
  name: string,
  fallback: string,
  rule: ScalarRule<T>,
  print: (value: T) => string = String,
): KeptRow {
  return { name, fallback, rule, print };
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

export const TARGET_KEPT: readonly KeptRow[] = [
  ...GROUPING,
  flag("forward_src"),
  flag("forward_dst"),
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

export const ROOT_KEPT: readonly KeptRow[] = [
  row("threads", String(navigator.hardwareConcurrency), number(1, Infinity)),
  row("max_tasklet_cmd", "10", number(-Infinity, Infinity)),
  row("poll_us", "0", number(-Infinity, Infinity)),
  flag("force_global_sgv_pool"),
];

/** Of every device. */
export const DEVICE_KEPT: readonly KeptRow[] = [
  row("max_tgt_dev_commands", "64", number(0, Infinity)),
  row("numa_node_id", "-1", number(-1, Infinity)),
];

export const FILE_KEPT: readonly KeptRow[] = [
  row("threads_num", "8", number(0, Infinity)),
  row("threads_pool_type", "per_initiator", word(["per_initiator", "shared"])),
  flag("async"),
  flag("bind_alua_state"),
];

/** What an attribute says. */
export function keptValue({ name, fallback }: KeptRow, kept: KeptAttributes | undefined): string {
  return kept?.[name] ?? fallback;
}

/** The attributes with one as it is written. Throws EINVAL. */
export function withKept(
  { name, fallback, rule, print }: KeptRow,
  kept: KeptAttributes | undefined,
  text: string,
): KeptAttributes {
  const value = (print as (value: unknown) => string)(valueBy(rule, name, trimmed(text)));
  const { [name]: _, ...others } = kept ?? {};
  return value === fallback ? others : { ...others, [name]: value };
}

/** The file of an attribute. */
export function keptFile(
  row: KeptRow,
  get: () => KeptAttributes | undefined,
  set: (change: (kept: KeptAttributes | undefined) => KeptAttributes) => Promise<void>,
): TreeFile {
  return changeable(
    () => {
      const value = keptValue(row, get());
      return valueText(value, value !== row.fallback);
    },
    (text) => set((kept) => withKept(row, kept, text)),
  );
}
