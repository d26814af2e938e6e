/** The control side of a server: starts the isolates, opens the portals, hands the model over. */
import { findListener } from "../../ffi/socket.ts";
import { returnStartupPages } from "../../ffi/startup_pages.ts";
import { createWake, Wake } from "../../ffi/wake.ts";
import { log } from "../log.ts";
import {
  formatPortal,
  isIPv6,
  type PortalModel,
  type ServerModel,
  type TargetGroupChange,
} from "../scst/model.ts";
import type { IoPoolHandle } from "../store/io_pool.ts";
import { createRingMemory, IoRing } from "../store/io_ring.ts";
import type { FromShard, Operation, Request, ShardStart } from "./messages.ts";

/** Milliseconds after which all threads have come up, and run what they are going to run. */
const SETTLED = 1000;

/** Why a server cannot start, as one sentence. */
export class StartError extends Error {
  override name = "StartError";
  /** What stands in the way. */
  readonly kind: "device" | "portal";
  /** Whether it is a port that somebody else listens on. */
  readonly portInUse: boolean;

  constructor(message: string, kind: "device" | "portal", portInUse = false) {
    super(message);
    this.kind = kind;
    this.portInUse = portInUse;
  }
}

/** A server that runs. */
export interface Server {
  /** What it listens on, with the real ports. */
  readonly portals: readonly PortalModel[];
  /**
   * Changes state or preference of a target group of a device group; both are named, and there.
   * Resolves with why not, as a sentence, or with undefined when it is done.
   */
  changeTargetGroup(
    deviceGroup: string,
    targetGroup: string,
    change: TargetGroupChange,
  ): Promise<string | undefined>;
  /**
   * Inserts an image into a drive, or takes out what is in when `filename` is undefined. Resolves with
   * why not, as a sentence, or with undefined when it is done.
   */
  setMedium(device: string, filename: string | undefined): Promise<string | undefined>;
  /** Closes all sessions, flushes all devices. Rejects when a device cannot be flushed. */
  stop(): Promise<void>;
}

/** The data isolate as main sees it. */
class ShardHandle {
  #pool: IoPoolHandle;
  #port: MessagePort;
  #wake: Wake;
  #waiting = new Map<number, (error: string | undefined) => void>();
  #lastId = 0;

  constructor(pool: IoPoolHandle, stateDir: string) {
    const { port1, port2 } = new MessageChannel();
    const wake = createWake();
    this.#pool = pool;
    this.#port = port1;
    this.#wake = new Wake(wake);
    port1.onmessage = (event: MessageEvent<FromShard>) => this.#receive(event.data);
    const worker = startWorker(new URL("./shard_worker.ts", import.meta.url), "shard");
    const start: ShardStart = { port: port2, wake, pool, stateDir };
    worker.postMessage(start, [port2]);
  }

