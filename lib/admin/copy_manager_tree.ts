/**
 * `targets/copy_manager/`: in SCST the target of the copy manager has every device as a LUN. Here a copy
 * goes from device to device of the session that asks for it, and this shows what can take part.
 */
import type { Administration } from "./administration.ts";
import { changeable, digit, directory, link, readable, valueText } from "./nodes.ts";
import { traceLevel } from "./trace_level.ts";
import { type TreeDirectory, TreeError } from "./tree.ts";
import { commandOf } from "./words.ts";
import { named } from "./named.ts";

const FIXED =
  "the copy manager has every device by itself, and lets an initiator copy between those " +
  "that it has access to";

function refuseChange(): never {
  throw new TreeError("EINVAL", `Nothing can be changed here: ${FIXED}`);
}

/**
 * scstadmin takes all LUNs away before it clears a configuration, and gives up where it cannot: that is
 * taken, and they go with their devices.
 */
function manageLuns(text: string): void {
  const { word } = commandOf(text);
  if (word !== "clear" && word !== "del") refuseChange();
}

export function copyManagerDirectory(administration: Administration): TreeDirectory {
  return directory({
    // A copy only touches what its initiator may touch itself (CVE-2020-28374).
    allow_not_connected_copy: () => readable(() => "0\n"),
    trace_level: traceLevel,
    copy_manager_tgt: () =>
      directory({
        luns: () => lunsDirectory(administration),
        ini_groups: () =>
          directory({ mgmt: () => changeable(() => `Usage: ${FIXED}\n`, refuseChange) }),
        sessions: () =>
          directory({
            copy_manager_sess: () => directory({ luns: () => link("../../luns") }),
          }),
      }),
  });
}

function lunsDirectory(administration: Administration): TreeDirectory {
  const luns = () => administration.numbers.copyLuns;
  return directory({
    mgmt: () => changeable(() => `Usage: ${FIXED}\n`, manageLuns),
  }, {
    names: () => Array.from(luns().keys(), String),
    lookup: (name) => {
      const device = /^\d+$/.test(name) ? luns().get(Number(name)) : undefined;
      if (device === undefined) return undefined;
      const isReadOnly = () => named(administration.model.devices, device)?.readOnly === true;
      return directory({
        device: () => link(`../../../../../devices/${device}`),
        read_only: () => readable(() => valueText(digit(isReadOnly()), isReadOnly())),
      });
    },
  });
}
