/** Operations of the control side: who does them. */
import { BUG_MET } from "../bug.ts";
import { StoreError } from "../store/store.ts";
import { tellFigures } from "./figures_walk.ts";
import type { Operation } from "./messages.ts";
import { type Done, OperationError } from "./operation_error.ts";
import { performLive } from "./perform_live.ts";
import type { Shard } from "./shard.ts";

/**
 * Has an operation done; `done` hears, perhaps later, what has become of it, and `part` before that of
 * what is told in parts.
 */
export function perform(
  shard: Shard,
  operation: Operation,
  done: Done<unknown>,
  part: (part: unknown) => void,
): void {
  try {
    dispatch(shard, operation, done, part);
  } catch (error) {
    if (!(error instanceof OperationError || error instanceof StoreError)) {
      done(BUG_MET);
      throw error;
    }
    done(error.message);
  }
}

function dispatch(
  shard: Shard,
  operation: Operation,
  done: Done<unknown>,
  part: (part: unknown) => void,
): void {
  const { devices, deviceGroups } = shard;
  switch (operation.kind) {
    case "setDriver":
      shard.setDriver(operation.driver);
      break;
    case "addDevice":
      return shard.addDevice(operation.device, done);
    case "changeDevice":
      return devices.get(operation.device.name).change(operation.device, done);
    case "removeDevice":
      return shard.removeDevice(operation.device, done);
    case "resyncSize":
      return devices.get(operation.device).resyncSize(operation.force, done);
    case "sync":
      return devices.get(operation.device).sync(done);
    case "memory":
      return done(undefined, shard.memoryView);
    case "setSlow":
      shard.node.tally.slow.threshold = operation.milliseconds;
      break;
    case "figures":
      return tellFigures(shard, part, done);
    case "devicesAdded":
      devices.reportLeftovers();
      break;
    case "deviceViews":
      return done(undefined, devices.views);
    case "reservations":
      return done(undefined, shard.reservationsOf(operation.device));
    case "setTarget":
      shard.setTarget(operation.target, operation.quiet);
      break;
    case "removeTarget":
      shard.removeTarget(operation.target);
      break;
    case "setDomainInitiators":
      shard.setDomainInitiators(operation.target, operation.initiators);
      break;
    case "setDeviceGroup":
      shard.setDeviceGroup(operation.deviceGroup);
      break;
    case "removeDeviceGroup":
      deviceGroups.remove(operation.deviceGroup);
      break;
    case "changeTargetGroup":
      deviceGroups.alter(operation.deviceGroup, operation.targetGroup, operation.change);
      break;
    case "accessState":
      return done(
        undefined,
        deviceGroups.stateOf(operation.deviceGroup, operation.targetGroup),
      );
    case "copyCounters":
      return done(undefined, shard.copyCounters.snapshot());
    case "resetCopyCounters":
      shard.copyCounters.reset(operation.direction);
      break;
    case "addPortal":
      shard.addPortal(operation.portal, operation.fd);
      break;
    case "removePortal":
      shard.removePortal(operation.portal);
      break;
    case "device":
      return done(undefined, devices.viewOf(operation.device));
    case "session":
      return done(undefined, shard.sessionView(operation.sid));
    case "closeSession":
      shard.closeSession(operation.sid);
      break;
    case "resetCounters":
      shard.resetCounters(operation.sid, operation.direction);
      break;
    case "stop":
      return shard.stop(done);
    default:
      return performLive(shard, operation, done);
  }
  done(undefined);
}
