/** `pr_state` of a device: its persistent reservations as a text. */
import type { Administration } from "./administration.ts";
import { readable } from "./nodes.ts";
import type { TreeFile } from "./tree.ts";

export function reservationsFile(administration: Administration, device: string): TreeFile {
  return readable(() => administration.engine.reservations(device));
}
