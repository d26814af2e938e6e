/** The help of `scst admin`, made of the tables that are obeyed. */
import { CONFIG_OPERATIONS } from "./config_operations.ts";
import { OBJECT_OPERATIONS } from "./object_operations.ts";
import { COMPANIONS, type Operation } from "./operation.ts";
import { SWITCHES } from "./options.ts";
import { QUERIES } from "./query_operations.ts";
import { ATTRIBUTE_OPERATIONS } from "./set_operations.ts";

export const EXAMPLES: readonly string[] = [
  "scst admin -config /etc/scst.conf",
  "scst admin -write_config /etc/scst.conf",
  "scst admin -open_dev disk1 -handler vdisk_fileio -attributes filename=/srv/disk1.img,read_only",
  "scst admin -add_target iqn.2026-11.org.example:disk1 -driver iscsi",
  "scst admin -add_lun 0 -driver iscsi -target iqn.2026-11.org.example:disk1 -device disk1",
  "scst admin -enable_target iqn.2026-11.org.example:disk1 -driver iscsi",
  "scst admin -noprompt -set_tgt_attr iqn.2026-11.org.example:disk1 -driver iscsi " +
  "-attributes QueuedCommands=64",
  "scst admin -list_sessions -nonkey",
];

/** The width of options before their descriptions; longer ones have a line of their own. */
const WIDTH = 30;

export function helpText(): string {
  const parts: [string, readonly Operation[]][] = [
    ["Configurations", CONFIG_OPERATIONS],
    ["Queries", QUERIES],
    ["Attributes", ATTRIBUTE_OPERATIONS],
    ["Objects", OBJECT_OPERATIONS],
  ];
  const switches = Object.entries(SWITCHES).map(([name, help]) => row(`-${name}`, help));
  return [
    "Usage: scst admin [OPTION]... OPERATION",
    "",
    "Administers the running server with the options of scstadmin.",
    ...parts.flatMap(([title, operations]) => ["", `${title}:`, ...operations.flatMap(lines)]),
    "",
    "Options:",
    ...switches,
    row("--socket PATH", "the control socket of the server"),
    "",
    "Examples:",
    ...EXAMPLES.map((example) => `  ${example}`),
  ].join("\n");
}

function lines({ option, value, needs = [], takes = [], help }: Operation): string[] {
  const own = `-${option}${value === undefined ? "" : ` ${value}`}`;
  const companions = [
    ...needs.map((name) => `-${name} ${COMPANIONS[name]}`),
    ...takes.map((name) => `[-${name} ${COMPANIONS[name]}]`),
  ];
  const second = companions.length === 0 ? [] : [`      ${companions.join(" ")}`];
  return [row(own, help), ...second];
}

function row(option: string, help: string): string {
  const left = `  ${option}`;
  return left.length < WIDTH
    ? `${left.padEnd(WIDTH)}${help}`
    : `${left}\n${" ".repeat(WIDTH)}${help}`;
}
