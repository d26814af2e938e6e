/** The groups of this machine, as far as /etc/group tells of them. */
import { quote } from "../../config/problem.ts";
import { ControlError } from "./control_error.ts";

const FILE = "/etc/group";
const MAX_GID = 0xffff_fffe;

/** The id of a group that is named, or is a number. Throws a ControlError. */
export function groupId(group: string, file = FILE): number {
  if (/^\d{1,10}$/.test(group) && Number(group) <= MAX_GID) return Number(group);
  let text: string;
  try {
    text = Deno.readTextFileSync(file);
  } catch (error) {
    throw new ControlError(`Cannot look up the group ${quote(group)} in ${file}: ${error}`);
  }
  for (const line of text.split("\n")) {
    // group(5): NAME:PASSWORD:GID:MEMBERS
    const [name, , id = ""] = line.split(":");
    if (name === group && /^\d+$/.test(id)) return Number(id);
  }
  throw new ControlError(`There is no group ${quote(group)} in ${file}`);
}
