/** Users of the machine by their names, and which of them has to own what a server uses. */
import { SYSTEM } from "../../ffi/platform.ts";
import { readSystemFile } from "../../ffi/system_file.ts";

/** Whom an installed server runs as. */
export const SERVICE_USER = "scst";

interface User {
  readonly name: string;
  readonly uid: number;
}

/** The lines of /etc/passwd (passwd(5)). */
export function usersOf(text: string): User[] {
  return text.split("\n").flatMap((line) => {
    const [name = "", , uid = ""] = line.split(":");
    return name !== "" && /^\d+$/.test(uid) ? [{ name, uid: Number(uid) }] : [];
  });
}

function users(): User[] {
  const text = readSystemFile("/etc/passwd");
  return typeof text === "string" ? usersOf(text) : [];
}

/** Whether an installed server has its user here. */
export function hasServiceUser(): boolean {
  return users().some(({ name }) => name === SERVICE_USER);
}

/** The name of a user, or its number where it has none. */
export function nameOf(uid: number): string {
  return users().find((user) => user.uid === uid)?.name ?? String(uid);
}

/** How root asks the same as the service's user, with the arguments `args`. */
export function askAsService(args: string): string {
  return SYSTEM === "linux"
    ? `runuser -u ${SERVICE_USER} -- scst doctor${args}`
    : `su -m ${SERVICE_USER} -c 'scst doctor${args}'`;
}
