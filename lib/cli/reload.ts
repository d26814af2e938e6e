/** A configuration that has changed, and the server that runs by what it said before: on SIGHUP. */
import { type Difference, differencesOf, withDifference } from "../config/differences.ts";
import { quote } from "../config/problem.ts";
import { log } from "../log.ts";
import type { ServerModel } from "../scst/model.ts";
import type { Server } from "../shard/server.ts";
import { reportFailure } from "./failure.ts";

/** What can be changed while the server runs; everything else needs a restart. */
interface RuntimeChange {
  /** The way to the value in the model, with `*` for any name. */
  readonly path: readonly string[];
  /** Whether the object of these names can have it changed, as a model says; always when left out. */
  readonly allows?: (model: ServerModel, names: readonly string[]) => boolean;
  /** Changes it to what the model says. Resolves with why not, as a sentence, or with undefined. */
  readonly apply: (
    server: Server,
    model: ServerModel,
    names: readonly string[],
  ) => Promise<string | undefined>;
}

const TARGET_GROUP = ["deviceGroups", "*", "targetGroups", "*"];

const RUNTIME_CHANGES: readonly RuntimeChange[] = [
  {
    path: ["devices", "*", "filename"],
    allows: (model, [device]) => named(model.devices, device).handler === "vcdrom",
    apply: (server, model, [device = ""]) =>
      server.setMedium(device, named(model.devices, device).filename),
  },
  {
    path: [...TARGET_GROUP, "state"],
    apply: (server, model, names) => alter(server, model, names, "state"),
  },
  {
    path: [...TARGET_GROUP, "preferred"],
    apply: (server, model, names) => alter(server, model, names, "preferred"),
  },
];

/** Changes one attribute of a target group, and not what initiators have made of the other. */
function alter(
  server: Server,
  { deviceGroups }: ServerModel,
  [group = "", targetGroup = ""]: readonly string[],
  attribute: "state" | "preferred",
): Promise<string | undefined> {
  const wanted = named(named(deviceGroups, group).targetGroups, targetGroup);
  return server.changeTargetGroup(group, targetGroup, { [attribute]: wanted[attribute] });
}

/** The item of a name that is in the list. */
function named<T extends { readonly name: string }>(
  items: readonly T[],
  name: string | undefined,
): T {
  return items.find((item) => item.name === name)!;
}

export class Reloader {
  #running: ServerModel;
  #server: Server;
  #read: () => ServerModel;
  #isBusy = false;
  #again = false;

  /** `server` runs by `model`; `read` reads the configuration anew, and throws ConfigError. */
  constructor(model: ServerModel, server: Server, read: () => ServerModel) {
    this.#running = model;
    this.#server = server;
    this.#read = read;
  }

  /** Reads the configuration and applies what can be applied, now or when that is done once more. */
  async reload(): Promise<void> {
    this.#again = true;
    if (this.#isBusy) return;
    this.#isBusy = true;
    while (this.#again) {
      this.#again = false;
      await this.#reload();
    }
    this.#isBusy = false;
  }

  async #reload(): Promise<void> {
    log("info", "SIGHUP: reading the configuration again");
    const wanted = this.#tryToRead();
    if (wanted === undefined) return;
    const differences = differencesOf(this.#running, wanted);
    if (differences.length === 0) log("info", "the configuration has not changed");
    for (const difference of differences) await this.#apply(difference, wanted);
  }

  #tryToRead(): ServerModel | undefined {
    try {
      return this.#read();
    } catch (error) {
      reportFailure(error);
      log("warning", "the configuration is not applied: everything stays as it is");
      return undefined;
    }
  }

  async #apply(difference: Difference, wanted: ServerModel): Promise<void> {
    const { text, before, after } = difference;
    const found = findChange(difference, this.#running, wanted);
    if (found === undefined) {
      const what = before === undefined
        ? "is new"
        : after === undefined
        ? "is gone"
        : "has changed";
      return log("warning", `${text} ${what}: that needs a restart`);
    }
    const error = await found.change.apply(this.#server, wanted, found.names);
    if (error !== undefined) return log("error", `${text} stays as it is: ${error}`);
    this.#running = withDifference(this.#running, difference);
    log("info", `${text} is now ${after === undefined ? "empty" : quote(String(after))}`);
  }
}

/** The row for a difference, with the names that stand for `*`; undefined when there is none. */
function findChange(
  { path }: Difference,
  running: ServerModel,
  wanted: ServerModel,
): { readonly change: RuntimeChange; readonly names: readonly string[] } | undefined {
  for (const change of RUNTIME_CHANGES) {
    const matches = change.path.length === path.length &&
      change.path.every((key, index) => key === "*" || key === path[index]);
    const names = path.filter((_, index) => change.path[index] === "*");
    const allows = (model: ServerModel) => change.allows?.(model, names) !== false;
    if (matches && allows(running) && allows(wanted)) return { change, names };
  }
  return undefined;
}
