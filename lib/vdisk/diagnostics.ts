/** SEND DIAGNOSTIC (SPC-5 6.40) and RECEIVE DIAGNOSTIC RESULTS (SPC-5 6.27). */
import type { Command } from "../scsi/command.ts";
import { Sense } from "../scsi/sense.ts";
import { IoOperation } from "../store/io_request.ts";
import type { DiskRequest } from "./disk_request.ts";
import type { VirtualDisk } from "./virtual_disk.ts";

const PF = 0x10;
const SELFTEST = 0x04;

/** SELF-TEST CODE (SPC-5 table 319); those in the background would need a log of their results. */
const SelfTest = { NONE: 0, FOREGROUND_SHORT: 5 } as const;

/** Page 00h, Supported Diagnostic Pages (SPC-5 7.2.10): that is itself. */
const SUPPORTED_PAGES = new Uint8Array([0x00, 0, 0, 1, 0x00]);
/** The same page as it is sent to ask for it. */
const PAGE_REQUEST_LENGTH = 4;

/** Checks a SEND DIAGNOSTIC before its parameter list is asked for. */
export function checkSendDiagnostic(_disk: VirtualDisk, command: Command): boolean {
  const flags = command.cdb[1]!;
  const selfTest = flags >> 5;
  const tests = selfTest === SelfTest.FOREGROUND_SHORT || (flags & SELFTEST) !== 0;
  const length = command.allocationLength;
  if (selfTest !== SelfTest.NONE && selfTest !== SelfTest.FOREGROUND_SHORT) command.failField(1);
  else if (selfTest !== SelfTest.NONE && (flags & SELFTEST) !== 0) command.failField(1);
  else if (length !== 0 && (tests || (flags & PF) === 0)) command.failField(3);
  else return true;
  return false;
}

/** Executes SEND DIAGNOSTIC. */
export function sendDiagnostic(disk: VirtualDisk, command: Command): void {
  const flags = command.cdb[1]!;
  if ((flags & SELFTEST) !== 0 || flags >> 5 !== SelfTest.NONE) return testDisk(disk, command);
  if (command.wantedOut === 0) return command.succeed();
  const list = command.out?.bytes.subarray(command.outAt, command.outAt + command.outLength) ?? [];
  if (list.length < command.wantedOut || list.length < PAGE_REQUEST_LENGTH) {
    return command.fail(Sense.PARAMETER_LIST_LENGTH_ERROR);
  }
  const wrong = list.findIndex((byte) => byte !== 0);
  if (wrong >= 0) return command.failParameter(wrong);
  if (list.length > PAGE_REQUEST_LENGTH) return command.failParameter(PAGE_REQUEST_LENGTH);
  command.succeed();
}

/** Reads the first block, one in the middle and the last one: whether the store answers at all. */
function testDisk(disk: VirtualDisk, command: Command): void {
  if (disk.failure !== 0) return command.fail(Sense.FAILED_SELF_TEST);
  if (!disk.hasMedium) return command.succeed();
  if (!disk.hasMemory) return command.refuseForNow();
  const request = disk.takeRequest(command);
  request.memory = disk.memory.take(disk.blockSize);
  request.step = 0;
  request.result = 0;
  testNext(request);
}

function testNext(request: DiskRequest): void {
  const { disk, memory } = request;
  const command = request.command!;
  const places = [0, Math.floor(disk.capacity / 2), disk.capacity - 1];
  const lba = places[request.step++];
  if (request.result < 0) command.setSense(Sense.FAILED_SELF_TEST);
  else if (lba !== undefined && !command.aborted) {
    request.iov.clear();
    request.iov.push(memory!.address, disk.blockSize);
    return request.start(IoOperation.READ, lba * disk.blockSize, disk.blockSize, testNext);
  }
  disk.giveRequest(request);
  command.complete();
}

/** Executes RECEIVE DIAGNOSTIC RESULTS: whatever was sent before, there is one page. */
export function receiveDiagnosticResults(_disk: VirtualDisk, command: Command): void {
  if (command.cdb[2] !== 0) return command.failField(2);
  command.respond(SUPPORTED_PAGES);
}
