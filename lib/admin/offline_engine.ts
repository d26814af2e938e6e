/** An engine that serves nobody and agrees to everything: for configurations that are only looked at. */
import type { Engine, SessionView } from "./engine.ts";
import { offlineLive } from "./live_engine.ts";

const agreed = (): Promise<undefined> => Promise.resolve(undefined);

export class OfflineEngine implements Engine {
  readonly live = offlineLive();
  readonly sessions: Iterable<SessionView> = [];
  readonly session: Engine["session"] = agreed;
  readonly domainInitiators = () => undefined;
  readonly resetCounters: Engine["resetCounters"] = agreed;
  readonly setDriver: Engine["setDriver"] = agreed;
  readonly addDevice: Engine["addDevice"] = agreed;
  readonly changeDevice: Engine["changeDevice"] = agreed;
  readonly removeDevice: Engine["removeDevice"] = agreed;
  readonly setTarget: Engine["setTarget"] = agreed;
  readonly removeTarget: Engine["removeTarget"] = agreed;
  readonly setDeviceGroup: Engine["setDeviceGroup"] = agreed;
  readonly changeTargetGroup: Engine["changeTargetGroup"] = agreed;
  readonly removeDeviceGroup: Engine["removeDeviceGroup"] = agreed;
  readonly memory: Engine["memory"] = agreed;
  readonly figures: Engine["figures"] = agreed;
  readonly accessState: Engine["accessState"] = agreed;
  readonly copyCounters: Engine["copyCounters"] = agreed;
  readonly resetCopyCounters: Engine["resetCopyCounters"] = agreed;
  readonly device: Engine["device"] = agreed;
  readonly deviceViews = (): ReturnType<Engine["deviceViews"]> => Promise.resolve(new Map());
  readonly resyncSize: Engine["resyncSize"] = agreed;
  readonly syncDevice: Engine["syncDevice"] = agreed;
  readonly reservations = () => Promise.resolve("");
  readonly closeSession: Engine["closeSession"] = agreed;
  readonly addPortal: Engine["addPortal"] = agreed;
  readonly removePortal: Engine["removePortal"] = agreed;
}
