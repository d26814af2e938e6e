/** The life of a server in the foreground, the same for every verb that has one. */
import { log } from "../log.ts";
import { formatPortal, type PortalModel, type ServerModel } from "../scst/model.ts";
import { type Server, startServer } from "../shard/server.ts";
import { ExitCode, Failure, reportFailure } from "./failure.ts";
import { print } from "./output.ts";
import { Reloader } from "./reload.ts";
import { onHangup, stopRequested } from "./signals.ts";

/** What differs between the verbs that serve. */
export interface ServeOptions {
  /** Hears when initiators can connect, and where. */
  readonly onReady?: (portals: readonly PortalModel[]) => void;
  /** Reads the model anew at SIGHUP; throws ConfigError. Without it SIGHUP changes nothing. */
  readonly read?: () => ServerModel;
}

/**
 * Serves `model` until a signal asks for the end, then closes sessions and flushes devices. Prints
 * one line `listening on HOST:PORT` for each portal. Throws StartError, Failure.
 */
export async function serveModel(
  model: ServerModel,
  { onReady, read }: ServeOptions,
): Promise<ExitCode> {
  // A signal that comes during the start is obeyed right after it.
  const stop = stopRequested();
  const started = startServer(model).then((server) => ({
    server,
    reloader: read === undefined ? undefined : new Reloader(model, server, read),
  }));
  onHangup(() => {
    started.then(async ({ reloader }) => {
      if (reloader !== undefined) await reloader.reload();
      else log("info", "SIGHUP: there is no configuration to read again");
    }).catch(reportFailure);
  });
  const { server } = await started;
  for (const portal of server.portals) print(`listening on ${formatPortal(portal)}`);
  onReady?.(server.portals);
  await stop;
  await stopInOrder(server);
  log("info", "stopped");
  return ExitCode.OK;
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