  /** Has an operation done; resolves with an error sentence, or undefined. */
  request(operation: Operation): Promise<string | undefined> {
    const request: Request = { id: ++this.#lastId, operation };
    const answer = new Promise<string | undefined>((resolve) => {
      this.#waiting.set(request.id, resolve);
    });
    this.#port.postMessage(request);
    this.#wake.wake();
    return answer;
  }

  #receive(message: FromShard): void {
    if (message.kind === "log") return log(message.level, message.line);
    if (message.kind === "addWorker") return startIoWorker(this.#pool);
    this.#waiting.get(message.id)?.(message.error);
    this.#waiting.delete(message.id);
  }
}

/** Starts a Worker; an exception that leaves it is a bug that the program does not survive. */
function startWorker(url: URL, name: string): Worker {
  const worker = new Worker(url, { type: "module", name });
  worker.onerror = (event) => {
    event.preventDefault();
    log("error", `bug in the ${name} worker: ${event.message}`);
    Deno.exit(70); // EX_SOFTWARE
  };
  return worker;
}

/** Starts the first I/O worker; the shard has more as soon as they are of use. */
function startIoPool(): IoPoolHandle {
  const handle: IoPoolHandle = { ring: createRingMemory(), wake: createWake() };
  new IoRing(handle.ring).expectWorker();
  startIoWorker(handle);
  return handle;
}

function startIoWorker(handle: IoPoolHandle): void {
  startWorker(new URL("../store/io_worker.ts", import.meta.url), "io").postMessage(handle);
}

/** Starts a server. Throws a StartError when a device or a portal cannot be opened. */
export async function startServer(model: ServerModel): Promise<Server> {
  const shard = new ShardHandle(startIoPool(), model.stateDir);
  await shard.request({ kind: "setDriver", driver: model.driver });
  for (const device of model.devices) {
    const error = await shard.request({ kind: "addDevice", device });
    if (error !== undefined) throw new StartError(`Device '${device.name}': ${error}`, "device");
  }
  await shard.request({ kind: "devicesAdded" });
  for (const target of model.targets) await shard.request({ kind: "addTarget", target });
  for (const deviceGroup of model.deviceGroups) {
    await shard.request({ kind: "addDeviceGroup", deviceGroup });
  }
  const listeners = model.portals.map((portal) => listen(portal, model.portals));
  const portals: PortalModel[] = [];
  for (const listener of listeners) {
    const portal = listener.addr as Deno.NetAddr;
    const fd = findListener(portal);
    if (fd === undefined) throw new Error(`Cannot find the descriptor of ${formatPortal(portal)}`);
    const { hostname, port } = portal;
    portals.push({ hostname, port });
    await shard.request({ kind: "addPortal", portal: { hostname, port }, fd });
  }
  const settled = setTimeout(returnStartupPages, SETTLED);
  const changeTargetGroup = (
    deviceGroup: string,
    targetGroup: string,
    change: TargetGroupChange,
  ) => shard.request({ kind: "changeTargetGroup", deviceGroup, targetGroup, change });
  const stop = async () => {
    clearTimeout(settled);
    const error = await shard.request({ kind: "stop" });
    for (const listener of listeners) listener.close();
    if (error !== undefined) throw new Error(error);
  };
  const setMedium = async (device: string, filename: string | undefined) => {
    // The data isolate opens it, and must not be the first to wait for a file system that sleeps. Why
    // a file cannot be had the shard says in its own words.
    if (filename !== undefined) await Deno.stat(filename).catch(() => {});
    return await shard.request({ kind: "setMedium", device, filename });
  };
  return { portals, changeTargetGroup, setMedium, stop };
}

/** Whether one is for all IPv6 addresses and the other for IPv4, which many systems give the first one too. */
function bothTakeIPv4(one: PortalModel, other: PortalModel): boolean {
  const hosts = [one.hostname, other.hostname];
  return one.port === other.port && hosts.includes("::") &&
    !hosts.every(isIPv6);
}

function listen(portal: PortalModel, all: readonly PortalModel[]): Deno.Listener {
  try {
    return Deno.listen({ ...portal, transport: "tcp" });
  } catch (error) {
    const where = formatPortal(portal);
    if (error instanceof Deno.errors.AddrInUse) {
      const what = `Cannot listen on ${where}: the port is in use`;
      const other = all.find((one) => bothTakeIPv4(one, portal));
      if (other === undefined) throw new StartError(what, "portal", true);
      const why = "on this system [::] takes IPv4 as well, leave the other one out";
      throw new StartError(`${what} with portal ${formatPortal(other)}: ${why}`, "portal");
    }
    if (error instanceof Deno.errors.AddrNotAvailable) {
      const why = "this machine has no such address";
      throw new StartError(`Cannot listen on ${where}: ${why}`, "portal");
    }
    if (error instanceof Deno.errors.PermissionDenied) {
      const why = "ports below 1024 need CAP_NET_BIND_SERVICE";
      throw new StartError(`Cannot listen on ${where}: permission denied; ${why}`, "portal");
    }
    const why = error instanceof Error ? error.message : String(error);
    throw new StartError(`Cannot listen on ${where}: ${why}`, "portal");
  }
}
