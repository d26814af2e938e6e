/** Where the management tree is mounted. */
import { PLACES } from "../../ffi/places.ts";
import { absolutePath } from "./state_dir.ts";

/** Where an installed server has it. */
export const TREE_PATH: string = PLACES.tree;

/** Where an option or SCST_TREE wants it; undefined where they want none, or TREE_PATH if they say nothing. */
export function treePath(given?: string): string | undefined {
  const named = given ?? Deno.env.get("SCST_TREE");
  if (named === "none") return undefined;
  return named === undefined || named === "" ? TREE_PATH : absolutePath(named);
}
