/** Switches, as YAML writes them. */
import type { ScalarRule } from "./attribute.ts";

export const BOOLEAN: ScalarRule<boolean> = {
  allowed: "true or false",
  parse: ({ truth }) => truth,
};
