/** What an scst.conf has to be before it is applied, given what is there to apply it to. */
import { canAddTargets } from "./mgmt_help.ts";
import { placeText } from "./paths.ts";
import type { Running } from "./running.ts";
import type { Session } from "./session.ts";
import type { Wanted, WantedLun, WantedTarget } from "./wanted.ts";

const DEV = "/dev/";

/**
 * Tells what is wrong with `wanted`, and takes out of it what cannot be had: handlers that do not
 * exist, and devices that no handler of it has. Returns the number of errors, which are more than
 * that. Rejects with a TreeError.
 */
export async function checkConfig(
  session: Session,
  wanted: Wanted,
  running: Running,
): Promise<number> {
  const check = new Check(session);
  const { drivers, handlers } = wanted;
  if (drivers.size === 0) check.warn("There is no TARGET_DRIVER section: no target is configured.");
  if (handlers.size === 0) check.warn("There is no HANDLER section: no device is configured.");
  if (drivers.size + handlers.size === 0) check.error("There are neither drivers nor handlers.");
  for (const driver of drivers.keys()) await check.driver(driver, wanted, running);
  check.handlers(wanted, running);
  const devices = new Set([...handlers.values()].flatMap((handler) => [...handler.devices.keys()]));
  for (const [driver, { targets }] of drivers) {
    for (const [target, one] of targets) check.target(driver, target, one, devices);
  }
  for (const [group, members] of wanted.deviceGroups) {
    for (const device of members.devices) {
      if (devices.has(device)) continue;
      check.warn(`Device '${device}' of device group '${group}' is in no handler: left out.`);
      members.devices.delete(device);
    }
  }
  const found = check.errors > 0 ? `${check.errors} error(s)` : `${check.warnings} warning(s)`;
  session.say(`Done, ${found} found.\n`);
  return check.errors;
}

class Check {
  errors = 0;
  warnings = 0;
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  warn(text: string): void {
    this.warnings++;
    this.#session.warn(text);
  }

  error(text: string): void {
    this.errors++;
    this.#session.say(`FATAL: ${text}`);
  }

  async driver(driver: string, { drivers }: Wanted, running: Running): Promise<void> {
    const there = running.drivers.get(driver);
    if (there === undefined) {
      this.warn(`Target driver '${driver}' is not available.`);
      return;
    }
    const targets = drivers.get(driver)?.targets ?? new Map<string, WantedTarget>();
    if (targets.size === 0) this.warn(`Driver '${driver}' has no target in the configuration.`);
    const missing = [...targets.keys()].filter((target) => !there.has(target));
    if (missing.length === 0 || await canAddTargets(this.#session.client, driver)) return;
    for (const target of missing) {
      this.error(`Target '${target}' of driver '${driver}' does not exist, and cannot be added.`);
    }
  }

  handlers({ handlers }: Wanted, running: Running): void {
    for (const [handler, { devices }] of handlers) {
      if (!running.handlers.has(handler)) {
        this.warn(`There is no handler '${handler}': it is left out.`);
        handlers.delete(handler);
        continue;
      }
      for (const [device, values] of [...devices]) {
        if (!device.includes("/")) continue;
        const bare = device.slice(DEV.length);
        if (device.startsWith(DEV) && !bare.includes("/")) {
          this.warn(`Device '${device}' is taken for '${bare}': a name is no path.`);
          devices.delete(device);
          devices.set(bare, values);
        } else {
          this.error(`The name of device '${device}' may not have a '/'.`);
        }
      }
    }
  }

  target(driver: string, target: string, wanted: WantedTarget, devices: Set<string>): void {
    const owners = new Map<string, string>();
    for (const [group, { initiators }] of wanted.groups) {
      for (const pattern of initiators) {
        const other = owners.get(pattern);
        if (other === undefined) owners.set(pattern, group);
        else this.error(`Initiator '${pattern}' is in the groups '${other}' and '${group}'.`);
      }
    }
    this.#luns(placeText({ driver, target }), wanted.luns, devices);
    for (const [group, { luns }] of wanted.groups) {
      this.#luns(placeText({ driver, target, group }), luns, devices);
    }
  }

  #luns(place: string, luns: Map<string, WantedLun>, devices: Set<string>): void {
    if (luns.size === 0) return;
    for (const [lun, { device }] of luns) {
      if (devices.has(device)) continue;
      this.warn(`Device '${device}' of LUN ${lun} of '${place}' is in no handler: left out.`);
      luns.delete(lun);
    }
    if (!luns.has("0")) {
      this.warn(`There is no LUN 0 in '${place}', which many initiators want to be there.`);
    }
  }
}
