/** Log pages (SPC-5 7.3, SBC-4 6.4). */
import { IoOperation } from "../store/io_request.ts";
import { thresholdSetSize } from "./threshold.ts";
import type { Statistics } from "./statistics.ts";
import type { VirtualDisk } from "./virtual_disk.ts";

/** One log parameter: its code and its value. */
export interface LogParameter {
  readonly code: number;
  readonly value: Uint8Array;
}

/** One page. */
interface LogPage {
  readonly code: number;
  /** Its counters, which LOG SELECT can reset; none when left out. */
  readonly countersOf?: (disk: VirtualDisk) => Statistics;
  exists(disk: VirtualDisk): boolean;
  /** Collects the parameters, ascending by code; `then` hears them now or later. */
  collect(disk: VirtualDisk, then: (parameters: LogParameter[]) => void): void;
}

const always = () => true;

/** The pages beside page 00h, in ascending order. */
export const LOG_PAGES: readonly LogPage[] = [
  { code: 0x0c, exists: hasCountedSpace, collect: logicalBlockProvisioning },
  {
    code: 0x19,
    exists: always,
    countersOf: (disk) => disk.statistics,
    collect: (disk, then) => then(generalStatistics(disk.statistics, disk.statistics.idleTime)),
  },
  { code: 0x2f, exists: always, collect: informationalExceptions },
];

/** Whether the disk has LBA mapping resources that can be counted. */
export function hasCountedSpace({ settings, store }: VirtualDisk): boolean {
  return settings.thinProvisioned && store.countsSpace;
}

/** SCOPE of a resource count (SBC-4 table 228). */
const Scope = { DEDICATED: 1, SHARED: 2 } as const;

/** Page 0Ch (SBC-4 6.4.4): what the disk takes of its file system, and what is left there. */
function logicalBlockProvisioning(
  disk: VirtualDisk,
  then: (parameters: LogParameter[]) => void,
): void {
  const request = disk.takeRequest();
  const set = thresholdSetSize(disk.blockSize);
  const parameters: LogParameter[] = [];
  const add = (code: number, sets: number, scope: number) => {
    const view = new DataView(new ArrayBuffer(8));
    view.setUint32(0, Math.min(sets, 2 ** 32 - 1));
    view.setUint8(4, scope);
    parameters.push({ code, value: new Uint8Array(view.buffer) });
  };
  request.start(IoOperation.SPACE_LEFT, 0, 0, (left) => {
    if (left.result >= 0) add(0x0001, Math.floor(left.result / set), Scope.SHARED);
    request.start(IoOperation.SPACE_USED, 0, 0, (used) => {
      if (used.result >= 0) add(0x0002, Math.ceil(used.result / set), Scope.DEDICATED);
      disk.giveRequest(request);
      then(parameters);
    });
  });
}

/** The time interval of page 19h: so many milliseconds; 10 to a power of seconds, which is negative. */
const INTERVAL = 0.001;
const NEGATIVE_EXPONENT = 6;

/**
 * Page 19h (SPC-5 7.3.10): statistics, milliseconds without work, and the time interval that both are
 * counted in.
 */
export function generalStatistics(statistics: Statistics, idleTime: number): LogParameter[] {
  const { reads, writes, blocksRead, blocksWritten, readTime, writeTime } = statistics;
  const readIntervals = Math.round(readTime / INTERVAL);
  const writeIntervals = Math.round(writeTime / INTERVAL);
  const counters = new DataView(new ArrayBuffer(64));
  [
    reads,
    writes,
    blocksWritten, // received
    blocksRead, // transmitted
    readIntervals,
    writeIntervals,
    reads + writes, // all weigh the same
    readIntervals + writeIntervals,
  ].forEach((count, index) => counters.setBigUint64(index * 8, BigInt(count)));
  const idle = new DataView(new ArrayBuffer(8));
  idle.setBigUint64(0, BigInt(Math.round(idleTime / INTERVAL)));
  const interval = new DataView(new ArrayBuffer(8));
  interval.setUint32(0, NEGATIVE_EXPONENT);
  interval.setUint32(4, 1);
  return [
    { code: 0x0001, value: new Uint8Array(counters.buffer) },
    { code: 0x0002, value: new Uint8Array(idle.buffer) },
    { code: 0x0003, value: new Uint8Array(interval.buffer) },
  ];
}

/** FAILURE PREDICTION THRESHOLD EXCEEDED: ADDITIONAL SENSE CODE and QUALIFIER. */
const FAILURE_PREDICTED = [0x5d, 0x00] as const;
const NO_TEMPERATURE = 0xff;

/** Page 2Fh (SPC-5 7.3.11): a store that could not flush is about to lose data. */
function informationalExceptions(
  disk: VirtualDisk,
  then: (parameters: LogParameter[]) => void,
): void {
  const [code, qualifier] = disk.failure === 0 ? [0, 0] : FAILURE_PREDICTED;
  then([{ code: 0x0000, value: new Uint8Array([code, qualifier, NO_TEMPERATURE, 0]) }]);
}
