/**
 * What the service may do with the files of devices. Its unit shuts places that are open to its user, so
 * that a file which that user can write is not to be written all the same.
 */
import { dirname } from "node:path";
import { SYSTEM } from "../../ffi/platform.ts";
import { readSystemFile } from "../../ffi/system_file.ts";
import { shellWord } from "./shell_word.ts";
import { failure, type Finding, note, ok, type Patient } from "./finding.ts";
import { hasServiceUser } from "./who.ts";

/** Where units are, the first one counts (systemd.unit(5)). */
const UNIT_DIRS = ["/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib"].map((dir) =>
  `${dir}/systemd/system`
);
const UNIT = "scst.service";
const DROP_INS = `/etc/systemd/system/${UNIT}.d`;

/** What ProtectHome= and PrivateTmp= take away (systemd.exec(5)). */
const HOMES = ["/home", "/root", "/run/user"];
const TEMPORARY = ["/tmp", "/var/tmp"];

/** What a unit and its drop-ins say of places. */
export interface Sandbox {
  /** Whether everything but these is shut for writing; undefined if nothing is. */
  readonly writable: readonly string[] | undefined;
  /** Places that the service does not see. */
  readonly hidden: readonly string[];
}

/** Reads units in their order: what a later one says counts, and lists grow until they are emptied. */
export function sandboxOf(texts: readonly string[]): Sandbox {
  let paths: string[] = [];
  const last = new Map<string, string>();
  for (const [, key = "", value = ""] of texts.join("\n").matchAll(/^(\w+)=[ \t]*(.*?)[ \t]*$/gm)) {
    const words = value.split(/\s+/).filter((word) => word !== "");
    if (key === "StateDirectory") paths.push(...words.map((name) => `/var/lib/${name}`));
    else if (key !== "ReadWritePaths") last.set(key, value);
    else if (words.length === 0) paths = [];
    else paths.push(...words.map((word) => word.replace(/^[-+]+/, "")));
  }
  const isOn = (key: string) => /^(?:yes|true|on|1|tmpfs)$/.test(last.get(key) ?? "no");
  return {
    writable: last.get("ProtectSystem") === "strict" ? paths : undefined,
    hidden: [...isOn("ProtectHome") ? HOMES : [], ...isOn("PrivateTmp") ? TEMPORARY : []],
  };
}

/** What the unit that is installed says; undefined if none is. */
function installedSandbox(): Sandbox | undefined {
  const unit = UNIT_DIRS.map((dir) => readSystemFile(`${dir}/${UNIT}`))
    .find((text) => typeof text === "string");
  if (unit === undefined) return undefined;
  return sandboxOf([String(unit), ...dropIns()]);
}

function dropIns(): string[] {
  let names: string[];
  try {
    names = [...Deno.readDirSync(DROP_INS)].map(({ name }) => name);
  } catch {
    return [];
  }
  return names.filter((name) => name.endsWith(".conf")).sort()
    .map((name) => readSystemFile(`${DROP_INS}/${name}`))
    .filter((text) => typeof text === "string");
}

/** Only asked about the configuration that the service has. */
export function lookAtService({ wants, isOfService }: Patient): Finding[] {
  if (SYSTEM !== "linux" || !isOfService || !hasServiceUser()) return [];
  const sandbox = installedSandbox();
  if (sandbox === undefined) return [note("the service of systemd is not installed")];
  const findings = (wants?.devices ?? []).flatMap(({ name, filename, readOnly, active = true }) => {
    if (filename === undefined || !active || filename.startsWith("/dev/")) return [];
    return judgeFile(sandbox, name, resolved(filename), readOnly);
  });
  return findings.length > 0 ? findings : [ok("the unit of the service lets it at its files")];
}

/** What keeps a service in its sandbox from the file of a device, which is at `path` without links. */
export function judgeFile(
  { writable, hidden }: Sandbox,
  device: string,
  path: string,
  readOnly: boolean,
): Finding[] {
  const isIn = (dir: string) => path.startsWith(dir === "/" ? dir : `${dir}/`) || path === dir;
  const hide = hidden.find(isIn);
  if (hide !== undefined) {
    const mend = `mv ${shellWord(path)} /srv/   # and change its filename`;
    return [failure(`device ${device}: the service does not see ${hide}, with ${path}`, mend)];
  }
  if (readOnly || writable === undefined || writable.some(isIn)) return [];
  const dir = shellWord(dirname(path));
  const what = `device ${device}: the service may not write to ${dirname(path)}, with ${path}`;
  return [failure(
    what,
    `mkdir -p ${DROP_INS} && printf '[Service]\\nReadWritePaths=%s\\n' ${dir} ` +
      `>>${DROP_INS}/paths.conf && systemctl daemon-reload && systemctl restart scst`,
  )];
}

function resolved(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    return path; // that it is not there is told elsewhere
  }
}
