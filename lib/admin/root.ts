/** The root of the management tree: SCST's, as scstadmin and shell scripts know it. */
import { number } from "../config/c_text.ts";
import { ROOT_KEPT } from "../config/kept.ts";
import type { Administration } from "./administration.ts";
import { copyManagerDirectory } from "./copy_manager_tree.ts";
import { deviceGroupsDirectory } from "./device_groups_tree.ts";
import { devicesDirectory } from "./devices_tree.ts";
import { handlersDirectory } from "./handlers_tree.ts";
import { keptFile } from "./kept_file.ts";
import { changeable, directory, readable, valueText } from "./nodes.ts";
import { driverDirectory } from "./targets_tree.ts";
import { trimmed, valueBy } from "./text_value.ts";
import { traceLevel } from "./trace_level.ts";
import type { TreeDirectory, TreeFile } from "./tree.ts";
import { versionText } from "./version.ts";

/** The tree of a server. */
export function managementTree(administration: Administration): TreeDirectory {
  const kept = ROOT_KEPT.map((row) => [
    row.name,
    () =>
      keptFile(
        row,
        () => administration.model.kept,
        (update) => administration.change((model) => ({ ...model, kept: update(model.kept) })),
      ),
  ]);
  return directory({
    version: () => readable(versionText),
    // Every write ends when what it asked for is done, so that there is nothing to wait for.
    last_sysfs_mgmt_res: () => readable(() => "0\n"),
    trace_level: traceLevel,
    setup_id: () => setupId(administration),
    ...Object.fromEntries(kept),
    sgv: () => directory({}),
    handlers: () => handlersDirectory(administration),
    devices: () => devicesDirectory(administration),
    targets: () =>
      directory({
        iscsi: () => driverDirectory(administration),
        copy_manager: () => copyManagerDirectory(administration),
      }),
    device_groups: () => deviceGroupsDirectory(administration),
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
