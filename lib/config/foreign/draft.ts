/**
 * A configuration that grows from one of another target: what that says and what is not taken over, which
 * nobody shall find out by a disk that is missing.
 */
import { mapOf, type Plain, type PlainMap } from "../plain.ts";

/** What an import has found. */
export interface Imported {
  /** The configuration, not yet validated. */
  readonly plain: PlainMap;
  /** A sentence for everything that is left out or has come out differently. */
  readonly warnings: readonly string[];
}

/** The characters of a device name; SCST has no room for more of them. */
const NAME_MOST = 60;

export class Draft {
  readonly devices: Map<string, Plain> = new Map();
  readonly targets: Map<string, Plain> = new Map();
  readonly warnings: string[] = [];

  warn(sentence: string): void {
    this.warnings.push(sentence);
  }

  /** Adds a device under a name that is made of `wish`, and returns the name. */
  addDevice(wish: string, device: PlainMap): string {
    const plain = wish.replaceAll(/[^A-Za-z0-9_-]+/g, "_").replaceAll(/^_+|_+$/g, "");
    const base = plain.slice(0, NAME_MOST) || "disk";
    let name = base;
    for (let count = 2; this.devices.has(name); count++) name = `${base}_${count}`;
    this.devices.set(name, device);
    return name;
  }

  /**
   * The device that has a file already, undefined if none has: one file is one device here, whatever
   * targets it is a LUN of.
   */
  deviceOf(filename: string): string | undefined {
    for (const [name, device] of this.devices) {
      if (!(device instanceof Map) || device.get("filename") !== filename) continue;
      this.warn(
        `${filename} is one device, ${name}, with the names that it has where it comes first`,
      );
      return name;
    }
    return undefined;
  }

  /** The whole of it; `iscsi` are attributes of the driver. */
  finish(portals: readonly string[], iscsi: PlainMap): Imported {
    const plain = mapOf([
      ["portals", portals],
      ["devices", this.devices.size === 0 ? undefined : this.devices],
      ["targets", this.targets.size === 0 ? undefined : this.targets],
      ["iscsi", iscsi.size === 0 ? undefined : iscsi],
    ]);
    return { plain, warnings: this.warnings };
  }
}
