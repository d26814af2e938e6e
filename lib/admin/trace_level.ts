/** `trace_level`: which messages SCST's debug builds log. Here the log has one level, and this shows it. */
import { quote } from "../config/problem.ts";
import { changeable } from "./nodes.ts";
import { TreeError, type TreeFile } from "./tree.ts";
import { commandOf, wordsOf } from "./words.ts";

const TOKENS = [
  "function",
  "line",
  "pid",
  "out_of_mem",
  "special",
  "scsi",
  "mgmt",
  "minor",
  "scsi_serializing",
  "retry",
  "pr",
];

/** Those that only handlers of virtual devices have, and only iSCSI. */
export const VDISK_TRACES = ["order"];
export const ISCSI_TRACES = ["d_write", "conn", "conn_dbg", "iov", "pdu", "net_page"];

const SHOWN = ["out_of_mem", "mgmt", "pid", "special"];
const FORMS = "all, none, null, default, add TOKEN, del TOKEN or value NUMBER";

/** The file, for `own` tokens besides: it takes what SCST takes, so that scripts go on, and the log stays as it is. */
export function traceLevel(own: readonly string[] = []): TreeFile {
  const tokens = [...TOKENS, ...own];
  const text = `${SHOWN.join(" | ")}\n\n\nUsage: ${FORMS}\nTOKEN is one of [${
    tokens.join(", ")
  }]\n`;
  return changeable(() => text, (written) => check(written, tokens));
}

function check(text: string, tokens: readonly string[]): void {
  const { word, rest } = commandOf(text);
  const [argument = "", more] = wordsOf(rest);
  const isBare = ["all", "none", "null", "default"].includes(word) && argument === "";
  const isToken = ["add", "del"].includes(word) && tokens.includes(argument);
  const isValue = word === "value" && /^(?:0x[0-9a-f]+|\d+)$/i.test(argument);
  if ((isBare || isToken || isValue) && more === undefined) return;
  throw new TreeError("EINVAL", `${quote(text.trim())} is not taken: it must be ${FORMS}`);
}
