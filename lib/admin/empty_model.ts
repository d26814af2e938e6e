/** A server without anything: where every administration begins. */
import { DRIVER_DEFAULTS, type ServerModel } from "../scst/model.ts";

export function emptyModel(stateDir: string): ServerModel {
  return {
    stateDir,
    driver: DRIVER_DEFAULTS,
    portals: [],
    devices: [],
    targets: [],
    deviceGroups: [],
  };
}
