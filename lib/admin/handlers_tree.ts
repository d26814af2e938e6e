/** `handlers/`: the kinds of devices, with the `mgmt` by which devices come and go. */
import { type HandlerName, HANDLERS } from "../scst/model.ts";
import type { Administration } from "./administration.ts";
import { handlerHelp, manageHandler } from "./handler_mgmt.ts";
import { named } from "./named.ts";
import { changeable, directory, type FoundEntries, link, readable } from "./nodes.ts";
import { traceLevel, VDISK_TRACES } from "./trace_level.ts";
import type { TreeDirectory } from "./tree.ts";

/** PERIPHERAL DEVICE TYPE and what it is called, as `type` of a handler and of a device say it. */
export function typeText(handler: HandlerName): string {
  return handler === "vcdrom"
    ? "5 - CD-ROM device\n"
    : "0 - Direct-access device (e.g., magnetic disk)\n";
}

export function handlersDirectory(administration: Administration): TreeDirectory {
  const entries = HANDLERS.map((handler) =>
    [handler, () => handlerDirectory(administration, handler)] as const
  );
  return directory(Object.fromEntries(entries));
}

function handlerDirectory(administration: Administration, handler: HandlerName): TreeDirectory {
  return directory({
    mgmt: () =>
      changeable(
        () => handlerHelp(handler),
        (text) => manageHandler(administration, handler, text),
      ),
    type: () => readable(() => typeText(handler)),
    trace_level: () => traceLevel(VDISK_TRACES),
  }, devicesOf(administration, handler));
}

function devicesOf(administration: Administration, handler: HandlerName): FoundEntries {
  const devices = () => administration.model.devices.filter((device) => device.handler === handler);
  return {
    names: () => devices().map(({ name }) => name),
    lookup: (name) =>
      named(administration.model.devices, name)?.handler === handler
        ? link(`../../devices/${name}`)
        : undefined,
  };
}
