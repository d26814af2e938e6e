/** Operations on what is going on: who does them. */
import { traceCommands } from "../iscsi/command_trace.ts";
import type { Latency } from "../iscsi/latency.ts";
import { cellOf, LATENCY_WAYS } from "../iscsi/latency_figures.ts";
import { Sense } from "../scsi/sense.ts";
import { BlackHole } from "../scst/black_hole.ts";
import type { LunSet } from "../scst/lun_set.ts";
import { parsePrDump } from "../scst/pr_restore.ts";
import type { LatencyPlace, LiveOperation, LunSetPlace } from "./live_operations.ts";
import { type Done, OperationError } from "./operation_error.ts";
import type { Shard } from "./shard.ts";

/** Has an operation done; `done` hears, perhaps later, what has become of it. Throws OperationError. */
export function performLive(shard: Shard, operation: LiveOperation, done: Done<unknown>): void {
  const { devices, holds, node } = shard;
  switch (operation.kind) {
    case "suspend":
      return holds.suspend(operation.seconds, done);
    case "resume":
      holds.resume();
      break;
    case "suspensions":
      return done(undefined, holds.suspensions);
    case "block": {
      const { device, waits, text } = operation;
      return holds.block(devices.deviceOf(device), waits, text, done);
    }
    case "unblock":
      holds.unblock(devices.deviceOf(operation.device));
      break;
    case "blocks":
      return done(undefined, holds.blocksOf(devices.deviceOf(operation.device)));
    case "raiseSoftThreshold":
      devices.deviceOf(operation.device).announce(Sense.SOFT_THRESHOLD_REACHED);
      break;
    case "restoreReservations":
      return restore(shard, operation.device, operation.text, done);
    case "blackHole":
      return done(undefined, lunSetOf(shard, operation).blackHole);
    case "setBlackHole":
      setBlackHole(shard, operation, operation.blackHole);
      break;
    case "measureLatency":
      node.measuresLatency = operation.measures;
      break;
    case "measuresLatency":
      return done(undefined, node.measuresLatency);
    case "traceCommands":
      return done(undefined, traceCommands(node.sessions));
    case "latency":
      return done(undefined, latencyOf(shard, operation)?.rows(placeOf(operation)) ?? []);
    case "resetLatency":
      latencyOf(shard, operation)?.reset(placeOf(operation));
      break;
  }
  done(undefined);
}

function latencyOf(shard: Shard, { sid }: LatencyPlace): Latency | undefined {
  return shard.session(sid).latency;
}

function placeOf({ way, size }: LatencyPlace): number {
  return cellOf(LATENCY_WAYS.indexOf(way), size);
}

function lunSetOf({ node }: Shard, { target: name, group }: LunSetPlace): LunSet {
  const target = node.findTarget(name);
  if (target === undefined) throw new OperationError(`There is no target '${name}'`);
  if (group === undefined) return target.luns;
  const found = target.groups.find((one) => one.name === group);
  if (found !== undefined) return found.luns;
  throw new OperationError(`There is no group '${group}' of target '${name}'`);
}

/** The log is told: to whoever looks for a fault, it looks like one. */
function setBlackHole(shard: Shard, place: LunSetPlace, blackHole: BlackHole): void {
  lunSetOf(shard, place).blackHole = blackHole;
  const { target, group } = place;
  const whose = group === undefined ? "" : ` group=${group}`;
  const level = blackHole === BlackHole.OFF ? "info" : "warning";
  shard.node.report(level, `black_hole is ${blackHole} now: target=${target}${whose}`);
}

/** Has a device that nobody uses have the reservations that a text says. */
function restore({ devices, node }: Shard, name: string, text: string, done: Done): void {
  const device = devices.deviceOf(name);
  if (device.users.size > 0) {
    const [user] = device.users;
    throw new OperationError(`Cannot restore reservations: ${user!.nexus.initiator} is logged in`);
  }
  const ports = Array.from(node.targets, ({ port }) => port);
  const { persistent } = device.reservations.state;
  const state = parsePrDump(text, persistent, (id) => ports.find((one) => one.relativeId === id));
  if (typeof state === "string") throw new OperationError(`Cannot restore reservations: ${state}`);
  device.reservations.restore(state, done);
}
