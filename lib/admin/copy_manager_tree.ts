/**
 * `targets/copy_manager/`: in SCST the target of the copy manager has every device as a LUN. Here a copy
 * goes from device to device of the session that asks for it, and this shows what can take part, and what
 * copies have read and written.
 */
import { SWITCH } from "../config/c_text.ts";
import { COPY_MANAGER_KEPT } from "../config/kept.ts";
import type { KeptAttributes } from "../scst/model.ts";
import type { Administration } from "./administration.ts";
import { resettableStatistics, statistics } from "./counters.ts";
import { keptFiles } from "./kept_file.ts";
import { named } from "./named.ts";
import { changeable, digit, directory, link, readable, valueText } from "./nodes.ts";
import { trimmed, valueBy } from "./text_value.ts";
import { traceLevel } from "./trace_level.ts";
import { type TreeDirectory, TreeError, type TreeFile } from "./tree.ts";
import { commandOf } from "./words.ts";

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
    allow_not_connected_copy: notConnected,
    trace_level: traceLevel,
    copy_manager_tgt: () => targetDirectory(administration),
  });
}

/** A copy only touches what its initiator may touch itself (CVE-2020-28374). */
function notConnected(): TreeFile {
  return changeable(() => valueText(0, false), (text) => {
    if (!valueBy(SWITCH, "allow_not_connected_copy", trimmed(text))) return;
    const why = "an initiator could read and overwrite disks that it has no access to";
    throw new TreeError("EOPNOTSUPP", `allow_not_connected_copy cannot be 1: ${why}`);
  });
}

function targetDirectory(administration: Administration): TreeDirectory {
  const { engine } = administration;
  return directory({
    luns: () => lunsDirectory(administration),
    ini_groups: () =>
      directory({ mgmt: () => changeable(() => `Usage: ${FIXED}\n`, refuseChange) }),
    sessions: () => directory({ copy_manager_sess: () => sessionDirectory(administration) }),
    sg_tablesize: () => readable(() => "65535\n"),
    ...statistics(() => engine.copyCounters()),
    ...keptFiles(
      COPY_MANAGER_KEPT,
      () => keeper(administration.model.copyManager),
      (update) =>
        administration.change(({ copyManager, ...model }) => {
          const { kept } = update(keeper(copyManager));
          return kept === undefined ? model : { ...model, copyManager: kept };
        }),
    ),
  });
}

/** The copy manager's target, as what has attributes that are kept. */
function keeper(kept: KeptAttributes | undefined): { kept?: KeptAttributes } {
  return kept === undefined ? {} : { kept };
}

/** The session that copies would have in SCST. What they do now is told under the commands that asked. */
function sessionDirectory(administration: Administration): TreeDirectory {
  const { engine } = administration;
  const none = () => readable(() => "0\n");
  const luns = () => administration.numbers.copyLuns;
  return directory({
    initiator_name: () => readable(() => "copy_manager_sess\n"),
    commands: none,
    active_commands: none,
    luns: () => link("../../luns"),
    ...resettableStatistics(
      () => engine.copyCounters(),
      (direction) => administration.resetCopyCounters(direction),
    ),
  }, {
    names: () => Array.from(luns().keys(), (lun) => `lun${lun}`),
    lookup: (name) =>
      /^lun\d+$/.test(name) && luns().has(Number(name.slice(3)))
        ? directory({
          active_commands: none,
          thread_index: none,
          thread_pid: () => readable(() => `${Deno.pid}\n`),
        })
        : undefined,
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
