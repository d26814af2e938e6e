/** Metrics and the status page over TCP, for those who asked for it: nothing else is reached there. */
import { createHash, timingSafeEqual } from "node:crypto";
import { type Answer, errorAnswer } from "../admin/control/answer.ts";
import type { ControlLimits, Guard } from "../admin/control/connection.ts";
import { ControlError } from "../admin/control/control_error.ts";
import { HttpServer } from "../admin/control/http_server.ts";
import type { HeadFields, RequestHead } from "../admin/control/request_head.ts";
import type { ControlRoute } from "../admin/control/route.ts";
import { formatPortal, isIPv6, type PortalModel } from "../scst/model.ts";

export interface MetricsDoorOptions {
  readonly portal: PortalModel;
  /** What clients have to show; undefined lets everybody in who can reach the portal. */
  readonly token: string | undefined;
  readonly routes: readonly ControlRoute[];
  /** Milliseconds that clients may take; those below where left out. */
  readonly limits?: ControlLimits;
}

export interface MetricsDoor {
  /** Where it is, with the real port. */
  readonly url: string;
  close(): Promise<void>;
}

const LIMITS: ControlLimits = { idle: 60_000, request: 5_000, answer: 10_000 };
/** Clients at one time: a scraper or two, and a few who look at the page. */
const MAX_CONNECTIONS = 16;

/** Whether only this machine can reach an address. */
export function isLoopback(hostname: string): boolean {
  return hostname === "::1" || /^127\./.test(hostname);
}

/** Opens the door. Throws a ControlError, a sentence about why it cannot be opened. */
export function openMetricsDoor(
  { portal, token, routes, limits = LIMITS }: MetricsDoorOptions,
): MetricsDoor {
  let listener: Deno.TcpListener;
  try {
    listener = Deno.listen({ ...portal, transport: "tcp" });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ControlError(`Cannot show metrics at ${formatPortal(portal)}: ${why}`);
  }
  const server = new HttpServer({
    name: "door for metrics",
    accept: () => listener.accept(),
    stopListening: () => listener.close(),
    routes,
    limits,
    maxConnections: MAX_CONNECTIONS,
    guard: token === undefined ? hostGuard : tokenGuard(token),
  });
  const { hostname, port } = listener.addr;
  return { url: `http://${formatPortal({ hostname, port })}/`, close: () => server.close() };
}

/**
 * Who needs no token has to name an address or localhost: a page of a stranger in a browser of this
 * machine could come by a host name that it has lead here (DNS rebinding), and read the answer.
 */
function hostGuard({ fields }: RequestHead): Answer | undefined {
  const host = (fields.get("host")?.[0] ?? "").replace(/:\d+$/, "");
  const isAddress = /^\d+\.\d+\.\d+\.\d+$/.test(host) ||
    host.startsWith("[") && host.endsWith("]") && isIPv6(host.slice(1, -1));
  if (host === "" || isAddress || host.toLowerCase() === "localhost") return undefined;
  return errorAnswer(403, "EACCES", "The Host must be an address or localhost");
}

/** The page itself says nothing of the server; what it shows it asks for with the token. */
function tokenGuard(token: string): Guard {
  const expected = digestOf(token);
  return ({ target, fields }) => {
    if (target === "/" || timingSafeEqual(digestOf(bearerIn(fields)), expected)) return undefined;
    const refusal = errorAnswer(401, "EACCES", "A token is needed: Authorization: Bearer TOKEN");
    return { ...refusal, fields: { "WWW-Authenticate": "Bearer" } };
  };
}

/** RFC 6750 2.1. */
function bearerIn(fields: HeadFields): string {
  const values = fields.get("authorization") ?? [];
  return values.length === 1 ? /^bearer +(\S+)$/i.exec(values[0]!)?.[1] ?? "" : "";
}

/** Of the same length whatever it is of: so much of a comparison takes as long as any other. */
function digestOf(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
