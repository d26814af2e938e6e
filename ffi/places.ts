/** Where an installed server has its files: what install.sh and the units say, for the other commands. */
import { SYSTEM, type System } from "./platform.ts";

export interface Places {
  readonly config: string;
  readonly state: string;
  /** The control socket. */
  readonly control: string;
  /** The management tree, where it is mounted. */
  readonly tree: string;
  /** The command that starts its service anew. */
  readonly restart: string;
}

export const PLACES_OF: Readonly<Record<System, Places>> = {
  linux: {
    config: "/etc/scst/scst.yaml",
    state: "/var/lib/scst",
    control: "/run/scst/control",
    tree: "/run/scst/tree",
    restart: "systemctl restart scst",
  },
  freebsd: {
    config: "/usr/local/etc/scst/scst.yaml",
    state: "/var/db/scst",
    control: "/var/run/scst/control",
    tree: "/var/run/scst/tree",
    restart: "service scst restart",
  },
};

/** Those of this system. */
export const PLACES: Places = PLACES_OF[SYSTEM];
