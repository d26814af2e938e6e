/** Rigs that have what every row of the opcode table needs. */
import { CONTENT } from "./example.ts";
import { Rig, type RigOptions, TARGET } from "./rig.ts";
import { targetGroup } from "./target_groups.ts";

/** A disk that has every command of the table. */
export const ALL_COMMANDS: RigOptions = {
  thinProvisioned: true,
  removable: true,
  explAlua: true,
  targetGroups: [targetGroup(1, [TARGET])],
};

/** A rig whose disk holds CONTENT; a thin one has every command. */
export function filledRig(thinProvisioned = true): Rig {
  const rig = new Rig({ ...ALL_COMMANDS, size: CONTENT.length, thinProvisioned });
  Deno.writeFileSync(rig.path, CONTENT);
  return rig;
}

/** Whether the disk still holds CONTENT. */
export function isUnchanged(rig: Rig): boolean {
  return Deno.readFileSync(rig.path).every((byte, index) => byte === CONTENT[index]);
}
