/** REPORT TIMESTAMP and SET TIMESTAMP (SPC-5 5.2, 6.37, 6.46): a clock that each device has. */
import type { Command } from "../scsi/command.ts";
import { Sense } from "../scsi/sense.ts";
import type { Nexus } from "./nexus.ts";
import type { CoreCommand } from "./operation.ts";

/** TIMESTAMP ORIGIN (SPC-5 table 69). */
const Origin = { SET_TIMESTAMP: 2, OTHER_METHOD: 3 } as const;

const HIGH = 2 ** 32;
const LENGTH = 12;

/** TIMESTAMP in the parameter data, and what its first byte may be at most (SPC-5 6.46). */
const TIMESTAMP = 4;
const FIRST_MOST = 0xf0;

/** The clock of the host until an initiator sets another time. */
export class DeviceClock {
  /** Milliseconds that it is ahead of the host's. */
  #ahead = 0;
  #origin: number = Origin.OTHER_METHOD;

  /** Milliseconds since 1970 (48 bits). */
  get now(): number {
    return (Date.now() + this.#ahead) % 2 ** 48;
  }

  get origin(): number {
    return this.#origin;
  }

  set(time: number): void {
    this.#ahead = time - Date.now();
    this.#origin = Origin.SET_TIMESTAMP;
  }
}

/** Executes REPORT TIMESTAMP. */
export function reportTimestamp(_nexus: Nexus, command: CoreCommand): void {
  const { clock } = command.unit!.device;
  const { now } = clock;
  const view = new DataView(new ArrayBuffer(LENGTH));
  view.setUint16(0, LENGTH - 2);
  view.setUint8(2, clock.origin);
  view.setUint16(TIMESTAMP, Math.floor(now / HIGH));
  view.setUint32(TIMESTAMP + 2, now % HIGH);
  command.respond(new Uint8Array(view.buffer));
}

/** Checks a SET TIMESTAMP before its parameter list is asked for. */
export function checkSetTimestamp(_disk: unknown, command: Command): boolean {
  if (command.allocationLength === 0 || command.allocationLength === LENGTH) return true;
  command.fail(Sense.PARAMETER_LIST_LENGTH_ERROR);
  return false;
}

/** Executes SET TIMESTAMP. */
export function setTimestamp(_nexus: Nexus, command: CoreCommand): void {
  if (command.wantedOut === 0) return command.succeed();
  if (command.outLength < LENGTH) return command.fail(Sense.PARAMETER_LIST_LENGTH_ERROR);
  const { view } = command.out!;
  const at = command.outAt + TIMESTAMP;
  if (view.getUint8(at) > FIRST_MOST) return command.failParameter(TIMESTAMP);
  const unit = command.unit!;
  unit.device.clock.set(view.getUint16(at) * HIGH + view.getUint32(at + 2));
  unit.device.tellOthers(unit, Sense.TIMESTAMP_CHANGED);
  command.succeed();
}
