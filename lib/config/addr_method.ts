/** How LUNs are addressed in REPORT LUNS: an attribute of targets and of groups. */
import { ADDR_METHODS, type AddrMethod, TARGET_DEFAULTS } from "../scst/model.ts";
import { optional, type ScalarRule } from "./attribute.ts";
import { oneOf } from "./problem.ts";

export const ADDR_METHOD_RULE: ScalarRule<AddrMethod> = {
  allowed: oneOf(ADDR_METHODS),
  parse: ({ text }) => ADDR_METHODS.find((method) => method === text.toUpperCase()),
};

export const ADDR_METHOD = optional<AddrMethod>(ADDR_METHOD_RULE, TARGET_DEFAULTS.addrMethod);
