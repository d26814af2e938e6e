/** Where a target sends its initiators instead: SCST's `redirect`. */
import type { RedirectModel } from "../scst/model.ts";
import type { ScalarRule } from "./attribute.ts";
import { parsePortal } from "./portal.ts";

export const REDIRECT: ScalarRule<RedirectModel> = {
  allowed:
    'ADDRESS or ADDRESS:PORT, then "temp" or "perm", as in "10.0.0.2:3260 temp"; an IPv6 address stands in brackets',
  parse: ({ text }) => {
    const [address = "", type, ...more] = text.trim().split(/\s+/);
    const portal = parsePortal(address);
    if (portal === undefined || portal.port === 0 || more.length > 0) return undefined;
    if (type !== "temp" && type !== "perm") return undefined;
    return { portal, permanent: type === "perm" };
  },
};
