/** The section `iscsi` of a configuration: the attributes of SCST's target driver of that name. */
import { DRIVER_DEFAULTS, type DriverModel, type IsnsServerModel } from "../scst/model.ts";
import { type Attribute, type AttributeTable, optional, readObject } from "./attribute.ts";
import { BOOLEAN } from "./boolean.ts";
import { ISNS_ENTITY_NAME, ISNS_SERVER } from "./isns_server.ts";
import { list } from "./list.ts";
import { ADDRESS } from "./portal.ts";
import { type UserAttributes, USERS, usersModel } from "./users.ts";

/** The keys of the driver, under the names of SCST. */
export interface DriverAttributes extends UserAttributes {
  enabled: boolean;
  link_local: boolean;
  internal_portal: readonly string[];
  iSNSServer: IsnsServerModel | undefined;
  isns_entity_name: string | undefined;
}

/** More internal portals than this are a mistake. */
const MAX_INTERNAL_PORTALS = 64;

/** The keys of the driver. */
export const DRIVER_KEYS: AttributeTable<DriverAttributes> = {
  enabled: optional<boolean>(BOOLEAN, DRIVER_DEFAULTS.enabled),
  link_local: optional<boolean>(BOOLEAN, DRIVER_DEFAULTS.linkLocal),
  internal_portal: list(ADDRESS, MAX_INTERNAL_PORTALS),
  iSNSServer: optional<IsnsServerModel | undefined>(ISNS_SERVER, undefined),
  isns_entity_name: optional<string | undefined>(ISNS_ENTITY_NAME, undefined),
  ...USERS,
};

/** The `iscsi` of a configuration. */
export const DRIVER: Attribute<DriverAttributes> = {
  fallback: {
    enabled: DRIVER_DEFAULTS.enabled,
    link_local: DRIVER_DEFAULTS.linkLocal,
    internal_portal: DRIVER_DEFAULTS.internalPortals,
    iSNSServer: undefined,
    isns_entity_name: undefined,
    IncomingUser: [],
    OutgoingUser: [],
  },
  read: (node, path, problems) => readObject(DRIVER_KEYS, node, path, problems).values,
};

/** The model of the driver. */
export function driverModel(values: DriverAttributes): DriverModel {
  return {
    enabled: values.enabled,
    linkLocal: values.link_local,
    internalPortals: values.internal_portal,
    ...(values.iSNSServer === undefined ? {} : { isnsServer: values.iSNSServer }),
    ...(values.isns_entity_name === undefined ? {} : { isnsEntityName: values.isns_entity_name }),
    ...usersModel(values),
  };
}
