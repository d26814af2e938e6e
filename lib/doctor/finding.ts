/** What `scst doctor` finds, and what it looks at. */
import type { DeviceModel, PortalModel, TargetModel } from "../scst/model.ts";

/** From the least to the worst. */
export type Level = "ok" | "note" | "warning" | "error";

export interface Finding {
  readonly level: Level;
  /** A sentence without its end. */
  readonly says: string;
  /** The command that mends it. */
  readonly mend?: string;
}

/** What a configuration wants of the machine: the part of a ServerModel that needs no ids. */
export interface Wants {
  readonly portals: readonly PortalModel[];
  readonly devices: readonly Pick<
    DeviceModel,
    "name" | "handler" | "filename" | "blocksize" | "readOnly" | "active"
  >[];
  readonly targets: readonly Pick<TargetModel, "name" | "attributes" | "luns" | "incomingUsers">[];
}

/** Who asks, and about what. */
export interface Patient {
  /** The user that looks: what may be opened is asked as this one. */
  readonly uid: number;
  /** Who is to own what the server uses. */
  readonly owner: string;
  /** The configuration that is looked at, as a path. */
  readonly config: string;
  /** Whether that is the one of the installed service. */
  readonly isOfService: boolean;
  /** Whether who asks is neither the service's user nor root: what he may open is not what counts. */
  readonly isAboutOther: boolean;
  /** How the same is asked as another user: the arguments of this command. */
  readonly args: string;
  /** undefined if there is no valid configuration. */
  readonly wants: Wants | undefined;
  readonly stateDir: string;
  /** Where the management tree is to be mounted; undefined if it is to be nowhere. */
  readonly treePath: string | undefined;
  /** Whether a server answers at the control socket: it has the ports and files then. */
  readonly isServing: boolean;
}

export interface Check {
  /** What is looked at, in a word or two. */
  readonly name: string;
  readonly look: (patient: Patient) => Finding[] | Promise<Finding[]>;
}

export function ok(says: string): Finding {
  return { level: "ok", says };
}

export function note(says: string, mend?: string): Finding {
  return mend === undefined ? { level: "note", says } : { level: "note", says, mend };
}

/** As note(), of what is worth a look but need not be wrong. */
export function warning(says: string, mend: string): Finding {
  return { level: "warning", says, mend };
}

export function failure(says: string, mend: string): Finding {
  return { level: "error", says, mend };
}
