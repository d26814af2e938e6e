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

const SHOWN = ["out_of_mem", "mgmt", "pid", "special"];
const FORMS = "all, none, null, default, add TOKEN, del TOKEN or value NUMBER";

/** The file: it takes what SCST takes, so that scripts go on, and the log stays as it is. */
export function traceLevel(): TreeFile {
  const text = `${SHOWN.join(" | ")}\n\n\nUsage: ${FORMS}\nTOKEN is one of [${
    TOKENS.join(", ")
  }]\n`;
  return changeable(() => text, check);
}

function check(text: string): void {
  const { word, rest } = commandOf(text);
  const [argument = "", more] = wordsOf(rest);
  const isBare = ["all", "none", "null", "default"].includes(word) && argument === "";
  const isToken = ["add", "del"].includes(word) && TOKENS.includes(argument);
  const isValue = word === "value" && /^(?:0x[0-9a-f]+|\d+)$/i.test(argument);
  if ((isBare || isToken || isValue) && more === undefined) return;
  throw new TreeError("EINVAL", `${quote(text.trim())} is not taken: it must be ${FORMS}`);
}
