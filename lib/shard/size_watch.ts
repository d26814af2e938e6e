/**
 * The size of what is behind a disk: it may grow, and then the disk does. When it has shrunk, what is gone
 * cannot be read, and nothing is written any more: a write behind the end would make a file long again,
 * and what it had lost would read as zeros. Blocks are given up only when somebody says so.
 */
import { describeErrno, Errno } from "../../ffi/errno.ts";
import { Sense } from "../scsi/sense.ts";
import { changeCapacity } from "../scst/capacity_change.ts";
import type { Device } from "../scst/device.ts";
import type { Report } from "../iscsi/node.ts";
import type { Done } from "./operation_error.ts";

/** The size of a device before and after, in bytes. */
export interface SizeChange {
  readonly before: number;
  readonly after: number;
}

export class SizeWatch {
  #device: Device;
  #report: Report;
  #looks = false;
  /** The size that was found too small and reported. */
  #reported: number | undefined = undefined;

  /** `report` takes lines for the log. */
  constructor(device: Device, report: Report) {
    this.#device = device;
    this.#report = report;
  }

  /**
   * Looks once; `limit` is what the operator wants to export at most. Where the store is slow the next look
   * waits for the end of this one.
   */
  look(limit: number | undefined): void {
    if (this.#looks || !this.#isWatched) return;
    this.#looks = true;
    const { disk } = this.#device;
    const { medium } = disk;
    disk.measure((actual) => {
      this.#looks = false;
      if (actual < 0 || disk.medium !== medium || !this.#isWatched) return;
      const usable = this.#usable(actual, limit);
      if (usable >= medium.size) this.#reported = undefined;
      if (usable > medium.size) this.#change(usable);
      else if (usable < medium.size && usable !== this.#reported) {
        this.#reported = usable;
        const text =
          `has shrunk from ${medium.size} to ${usable} bytes: what is gone cannot be read`;
        this.#report("error", `the store of device '${disk.settings.name}' ${text}`);
        if (!disk.settings.readOnly) disk.fail(Errno.EIO, "has lost blocks");
      }
    });
  }

  /** Looks, and takes the size that is found; a smaller one only if `force`. */
  resync(limit: number | undefined, force: boolean, done: Done<SizeChange>): void {
    const { disk } = this.#device;
    const { medium, settings: { name } } = disk;
    disk.measure((actual) => {
      if (actual < 0) {
        return done(`Cannot tell the size of device '${name}': ${describeErrno(-actual)}`);
      }
      if (disk.medium !== medium || !disk.isOpen) {
        return done(`Device '${name}' was closed meanwhile`);
      }
      if (!this.#isWatched) {
        return done(`Cannot change the size of device '${name}' while its medium is made new`);
      }
      const before = medium.size;
      const after = this.#usable(actual, limit);
      if (after === 0) return done(`Cannot use device '${name}': its store has not one block`);
      if (after < before && !force) {
        const loss = `it would shrink from ${before} to ${after} bytes`;
        return done(`Cannot take the size of the store of device '${name}': ${loss}; force it to`);
      }
      this.#reported = undefined;
      if (after !== before) this.#change(after);
      done(undefined, { before, after });
    });
  }

  /**
   * A medium that is sanitized or formatted keeps its size: it is known by it when that has to go on after
   * a restart.
   */
  get #isWatched(): boolean {
    const { disk } = this.#device;
    return disk.isOpen && disk.upkeep.sense === Sense.NO_SENSE;
  }

  #usable(actual: number, limit = Infinity): number {
    const { blockSize } = this.#device.disk;
    return Math.floor(Math.min(actual, limit) / blockSize) * blockSize;
  }

  #change(bytes: number): void {
    const { disk } = this.#device;
    const text = `has ${bytes} bytes now, it had ${disk.medium.size}`;
    changeCapacity(this.#device, bytes);
    this.#report("info", `device '${disk.settings.name}' ${text}`);
  }
}
