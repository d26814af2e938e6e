/** The running server as the administration knows it: what it refuses gets an errno. */
import type { Server } from "../shard/server.ts";
import type { Engine, Outcome } from "./engine.ts";
import type { LiveEngine } from "./live_engine.ts";
import { type TreeErrno, TreeError } from "./tree.ts";

/** Names of errno at the end of sentences about a file, that the tree passes on. */
const PASSED_ON: readonly TreeErrno[] = [
  "EACCES",
  "EBUSY",
  "EISDIR",
  "EIO",
  "ENAMETOOLONG",
  "ENODEV",
  "ENOENT",
  "ENOTDIR",
  "EPERM",
  "EROFS",
];

/** The errno that a sentence ends with, as describeErrno() words it; else `fallback`. */
function errnoOf(sentence: string, fallback: TreeErrno): TreeErrno {
  const name = /\((E[A-Z0-9]+)\)$/.exec(sentence)?.[1];
  return PASSED_ON.find((errno) => errno === name) ?? fallback;
}

async function outcome(
  result: Promise<string | undefined>,
  fallback: TreeErrno = "EINVAL",
): Outcome {
  const message = await result;
  return message === undefined ? undefined : { errno: errnoOf(message, fallback), message };
}

async function valueOf<T>(
  answer: Promise<{ readonly error?: string | undefined; readonly value?: T | undefined }>,
): Promise<T> {
  const { error, value } = await answer;
  if (value === undefined) throw new TreeError("ENODEV", error ?? "There is no answer");
  return value;
}

/** What goes on in a server, for the administration. */
function liveEngine({ live }: Server): LiveEngine {
  return {
    suspend: (seconds) => outcome(live.suspend(seconds), "EBUSY"),
    resume: () => outcome(live.resume()),
    suspensions: () => valueOf(live.suspensions()),
    block: (device, waits, text) => outcome(live.block(device, waits, text), "EBUSY"),
    unblock: (device) => outcome(live.unblock(device)),
    blocks: (device) => valueOf(live.blocks(device)),
    blackHole: (place) => valueOf(live.blackHole(place)),
    setBlackHole: (place, blackHole) => outcome(live.setBlackHole(place, blackHole)),
    traceCommands: () => valueOf(live.traceCommands()),
    measureLatency: (measures) => outcome(live.measureLatency(measures)),
    measuresLatency: () => valueOf(live.measuresLatency()),
    latency: (place) => valueOf(live.latency(place)),
    resetLatency: (place) => outcome(live.resetLatency(place), "ENODEV"),
    restoreReservations: async (device, text) => {
      const message = await live.restoreReservations(device, text);
      if (message === undefined) return undefined;
      return { errno: / is logged in$/.test(message) ? "EBUSY" : "EINVAL", message };
    },
    raiseSoftThreshold: (device) => outcome(live.raiseSoftThreshold(device)),
  };
}

/** `server` for the administration. */
export function serverEngine(server: Server): Engine {
  return {
    live: liveEngine(server),
    get sessions() {
      return server.sessions;
    },
    session: (sid) => server.session(sid),
    domainInitiators: (target) => server.domainInitiators(target),
    resetCounters: (sid, direction) => outcome(server.resetCounters(sid, direction)),
    setDriver: (driver) => outcome(server.setDriver(driver)),
    addDevice: (device) => outcome(server.addDevice(device)),
    changeDevice: (device) => outcome(server.changeDevice(device), "EBUSY"),
    removeDevice: (name) => outcome(server.removeDevice(name), "EBUSY"),
    setTarget: (target, options) => outcome(server.setTarget(target, options)),
    removeTarget: (name) => outcome(server.removeTarget(name), "EBUSY"),
    setDeviceGroup: (group) => outcome(server.setDeviceGroup(group)),
    removeDeviceGroup: (name) => outcome(server.removeDeviceGroup(name)),
    changeTargetGroup: (group, targetGroup, change) =>
      outcome(server.changeTargetGroup(group, targetGroup, change)),
    accessState: async (group, targetGroup) => (await server.accessState(group, targetGroup)).value,
    copyCounters: () => valueOf(server.copyCounters()),
    resetCopyCounters: (direction) => outcome(server.resetCopyCounters(direction)),
    figures: () => valueOf(server.figures()),
    memory: () => valueOf(server.memory()),
    device: async (name) => (await server.device(name)).value,
    deviceViews: () => valueOf(server.deviceViews()),
    resyncSize: async (name, force) => {
      const { error } = await server.resyncSize(name, force);
      return error === undefined ? undefined : { errno: "EMEDIUMTYPE", message: error };
    },
    syncDevice: (name) => outcome(server.sync(name), "EIO"),
    reservations: (name) => valueOf(server.reservations(name)),
    closeSession: (sid) => outcome(server.closeSession(sid)),
    addPortal: (portal) => outcome(server.addPortal(portal), "EBUSY"),
    removePortal: (portal) => outcome(server.removePortal(portal)),
  };
}
