/** An engine for models some of whose devices are not there: what refers to them does without them. */
import type { LunModel } from "../scst/model.ts";
import type { Engine } from "./engine.ts";

/** Names of devices. */
type Missing = Pick<ReadonlySet<string>, "has" | "size">;

/** `engine`, asked to serve nothing of the devices that are in `missing` at the time. */
export function presentEngine(engine: Engine, missing: Missing): Engine {
  const isThere = ({ device }: LunModel) => !missing.has(device);
  return {
    ...engine,
    get sessions() {
      return engine.sessions;
    },
    removeDevice: (name) =>
      missing.has(name) ? Promise.resolve(undefined) : engine.removeDevice(name),
    changeDevice: (device) =>
      missing.has(device.name) ? Promise.resolve(undefined) : engine.changeDevice(device),
    setTarget: (target, options) => {
      if (missing.size === 0) return engine.setTarget(target, options);
      const groups = target.groups.map((group) => ({
        ...group,
        luns: group.luns.filter(isThere),
      }));
      return engine.setTarget({ ...target, luns: target.luns.filter(isThere), groups }, options);
    },
    setDeviceGroup: (group) => {
      if (missing.size === 0) return engine.setDeviceGroup(group);
      const devices = group.devices.filter((name) => !missing.has(name));
      return engine.setDeviceGroup({ ...group, devices });
    },
  };
}
