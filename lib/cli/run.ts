/** The life of a server in the foreground, the same for every verb that has one. */
import { Administration } from "../admin/administration.ts";
import { emptyModel } from "../admin/empty_model.ts";
import { LogHistory } from "../admin/log_history.ts";
import { serverEngine } from "../admin/server_engine.ts";
import type { Step } from "../admin/steps.ts";
import type { Reloaded } from "../admin/control/config_routes.ts";
import type { ConfigFile } from "../config/config_file.ts";
import { log } from "../log.ts";
import { formatPortal, type PortalModel, type ServerModel } from "../scst/model.ts";
import { Server, StartError } from "../shard/server.ts";
import { openDoors } from "./doors.ts";
import { ExitCode, Failure, reportFailure } from "./failure.ts";
import { print } from "./output.ts";
import { type ReadAgain, Reloader } from "./reload.ts";
import type { MetricsOptions } from "./metrics_options.ts";
import { Retries } from "./retries.ts";
import { onHangup, stopRequested } from "./signals.ts";
import { makeStateDir } from "./state_dir.ts";
import { Supervision } from "./supervision.ts";

/** What differs between the verbs that serve. */
export interface ServeOptions {
  /** Hears when initiators can connect, and where. */
  readonly onReady?: (portals: readonly PortalModel[]) => void;
  /** Reads the model anew at SIGHUP; rejects with a ConfigError. Without it SIGHUP changes nothing. */
  readonly read?: ReadAgain;
  /** Where the server is administered; nowhere where it is left out. */
  readonly control?: string;
  /** Id of the group that may administer it; the group of the process where it is left out. */
  readonly gid?: number;
  /** Where the management tree is mounted; nowhere where it is left out. */
  readonly tree?: string;
  /** Milliseconds from which on the log tells of a command; Infinity tells of none. */
  readonly slow?: number;
  /** Where metrics are shown over TCP; nowhere where it is left out. */
  readonly metrics?: MetricsOptions;
  /** Where the configuration is saved; it cannot be where it is left out. */
  readonly file?: ConfigFile;
  /** Whether nothing comes up where anything is broken. */
  readonly isStrict?: boolean;
  /** What has been logged since the start. */
  readonly history?: LogHistory;
  /** Milliseconds that a stop may take; STOP_DEADLINE_MS where it is left out. */
  readonly stopDeadline?: number;
}

/**
 * Serves `model` until a signal asks for the end, then closes sessions and flushes devices. Prints
 * one line `listening on HOST:PORT` for each portal. Throws StartError, Failure.
 */
export async function serveModel(
  model: ServerModel,
  options: ServeOptions,
): Promise<ExitCode> {
  const { onReady, read, control, gid, tree, metrics, file, isStrict = false, stopDeadline } =
    options;
  const { history = new LogHistory() } = options;
  // A signal that comes during the start is obeyed right after it.
  const stop = stopRequested(stopDeadline);
  makeStateDir(model.stateDir);
  const sources = { started: Date.now(), history };
  const server = new Server(model.stateDir);
  if (options.slow !== undefined) await server.setSlow(options.slow);
  using supervision = new Supervision(server);
  const administration = new Administration(serverEngine(server), emptyModel(model.stateDir));
  const started = bringUp(server, administration, model, isStrict).then(() =>
    read === undefined ? undefined : new Reloader(administration, model, read)
  );
  const reload = async (reloader: Reloader, cause: string): Promise<Reloaded> => {
    supervision.reloading();
    return await reloader.reload(cause).finally(() => supervision.reloaded());
  };
  onHangup(() => {
    started.then(async (reloader) => {
      if (reloader !== undefined) await reload(reloader, "SIGHUP");
      else log("info", "SIGHUP: there is no configuration to read again");
    }).catch(reportFailure);
  });
  const reloader = await started;
  await using _doors = await openDoors(administration, {
    control,
    gid,
    tree,
    metrics,
    file,
    sources,
    reload: reloader && (() => reload(reloader, "scst reload")),
  });
  for (const portal of server.portals) print(`listening on ${formatPortal(portal)}`);
  onReady?.(server.portals);
  supervision.ready();
  const retries = new Retries(administration);
  await stop;
  retries.stop();
  supervision.stopping();
  await stopInOrder(server);
  log("info", "stopped");
  return ExitCode.OK;
}

/**
 * Has the server serve what the model says. What is broken is named in the log, and the rest comes up;
 * only a portal has to be had, and everything with `isStrict`. Throws StartError.
 */
async function bringUp(
  server: Server,
  administration: Administration,
  model: ServerModel,
  isStrict: boolean,
): Promise<void> {
  await administration.apply(() => ({ ...model, portals: [] }), (step, refusal) => {
    if (refusal === undefined) return;
    if (isStrict) throw new StartError(`Cannot ${step.what}: ${refusal.message}`);
    log("error", `${lostBy(step) ?? `cannot ${step.what}`}: ${refusal.message}`);
  });
  await server.reportLeftovers();
  for (const portal of model.portals) await server.openPortal(portal, model.portals);
  await administration.takePortals(server.portals, model.portals);
}

/** What is not there because a step was refused; undefined where it only is not as it should be. */
function lostBy({ device, newTarget }: Step): string | undefined {
  if (device !== undefined) return `device '${device.name}' is not served`;
  return newTarget && `target '${newTarget.name}' is not served`;
}

/** Closes sessions and flushes devices. Throws Failure if not everything could be flushed. */
export async function stopInOrder(server: Pick<Server, "stop">): Promise<void> {
  try {
    await server.stop();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Failure(`Cannot stop in order: ${why}`, { cause: error });
  }
}
