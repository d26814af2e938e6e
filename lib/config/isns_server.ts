/** Where targets are registered: SCST's `iSNSServer`, and the name under which they are. */
import { formatPortal, isIPv6, type IsnsServerModel } from "../scst/model.ts";
import type { ScalarRule } from "./attribute.ts";
import { parsePortal } from "./portal.ts";

/** The port that IANA gave to iSNS (RFC 4171 section 9). */
const ISNS_PORT = 3205;

/** A host name (RFC 1123 2.1), whose last label is no number. */
const HOST_NAME =
  /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z](?:[a-z0-9-]*[a-z0-9])?$/i;

export const ISNS_SERVER: ScalarRule<IsnsServerModel> = {
  allowed:
    'HOST or HOST:PORT, then "AccessControl" if it is to say who may log in, as in "10.0.0.9 AccessControl"; an IPv6 address stands in brackets',
  parse: ({ text }) => {
    const [server = "", ...words] = text.trim().split(/\s+/);
    const accessControl = parseAccessControl(words);
    const [, host, portText] = /^(\[[^\]]+\]|[^:[\]]+)(?::(\d{1,5}))?$/.exec(server) ?? [];
    if (host === undefined || accessControl === undefined) return undefined;
    const port = portText === undefined ? ISNS_PORT : Number(portText);
    const hostname = parsePortal(host)?.hostname ?? (HOST_NAME.test(host) ? host : undefined);
    if (hostname === undefined || port === 0 || port > 65535) return undefined;
    return { hostname, port, accessControl };
  },
};

/** The text that ISNS_SERVER reads as the same. */
export function formatIsnsServer({ hostname, port, accessControl }: IsnsServerModel): string {
  const host = isIPv6(hostname) ? `[${hostname}]` : hostname;
  const server = port === ISNS_PORT ? host : formatPortal({ hostname, port });
  return accessControl ? `${server} AccessControl` : server;
}

/** As SCST reads it: nothing, `AccessControl`, or `AccessControl No`, in any case. */
function parseAccessControl(words: readonly string[]): boolean | undefined {
  const text = words.join(" ").toLowerCase();
  if (text === "" || text === "accesscontrol no") return false;
  return text === "accesscontrol" ? true : undefined;
}

export const ISNS_ENTITY_NAME: ScalarRule<string> = {
  allowed:
    'a name of 1 to 255 printable ASCII characters without blanks, that does not begin with "isns:"',
  // "isns:" is for names that servers make up (RFC 4171 6.2.1).
  parse: ({ text }) => /^(?!isns:)[!-~]{1,255}$/i.test(text) ? text.toLowerCase() : undefined,
};
