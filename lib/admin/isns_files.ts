/** The attributes of the driver for the iSNS server: `iSNSServer` and `isns_entity_name`. */
import { formatIsnsServer, ISNS_ENTITY_NAME, ISNS_SERVER } from "../config/isns_server.ts";
import type { DriverModel } from "../scst/model.ts";
import { changeable, daemonText, type Entries } from "./nodes.ts";
import { trimmed, valueBy } from "./text_value.ts";

/** `get` is the driver as it is, `change` has it become what an update makes of it. */
export function isnsFiles(
  get: () => DriverModel,
  change: (update: (driver: DriverModel) => DriverModel) => Promise<void>,
): Entries {
  return {
    iSNSServer: () =>
      changeable(
        () => {
          const { isnsServer } = get();
          if (isnsServer === undefined) return "\n\n";
          // As SCST's daemon writes it: a blank remains where there is no access control.
          const text = formatIsnsServer(isnsServer);
          return daemonText(isnsServer.accessControl ? text : `${text} `, true);
        },
        (text) => {
          const server = trimmed(text);
          if (server === "") {
            return change(({ isnsServer: _, ...driver }) => driver);
          }
          const isnsServer = valueBy(ISNS_SERVER, "iSNSServer", server);
          return change((driver) => ({ ...driver, isnsServer }));
        },
      ),
    isns_entity_name: () =>
      changeable(
        () => `${get().isnsEntityName ?? ""}\n`,
        (text) => {
          const name = trimmed(text);
          if (name === "") {
            return change(({ isnsEntityName: _, ...driver }) => driver);
          }
          const isnsEntityName = valueBy(ISNS_ENTITY_NAME, "isns_entity_name", name);
          return change((driver) => ({ ...driver, isnsEntityName }));
        },
      ),
  };
}
