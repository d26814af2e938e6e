/** `-write_config`: what is running, as an scst.conf that brings it back. */
import type { Position } from "../../config/problem.ts";
import type { PrintedSection } from "../../config/scst_conf/print.ts";
import type { ConfAttribute } from "../../config/scst_conf/section.ts";
import { type Attributes, readAttributes } from "./attributes.ts";
import { available } from "./mgmt_help.ts";
import {
  DEVICE_GROUPS,
  deviceGroupPath,
  devicePath,
  driverPath,
  groupPath,
  handlerPath,
  type LunPlace,
  lunsPath,
  targetGroupPath,
  targetPath,
} from "./paths.ts";
import {
  type Running,
  type RunningDeviceGroup,
  type RunningGroup,
  type RunningLuns,
  type RunningTarget,
} from "./running.ts";
import type { Session } from "./session.ts";

/** Nothing of what is written has a place yet. */
const AT: Position = { line: 0, column: 0 };

/** Is written whether it is marked or not: SCST marks none of them, and the last one gets lost by that. */
const ALWAYS = ["enabled", "hw_target", "isns_entity_name"];

/** Is for those who look for mistakes, and is not brought back. */
const NEVER = ["trace_level"];

/** The configuration that `running` is. Rejects with a TreeError. */
export async function writtenConfig(session: Session, running: Running): Promise<PrintedSection> {
  const writer = new Writer(session);
  const alua = await writer.section("ALUA", [], DEVICE_GROUPS);
  return {
    ...await writer.section("", [], ""),
    sections: [
      ...[
        ...await each(running.handlers, (handler, devices) => writer.handler(handler, devices)),
        ...await each(running.drivers, (driver, targets) => writer.driver(driver, targets)),
        alua,
      ].filter(hasContent),
      ...await each(running.deviceGroups, (group, one) => writer.deviceGroup(group, one)),
    ],
  };
}

function hasContent({ attributes, nonKey = [], sections }: PrintedSection): boolean {
  return attributes.length + nonKey.length + sections.length > 0;
}

/** What `make` makes of each entry, sorted by name. */
async function each<T, R>(
  entries: ReadonlyMap<string, T>,
  make: (name: string, value: T) => Promise<R>,
): Promise<R[]> {
  const made: R[] = [];
  const sorted = [...entries].sort(([a], [b]) => a < b ? -1 : 1);
  for (const [name, value] of sorted) made.push(await make(name, value));
  return made;
}

