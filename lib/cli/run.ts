/** The life of a server in the foreground, the same for every verb that has one. */
import { formatPortal } from "../config/portal.ts";
import { log } from "../log.ts";
import type { PortalModel, ServerModel } from "../scst/model.ts";
import { type Server, startServer } from "../shard/server.ts";
import { ExitCode, Failure } from "./failure.ts";
import { print } from "./output.ts";
import { stopRequested } from "./signals.ts";

/**
 * Serves `model` until a signal asks for the end, then closes sessions and flushes devices. Prints
 * one line `listening on HOST:PORT` for each portal and calls `onReady`. Throws StartError, Failure.
 */
export async function serveModel(
  model: ServerModel,
  onReady: (portals: readonly PortalModel[]) => void = () => {},
): Promise<ExitCode> {
  // A signal that comes during the start is obeyed right after it.
  const stop = stopRequested();
  const server = await startServer(model);
  for (const portal of server.portals) print(`listening on ${formatPortal(portal)}`);
  onReady(server.portals);
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
