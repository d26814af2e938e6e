import { CONTENT } from "./example.ts";
import { Rig } from "./rig.ts";

/** A rig whose disk holds CONTENT. */
export function filledRig(thinProvisioned = true): Rig {
  const rig = new Rig({ size: CONTENT.length, thinProvisioned, removable: true });
  Deno.writeFileSync(rig.path, CONTENT);
  return rig;
}

/** Whether the disk still holds CONTENT. */
export function isUnchanged(rig: Rig): boolean {
  return Deno.readFileSync(rig.path).every((byte, index) => byte === CONTENT[index]);
}
