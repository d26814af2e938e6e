/** Configurations for tests: one target on one loopback portal, a LUN per disk. */
import type { HandlerName, UserModel, UsersModel } from "../../lib/scst/model.ts";

/** The name of the target that {@linkcode diskYaml} configures. */
export const TARGET_NAME = "iqn.2026-11.org.example:disk1";

export interface DiskOptions {
  /** The LUN; by default the disk's place in the list. */
  readonly lun?: number;
  /** The device's name; `disk` and its place in the list if not given. */
  readonly name?: string;
  /** vdisk_fileio if a file name is given, else vdisk_nullio. */
  readonly handler?: HandlerName;
  readonly filename?: string;
  /** Bytes, or with a unit as in the configuration: `64MiB`. */
  readonly size?: string | number;
  readonly blocksize?: number;
  readonly readOnly?: boolean;
  readonly thinProvisioned?: boolean;
  readonly rotational?: boolean;
  readonly removable?: boolean;
  readonly writeThrough?: boolean;
  readonly nvCache?: boolean;
  /** Past the page cache. */
  readonly oDirect?: boolean;
  readonly naaId?: string;
  readonly usn?: string;
}

export interface TargetOptions {
  /** `HOST:PORT`; any free port of 127.0.0.1 if not given. */
  readonly portals?: readonly string[];
  readonly target?: string;
  /** The users of the target, and of discovery; nobody has to authenticate where nothing is said. */
  readonly users?: UsersModel;
  readonly discoveryUsers?: UsersModel;
  /** Addresses at which CHAP is not required. */
  readonly internalPortals?: readonly string[];
}

function usersYaml({ incomingUsers, outgoingUser }: UsersModel): string[] {
  const map = (users: readonly UserModel[]) =>
    `{${users.map(({ name, secret }) => `"${name}": "${secret}"`).join(", ")}}`;
  const outgoing = outgoingUser === undefined ? [] : [`OutgoingUser: ${map([outgoingUser])}`];
  return [`IncomingUser: ${map(incomingUsers)}`, ...outgoing];
}

/** The YAML of one target with the given disks as its LUNs. */
export function diskYaml(disks: readonly DiskOptions[], options: TargetOptions = {}): string {
  const lines = ["portals:"];
  for (const portal of options.portals ?? ["127.0.0.1:0"]) lines.push(`  - "${portal}"`);
  lines.push("devices:");
  const luns: string[] = [];
  for (const [index, disk] of disks.entries()) {
    const name = disk.name ?? `disk${index}`;
    luns.push(`      ${disk.lun ?? index}: ${name}`);
    const handler = disk.handler ?? (disk.filename === undefined ? "vdisk_nullio" : "vdisk_fileio");
    lines.push(`  ${name}:`, `    handler: ${handler}`);
    const values: [string, string | number | boolean | undefined][] = [
      ["filename", disk.filename],
      ["size", disk.size],
      ["blocksize", disk.blocksize],
      ["read_only", disk.readOnly],
      ["thin_provisioned", disk.thinProvisioned],
      ["rotational", disk.rotational],
      ["removable", disk.removable],
      ["write_through", disk.writeThrough],
      ["nv_cache", disk.nvCache],
      ["o_direct", disk.oDirect],
      ["async", disk.oDirect === true ? 1 : undefined],
      ["naa_id", disk.naaId === undefined ? undefined : `"${disk.naaId}"`],
      ["usn", disk.usn === undefined ? undefined : `"${disk.usn}"`],
    ];
    for (const [key, value] of values) {
      if (value !== undefined) lines.push(`    ${key}: ${value}`);
    }
  }
  lines.push("targets:", `  ${options.target ?? TARGET_NAME}:`);
  if (options.users !== undefined) {
    lines.push(...usersYaml(options.users).map((line) => `    ${line}`));
  }
  lines.push("    luns:", ...luns);
  const driver = options.discoveryUsers === undefined ? [] : usersYaml(options.discoveryUsers);
  const { internalPortals } = options;
  if (internalPortals !== undefined) driver.push(`internal_portal: [${internalPortals}]`);
  if (driver.length > 0) lines.push("iscsi:", ...driver.map((line) => `  ${line}`));
  return lines.join("\n") + "\n";
}

/** Makes a sparse backing file of `size` bytes in `dir` and returns its path. */
export function backingFile(dir: string, name: string, size: number): string {
  const path = `${dir}/${name}`;
  using file = Deno.openSync(path, { createNew: true, write: true });
  file.truncateSync(size);
  return path;
}
