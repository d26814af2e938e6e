/**
 * A configuration that grows from one of another target: what that says and what is not taken over, which
 * nobody shall find out by a disk that is missing.
 */
import { INQUIRY_ROOM } from "../device.ts";
import { USN_MOST } from "../device_ids.ts";
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

/** The characters of texts that initiators see; other targets have room for more. */
const TEXT_MOST: Readonly<Record<string, number>> = { usn: USN_MOST, ...INQUIRY_ROOM };

/** The characters of a unit serial number, of which there are 20, before one that tells two apart. */
const USN_ROOM = 15;

export class Draft {
  readonly devices: Map<string, Plain> = new Map();
  readonly targets: Map<string, Plain> = new Map();
  readonly warnings: string[] = [];
  /** Who has which unit serial number. */
  #usns = new Map<string, string>();

  warn(sentence: string): void {
    this.warnings.push(sentence);
  }

  /** Adds a device under a name that is made of `wish`, and returns the name. */
  addDevice(wish: string, device: PlainMap): string {
    const plain = wish.replaceAll(/[^A-Za-z0-9_-]+/g, "_").replaceAll(/^_+|_+$/g, "");
    const base = plain.slice(0, NAME_MOST) || "disk";
    let name = base;
    for (let count = 2; this.devices.has(name); count++) name = `${base}_${count}`;
    this.devices.set(name, this.#withOwnUsn(name, this.#withShortTexts(name, device)));
    return name;
  }

  /** A device whose texts have the room that there is for them. */
  #withShortTexts(name: string, device: PlainMap): PlainMap {
    const short = new Map(device);
    for (const [key, most] of Object.entries(TEXT_MOST)) {
      const text = short.get(key);
      if (typeof text !== "string" || text.length <= most) continue;
      const cut = text.slice(0, most).trimEnd();
      short.set(key, cut);
      this.warn(`device ${name} has the ${key} ${cut}: there is no room for all of ${text}`);
    }
    return short;
  }

  /** A device with a unit serial number that no other has, as tgtd gives the same to tid 1 LUN 11 and tid 11 LUN 1. */
  #withOwnUsn(name: string, device: PlainMap): PlainMap {
    const usn = device.get("usn");
    if (typeof usn !== "string") return device;
    const owner = this.#usns.get(usn);
    let own = usn;
    for (let count = 2; this.#usns.has(own); count++) own = `${usn.slice(0, USN_ROOM)}-${count}`;
    this.#usns.set(own, name);
    if (owner === undefined) return device;
    this.warn(
      `device ${name} has the usn ${usn}, as device ${owner} has: initiators would take the two for ` +
        `one, and it has ${own} now`,
    );
    return new Map([...device, ["usn", own]]);
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
