/** The options for whole configurations. */
import { printScstConf } from "../../config/scst_conf/print.ts";
import { applyConfig, readConfig, refuseErrors } from "./apply_config.ts";
import { clearConfig } from "./clear_config.ts";
import type { Operation } from "./operation.ts";
import { readRunning } from "./running.ts";
import { Fatal, type Session } from "./session.ts";
import { writtenConfig } from "./write_config.ts";

const DEFAULT_FILE = "/etc/scst.conf";
const REMARK = "Written by scst admin -write_config";

export const CONFIG_OPERATIONS: readonly Operation[] = [
  {
    option: "config",
    value: "[FILE]",
    asks: "with -force",
    help: `apply a configuration (${DEFAULT_FILE}); with -force remove what is not in it`,
    run: async (session, { value }) => {
      const config = await configOf(session, value);
      if (config === undefined) return;
      refuseErrors(session, config);
      await applyConfig(session, config.wanted);
    },
  },
  {
    option: "check_config",
    value: "[FILE]",
    help: `check a configuration (${DEFAULT_FILE})`,
    run: async (session, { value }) => {
      const config = await configOf(session, value);
      return config !== undefined && config.errors > 0 ? 1 : 0;
    },
  },
  {
    option: "write_config",
    value: "FILE",
    help: "write what is running as a configuration",
    run: async (session, { value }) => {
      const config = await writtenConfig(session, await readRunning(session.client));
      try {
        session.caller.writeFile(value, printScstConf(config, REMARK));
      } catch (error) {
        throw new Fatal(messageOf(error));
      }
      session.print(`The configuration is in '${value}'.`);
    },
  },
  {
    option: "clear_config",
    asks: true,
    help: "remove everything that was configured; needs -force",
    run: async (session) => {
      await clearConfig(session);
    },
  },
];

function configOf(session: Session, value: string) {
  const path = value === "" ? DEFAULT_FILE : value;
  let text: string;
  try {
    text = session.caller.readFile(path);
  } catch (error) {
    throw new Fatal(messageOf(error));
  }
  return readConfig(session, text, path);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
