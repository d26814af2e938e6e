/** The address of a portal: where to listen, in numbers. */
import { isForAll, isIPv6, type PortalModel } from "../scst/model.ts";
import type { ScalarRule } from "./attribute.ts";

/** The port that IANA gave to iSCSI targets (RFC 7143 section 13). */
export const ISCSI_PORT = 3260;

/** What parsePortal() takes, in the words of an error message. */
export const PORTAL_ALLOWED =
  'ADDRESS or ADDRESS:PORT with an IPv4 address, or an IPv6 address in brackets, as in "127.0.0.1:3260" or "[::1]:3260"';

/** An address without a port, in its canonical form. */
export const ADDRESS: ScalarRule<string> = {
  allowed: "an IPv4 or IPv6 address without a port",
  parse: ({ text }) => canonicalIpv4(text) ?? canonicalIpv6(text),
};

/** The portal that `text` stands for, the address in its canonical form, or undefined. */
export function parsePortal(text: string): PortalModel | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text);
  if (!match) return undefined;
  const [, ipv6, ipv4, portText] = match;
  const hostname = ipv6 === undefined ? canonicalIpv4(ipv4 ?? "") : canonicalIpv6(ipv6);
  const port = portText === undefined ? ISCSI_PORT : Number(portText);
  if (hostname === undefined || port > 65535) return undefined;
  return { hostname, port };
}

function canonicalIpv4(text: string): string | undefined {
  const octets = text.split(".");
  // "010" is 8 for some programs and 10 for others.
  const valid = octets.length === 4 &&
    octets.every((octet) => /^(?:0|[1-9]\d{0,2})$/.test(octet) && Number(octet) <= 255);
  return valid ? text : undefined;
}

/** An IPv4 address in an IPv6 one (RFC 4291 2.5.5.2) is the IPv4 address. */
function canonicalIpv6(text: string): string | undefined {
  if (!/^[0-9a-fA-F:.]+$/.test(text)) return undefined;
  const address = URL.parse(`http://[${text}]/`)?.hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(address ?? "") ?? [];
  if (high === undefined || low === undefined) return address;
  const [one, other] = [parseInt(high, 16), parseInt(low, 16)];
  return [one >> 8, one & 0xff, other >> 8, other & 0xff].join(".");
}

/** What may have been meant by `text`, which parsePortal() refused. */
export function portalHint(text: string): string | undefined {
  if (canonicalIpv6(text) !== undefined) return `an IPv6 address needs brackets, write "[${text}]"`;
  const host = /^(.*?)(?::(\d+))?$/.exec(text)?.[1] ?? text;
  if (Number(/:(\d+)$/.exec(text)?.[1]) > 65535) return "a port is 0 to 65535";
  if (/^\[.*%.*\]$/.test(host)) return "an address with a zone is not taken";
  const named = /^[a-z0-9.-]*[a-z][a-z0-9.-]*$/i.test(host);
  return named ? "host names are not looked up, write the address" : undefined;
}

/** Whether both portals cannot be listened on at once; port 0 is another port each time. */
export function portalsOverlap(a: PortalModel, b: PortalModel): boolean {
  if (a.port === 0 || a.port !== b.port) return false;
  if (a.hostname === b.hostname) return true;
  const sameFamily = isIPv6(a.hostname) === isIPv6(b.hostname);
  return sameFamily && (isForAll(a.hostname) || isForAll(b.hostname));
}
