/** LOG SENSE (SPC-5 6.9). */
import type { Command } from "../scsi/command.ts";
import { generalStatistics, LOG_PAGES, type LogParameter } from "./log_pages.ts";
import { Statistics } from "./statistics.ts";
import type { VirtualDisk } from "./virtual_disk.ts";

const ALL_SUBPAGES = 0xff;
const SUBPAGE_FORMAT = 0x40;

/** PC (SPC-5 table 164). */
const PageControl = { CUMULATIVE: 1, DEFAULT_CUMULATIVE: 3 } as const;

/** FORMAT AND LINKING 11b: binary, and no counter that would stop at its end. */
const BINARY = 0x03;

/** Executes LOG SENSE. */
export function logSense(disk: VirtualDisk, command: Command): void {
  const { cdb } = command;
  const code = cdb[2]! & 0x3f;
  const subpage = cdb[3]!;
  const pointer = command.cdbView.getUint16(5);
  if (code === 0) return supportedPages(disk, command, subpage, pointer);
  const page = LOG_PAGES.find((entry) => entry.code === code && entry.exists(disk));
  if (page === undefined) return command.failField(2, 5);
  if (subpage !== 0) return command.failField(3);
  const control = cdb[2]! >> 6;
  if (control !== PageControl.CUMULATIVE && control !== PageControl.DEFAULT_CUMULATIVE) {
    return command.failField(2); // there are no thresholds
  }
  const respond = (parameters: LogParameter[]) => {
    const wanted = parameters.filter((parameter) => parameter.code >= pointer);
    if (command.aborted) command.complete();
    else if (wanted.length === 0) command.failField(5);
    else command.respond(encodePage(code, wanted));
  };
  if (control === PageControl.DEFAULT_CUMULATIVE && page.countersOf !== undefined) {
    respond(generalStatistics(new Statistics(), 0));
  } else page.collect(disk, respond);
}

/** Pages 00h and 00h/FFh (SPC-5 7.3.21, 7.3.22): the pages, with their subpages. */
function supportedPages(
  disk: VirtualDisk,
  command: Command,
  subpage: number,
  pointer: number,
): void {
  if (subpage !== 0 && subpage !== ALL_SUBPAGES) return command.failField(3);
  if (pointer !== 0) return command.failField(5);
  const codes = LOG_PAGES.filter((page) => page.exists(disk)).map((page) => page.code);
  const entries = subpage === 0
    ? [0, ...codes]
    : [0, 0, 0, ALL_SUBPAGES, ...codes.flatMap((code) => [code, 0])];
  const format = subpage === 0 ? 0 : SUBPAGE_FORMAT;
  command.respond(Uint8Array.from([format, subpage, 0, entries.length, ...entries]));
}

function encodePage(code: number, parameters: LogParameter[]): Uint8Array {
  const length = parameters.reduce((sum, { value }) => sum + 4 + value.length, 0);
  const bytes = new Uint8Array(4 + length);
  const view = new DataView(bytes.buffer);
  bytes[0] = code;
  view.setUint16(2, length);
  let at = 4;
  for (const parameter of parameters) {
    view.setUint16(at, parameter.code);
    bytes[at + 2] = BINARY;
    bytes[at + 3] = parameter.value.length;
    bytes.set(parameter.value, at + 4);
    at += 4 + parameter.value.length;
  }
  return bytes;
}
