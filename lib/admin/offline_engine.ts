/** An engine that serves nobody and agrees to everything: for configurations that are only looked at. */
import type { Engine, SessionState } from "./engine.ts";

const agreed = () => Promise.resolve(undefined);

export class OfflineEngine implements Engine {
  readonly sessions: Iterable<SessionState> = [];
  readonly sessionCounters = agreed;
  readonly resetCounters = agreed;
  readonly setDriver = agreed;
  readonly addDevice = agreed;
  readonly changeDevice = agreed;
  readonly removeDevice = agreed;
  readonly setTarget = agreed;
  readonly removeTarget = agreed;
  readonly setDeviceGroup = agreed;
  readonly removeDeviceGroup = agreed;
  readonly deviceSize = () => Promise.resolve(0);
  readonly resyncSize = agreed;
  readonly syncDevice = agreed;
  readonly reservations = () => Promise.resolve("");
  readonly closeSession = agreed;
  readonly addPortal = agreed;
  readonly removePortal = agreed;
}
