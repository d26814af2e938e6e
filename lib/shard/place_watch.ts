/**
 * The place of what is behind a disk: a file may be moved, replaced by another one or deleted while it is
 * served. The one that was opened is served all the same, but whoever looks at the path, as the next
 * start does, finds something else.
 */
import { describeErrno, Errno } from "../../ffi/errno.ts";
import { Standing } from "../../ffi/file_standing.ts";
import type { Report } from "../iscsi/node.ts";
import type { Device } from "../scst/device.ts";

const SENTENCES: Readonly<Record<number, string>> = {
  [Standing.MOVED]: "is not there any more: it is served still, until the device is closed",
  [Standing.REPLACED]:
    "is not the one that is there now: what was opened is served still, until the device is closed",
  [Standing.DELETED]: "was deleted: all that it holds is lost when the device is closed",
};

export class PlaceWatch {
  #device: Device;
  #report: Report;
  #looks = false;
  #medium: unknown = undefined;
  /** What was found and reported: a Standing, or -errno where that cannot be told. */
  #standing: number = Standing.IN_PLACE;

  /** `report` takes lines for the log. */
  constructor(device: Device, report: Report) {
    this.#device = device;
    this.#report = report;
  }

  /** Looks once; where the store is slow the next look waits for the end of this one. */
  look(): void {
    const { disk } = this.#device;
    if (this.#looks || !disk.isOpen) return;
    this.#looks = true;
    const { medium } = disk;
    disk.locate((standing) => {
      this.#looks = false;
      if (disk.medium !== medium || !disk.isOpen) return;
      if (medium !== this.#medium) this.#standing = Standing.IN_PLACE;
      this.#medium = medium;
      if (standing !== this.#standing) this.#note(standing);
    });
  }

  #note(standing: number): void {
    const { settings } = this.#device.disk;
    const file = `the file of device '${settings.name}', ${settings.filename},`;
    const before = this.#standing;
    this.#standing = standing;
    if (standing < 0) {
      const why = describeErrno(-standing);
      return this.#report("warning", `Cannot tell whether ${file} is there still: ${why}`);
    }
    const sentence = SENTENCES[standing];
    if (sentence === undefined) {
      this.#report("info", `${file} is there ${before < 0 ? "still" : "again"}`);
    } else this.#report("error", `${file} ${sentence}`);
    // What would be written is as good as lost, and must not be taken for written.
    if (standing === Standing.DELETED && !settings.readOnly) {
      this.#device.disk.fail(Errno.ENOENT, "has lost its file");
    }
  }
}
