/** The section `iscsi` of a configuration: the attributes of SCST's target driver of that name. */
import { DRIVER_DEFAULTS, type DriverModel } from "../scst/model.ts";
import { type Attribute, type AttributeTable, optional, readObject } from "./attribute.ts";
import { BOOLEAN } from "./boolean.ts";
import { list } from "./list.ts";
import { ADDRESS } from "./portal.ts";

/** The keys of the driver, under the names of SCST. */
interface DriverAttributes {
  enabled: boolean;
  link_local: boolean;
  internal_portal: readonly string[];
}

/** More internal portals than this are a mistake. */
const MAX_INTERNAL_PORTALS = 64;

const TABLE: AttributeTable<DriverAttributes> = {
  enabled: optional<boolean>(BOOLEAN, DRIVER_DEFAULTS.enabled),
  link_local: optional<boolean>(BOOLEAN, DRIVER_DEFAULTS.linkLocal),
  internal_portal: list(ADDRESS, MAX_INTERNAL_PORTALS),
};

/** The `iscsi` of a configuration. */
export const DRIVER: Attribute<DriverModel> = {
  fallback: DRIVER_DEFAULTS,
  read: (node, path, problems) => {
    const { values } = readObject(TABLE, node, path, problems);
    return {
      enabled: values.enabled,
      linkLocal: values.link_local,
      internalPortals: values.internal_portal,
    };
  },
};