class Writer {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** The section of the object at `path`, with its attributes; `known` are its parameters. */
  async section(
    keyword: string,
    names: readonly string[],
    path: string,
    known: ReadonlySet<string> = new Set(),
  ): Promise<PrintedSection> {
    const found = await readAttributes(this.#session.client, path);
    const attributes = keyAttributes(found, known);
    const section = { keyword, names, at: AT, attributes, sections: [] };
    return this.#session.flags.nonKey ? { ...section, nonKey: nonKeyAttributes(found) } : section;
  }

  async handler(handler: string, devices: readonly string[]): Promise<PrintedSection> {
    const path = handlerPath(handler);
    const known = await available(this.#session.client, path, "create");
    const sections: PrintedSection[] = [];
    for (const device of devices.toSorted()) {
      sections.push(await this.section("DEVICE", [device], devicePath(device), known));
    }
    return { ...await this.section("HANDLER", [handler], path), sections };
  }

  async driver(
    driver: string,
    targets: ReadonlyMap<string, RunningTarget>,
  ): Promise<PrintedSection> {
    const path = driverPath(driver);
    const known = await available(this.#session.client, path, "create");
    return {
      ...await this.section("TARGET_DRIVER", [driver], path),
      sections: await each(targets, (target, one) => this.#target(driver, target, one, known)),
    };
  }

  async #target(
    driver: string,
    target: string,
    { luns, groups }: RunningTarget,
    known: ReadonlySet<string>,
  ): Promise<PrintedSection> {
    this.#tellOrder(target, groups);
    const place = { driver, target };
    const section = await this.section("TARGET", [target], targetPath(driver, target), known);
    const isHardware = section.attributes.some(({ name, value }) =>
      name === "hw_target" && value === "1"
    );
    const flag = { keyword: "HW_TARGET", names: [], at: AT, attributes: [], sections: [] };
    return {
      ...section,
      attributes: section.attributes.filter(({ name }) => name !== "hw_target"),
      sections: [
        ...isHardware ? [flag] : [],
        ...await this.#luns(place, luns),
        ...await each(groups, (group, one) => this.#group({ ...place, group }, one)),
      ],
    };
  }

  /** SCST searches groups in the order in which they were made, which the file does not keep. */
  #tellOrder(target: string, groups: ReadonlyMap<string, RunningGroup>): void {
    const names = [...groups.keys()];
    const sorted = names.toSorted();
    if (names.every((name, index) => name === sorted[index])) return;
    const what = `The groups of target '${target}' are searched in the order ${names.join(", ")};`;
    const then = `a configuration makes them in that of their names, ${sorted.join(", ")}.`;
    this.#session.warn(`${what} ${then} An initiator that matches several changes its LUNs.`);
  }

  async #group(
    place: LunPlace & { readonly group: string },
    { luns, initiators }: RunningGroup,
  ): Promise<PrintedSection> {
    const patterns = initiators.toSorted().map((pattern) => ({
      keyword: "INITIATOR",
      names: [pattern],
      at: AT,
      attributes: [],
      sections: [],
    }));
    return {
      ...await this.section("GROUP", [place.group], groupPath(place)),
      sections: [...await this.#luns(place, luns), ...patterns],
    };
  }

  async #luns(place: LunPlace, luns: RunningLuns): Promise<PrintedSection[]> {
    const path = lunsPath(place);
    const known = await available(this.#session.client, path, "create");
    const sorted = [...luns].sort(([a], [b]) => Number(a) - Number(b));
    const sections: PrintedSection[] = [];
    for (const [lun, device] of sorted) {
      sections.push(await this.section("LUN", [lun, device], `${path}/${lun}`, known));
    }
    return sections;
  }

  async deviceGroup(
    group: string,
    { devices, targetGroups }: RunningDeviceGroup,
  ): Promise<PrintedSection> {
    const members = devices.map((device) => ({
      keyword: "DEVICE",
      names: [device],
      at: AT,
      attributes: [],
      sections: [],
    }));
    return {
      ...await this.section("DEVICE_GROUP", [group], deviceGroupPath(group)),
      sections: [
        ...members,
        ...await each(targetGroups, (name, targets) => this.#targetGroup(group, name, targets)),
      ],
    };
  }

  async #targetGroup(
    group: string,
    name: string,
    targets: readonly string[],
  ): Promise<PrintedSection> {
    const path = targetGroupPath(group, name);
    const sections: PrintedSection[] = [];
    for (const target of targets) {
      // Of a target of this node there is a link to it, whose attributes stand with it.
      const entry = (await this.#session.client.list(path)).find((one) => one.name === target);
      sections.push(
        entry?.kind === "directory"
          ? await this.section("TARGET", [target], `${path}/${target}`)
          : { keyword: "TARGET", names: [target], at: AT, attributes: [], sections: [] },
      );
    }
    return { ...await this.section("TARGET_GROUP", [name], path), sections };
  }
}

/** What has to be saved of what can be set, or be given when the object is made. */
function keyAttributes(found: Attributes, known: ReadonlySet<string>): ConfAttribute[] {
  const saved = [...found.values()].filter(({ name, isKey, isStatic }) =>
    ALWAYS.includes(name) || isKey && !NEVER.includes(name) && (!isStatic || known.has(name))
  );
  return asAttributes(saved);
}

function nonKeyAttributes(found: Attributes): ConfAttribute[] {
  return asAttributes(
    [...found.values()].filter(({ name, isKey, isStatic }) =>
      !isKey && !isStatic && ![...ALWAYS, ...NEVER].includes(name)
    ),
  );
}

function asAttributes(
  states: readonly {
    readonly name: string;
    readonly instances: readonly { readonly value: string }[];
  }[],
): ConfAttribute[] {
  return states.toSorted((a, b) => a.name < b.name ? -1 : 1).flatMap(({ name, instances }) =>
    instances.map(({ value }) => value).filter((value) => value !== "").sort()
      .map((value) => ({ name, value, at: AT }))
  );
}
