/** The ways in which a running server is administered. */
import type { Administration } from "../admin/administration.ts";
import type { StatusSources } from "../admin/status.ts";
import { configRoutes, type Reloaded } from "../admin/control/config_routes.ts";
import { ControlError } from "../admin/control/control_error.ts";
import { type ControlDoorOptions, openControlDoor } from "../admin/control/door.ts";
import { statusRoute } from "../admin/control/status_route.ts";
import { whyRoute } from "../admin/control/why_route.ts";
import { openFuseDoor } from "../admin/fuse/door.ts";
import { FuseDoorError } from "../admin/fuse/fuse_door_error.ts";
import { managementTree } from "../admin/root.ts";
import type { TreeDirectory } from "../admin/tree.ts";
import type { ConfigFile } from "../config/config_file.ts";
import { log } from "../log.ts";
import { type MetricsDoorOptions, openMetricsDoor } from "../metrics/door.ts";
import { FeedSource } from "../metrics/feed.ts";
import { watchRoutes } from "../metrics/routes.ts";
import type { MetricsOptions } from "./metrics_options.ts";

export interface DoorOptions {
  /** The path of the control socket; there is none where it is left out. */
  readonly control?: string | undefined;
  /** Id of the group whose members may use it; the group of the process where it is left out. */
  readonly gid?: number | undefined;
  /** Where the tree is mounted; it is not where it is left out. */
  readonly tree?: string | undefined;
  /** Where metrics are shown over TCP; they are not where it is left out. */
  readonly metrics?: MetricsOptions | undefined;
  /** Where the configuration is saved; it cannot be where it is left out. */
  readonly file?: ConfigFile | undefined;
  readonly sources: StatusSources;
  /** Reads the configuration again; it cannot be where it is left out. */
  readonly reload?: (() => Promise<Reloaded>) | undefined;
}

interface Door {
  close(): Promise<void>;
}

/** Doors that are open until they are disposed of. */
export class Doors implements AsyncDisposable {
  #doors: readonly Door[];

  constructor(doors: readonly Door[]) {
    this.#doors = doors;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#doors.map((door) => door.close()));
  }
}

/** Opens what can be opened: a server without a door serves all the same, and says so once. */
export async function openDoors(
  administration: Administration,
  { control, gid, tree, metrics, file, sources, reload }: DoorOptions,
): Promise<Doors> {
  const root = managementTree(administration);
  const watch = watchRoutes(new FeedSource(administration, sources));
  const routes = [
    ...watch,
    statusRoute(administration, sources),
    whyRoute(administration),
    ...configRoutes(administration, file, reload),
  ];
  const doors = await Promise.all([
    control === undefined ? undefined : openControl(root, { path: control, gid, routes }),
    tree === undefined ? undefined : openTree(root, tree),
    metrics === undefined ? undefined : openMetrics({ ...metrics, routes: watch }),
  ]);
  return new Doors(doors.filter((door) => door !== undefined));
}

function openControl(
  root: TreeDirectory,
  options: ControlDoorOptions,
): Promise<Door | undefined> {
  return openControlDoor(root, options).catch((error) => {
    if (!(error instanceof ControlError)) throw error;
    log("warning", `${error.message}; scst's other commands cannot reach this server`);
    return undefined;
  });
}

function openMetrics(options: MetricsDoorOptions): Door | undefined {
  try {
    const door = openMetricsDoor(options);
    log("info", `metrics and the status page are at ${door.url}`);
    return door;
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    log("warning", `${error.message}; nobody can look at this server there`);
    return undefined;
  }
}

/** Root's tree is for everybody, as far as its modes say; another user's only if the system lets it. */
function openTree(root: TreeDirectory, mountPoint: string): Promise<Door | undefined> {
  const brokerSocket = Deno.env.get("SCST_FUSE_BROKER");
  const options = {
    mountPoint,
    allowOther: Deno.uid() === 0,
    report: log,
    ...(brokerSocket ? { brokerSocket } : {}),
  };
  return openFuseDoor(root, options).catch((error) => {
    if (!(error instanceof FuseDoorError)) throw error;
    log("warning", `${error.message}; the management tree is not mounted`);
    return undefined;
  });
}
