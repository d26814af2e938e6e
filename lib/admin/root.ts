/** The root of the management tree: SCST's, as scstadmin and shell scripts know it. */
import { number } from "../config/c_text.ts";
import { ROOT_KEPT } from "../config/kept.ts";
import type { Administration } from "./administration.ts";
import { copyManagerDirectory } from "./copy_manager_tree.ts";
import { deviceGroupsDirectory } from "./device_groups_tree.ts";
import { devicesDirectory } from "./devices_tree.ts";
import { handlersDirectory } from "./handlers_tree.ts";
import { keptFiles } from "./kept_file.ts";
import { rootLiveFiles } from "./live_files.ts";
import { changeable, directory, once, readable, valueText } from "./nodes.ts";
import { driverDirectory } from "./targets_tree.ts";
import { trimmed, valueBy } from "./text_value.ts";
import { traceLevel } from "./trace_level.ts";
import type { TreeDirectory, TreeFile } from "./tree.ts";
import { versionText } from "./version.ts";

/** The tree of a server. */
export function managementTree(administration: Administration): TreeDirectory {
  const kept = keptFiles(
    ROOT_KEPT,
    () => administration.model,
    (update) => administration.change(update),
  );
  return directory({
    version: () => readable(versionText),
    last_sysfs_mgmt_res: () => readable(() => `${administration.lastResult}\n`),
    trace_level: traceLevel,
    ...rootLiveFiles(administration),
    setup_id: () => setupId(administration),
    ...kept,
    sgv: () => memoryDirectory(administration),
    handlers: once(() => handlersDirectory(administration)),
    devices: once(() => devicesDirectory(administration)),
    targets: once(() =>
      directory({
        iscsi: once(() => driverDirectory(administration)),
        copy_manager: once(() => copyManagerDirectory(administration)),
      })
    ),
    device_groups: once(() => deviceGroupsDirectory(administration)),
  });
}

/** Used for the ids of devices that are made afterwards. */
function setupId(administration: Administration): TreeFile {
  const get = () => administration.model.setupId ?? 0;
  return changeable(() => valueText(`0x${get().toString(16)}`, get() !== 0), (text) => {
    const id = valueBy(number(0, 0xffffffff), "setup_id", trimmed(text));
    return administration.change((model) => ({ ...model, setupId: id }));
  });
}

/** Bytes in a page, in which SCST counts. */
const PAGE = 4096;

/**
 * The memory of commands, as SCST's pools of it: there is one for all, whose size is what it is. A write
 * sets no counter back, as there is none that only grows.
 */
function memoryDirectory({ engine }: Administration): TreeDirectory {
  const read = async () => {
    const { kept = 0, lent = 0 } = await engine.memory() ?? {};
    return `${"Inactive/active pages".padEnd(42)} ${Math.ceil(kept / PAGE)}/${
      Math.ceil(lent / PAGE)
    }\n`;
  };
  return directory({ global_stats: () => changeable(read, () => {}) });
}
