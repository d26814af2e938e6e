/** The commands of the system that findings name, which differ from one to the next. */
import { readSystemFile } from "../../ffi/system_file.ts";

/** Where administrators' commands are, which are on nobody else's PATH. */
const DIRS = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** Whether `command` is there. */
export function isThere(command: string): boolean {
  const path = (Deno.env.get("PATH") ?? "").split(":");
  return [...path, ...DIRS].some((dir) => {
    try {
      return Deno.statSync(`${dir}/${command}`).isFile;
    } catch {
      return false;
    }
  });
}

/** Words of os-release(5), and how packages are installed there. */
const INSTALLERS: readonly (readonly [id: RegExp, command: string])[] = [
  [/\b(?:debian|ubuntu)\b/, "apt-get install"],
  [/\b(?:fedora|rhel)\b/, "dnf install"],
  [/\barch\b/, "pacman -S"],
  [/\balpine\b/, "apk add"],
  [/\bsuse\b/, "zypper install"],
];

/** What installs a package that has one name everywhere; `release` is the text of os-release. */
export function installCommand(name: string, release: string): string {
  const ids = [...release.matchAll(/^ID(?:_LIKE)?=(.*)$/gm)].map(([, value]) => value).join(" ");
  const command = INSTALLERS.find(([id]) => id.test(ids))?.[1];
  return `${command ?? "install"} ${name}`;
}

/** The text of os-release of this machine; empty where there is none. */
export function osRelease(): string {
  const text = readSystemFile("/etc/os-release");
  return typeof text === "string" ? text : "";
}
