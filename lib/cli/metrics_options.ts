/** Where `scst serve` shows metrics over TCP, and to whom. */
import { quote } from "../config/problem.ts";
import { parsePortal } from "../config/portal.ts";
import { reason } from "../config/read_text.ts";
import { log } from "../log.ts";
import { isLoopback } from "../metrics/door.ts";
import { formatPortal, type PortalModel } from "../scst/model.ts";
import { Failure, UsageError } from "./failure.ts";
import type { VerbOption } from "./verb.ts";

export const METRICS_OPTIONS: readonly VerbOption[] = [
  {
    name: "metrics",
    value: "PORTAL",
    description:
      "show /metrics and the status page there: PORT on 127.0.0.1, or ADDRESS:PORT, which needs a token where others than this machine can reach it",
  },
  {
    name: "metrics-token",
    value: "FILE",
    description: "the token that clients have to show (Authorization: Bearer), alone in its file",
    completion: "file",
  },
];

export interface MetricsOptions {
  readonly portal: PortalModel;
  readonly token: string | undefined;
}

/** What the options say; undefined where metrics are not wanted. Throws UsageError, Failure. */
export function metricsOptions(options: ReadonlyMap<string, string>): MetricsOptions | undefined {
  const [text, path] = [options.get("metrics"), options.get("metrics-token")];
  if (text === undefined) {
    if (path !== undefined) throw new UsageError("--metrics-token says nothing without --metrics");
    return undefined;
  }
  const portal = portalIn(text);
  if (path === undefined && !isLoopback(portal.hostname)) {
    const where = formatPortal(portal);
    throw new UsageError(
      `Others could read the metrics at ${where}: name a file with a token (--metrics-token)`,
    );
  }
  return { portal, token: path === undefined ? undefined : tokenIn(path) };
}

/** A port alone is one of 127.0.0.1. Throws UsageError. */
function portalIn(text: string): PortalModel {
  const portal = parsePortal(/^\d+$/.test(text) ? `127.0.0.1:${text}` : text);
  if (portal !== undefined && (/^\d+$/.test(text) || /[^:]:\d+$/.test(text))) return portal;
  throw new UsageError(
    `--metrics must be PORT or ADDRESS:PORT, as in 9860 or 127.0.0.1:9860: current value is ${
      quote(text)
    }`,
  );
}

/** So many characters cannot be guessed. */
const TOKEN = /^[\x21-\x7e]{16,512}$/;
/** What others than owner and group may do with a file. */
const OTHERS = 0o007;

/** Throws Failure; what is in the file is not told. */
function tokenIn(path: string): string {
  let text: string;
  try {
    const { mode } = Deno.statSync(path);
    if (mode !== null && (mode & OTHERS) !== 0) {
      log("warning", `everybody on this machine may read the token in ${path}: chmod o= ${path}`);
    }
    text = Deno.readTextFileSync(path);
  } catch (error) {
    throw new Failure(`Cannot read the token in ${path}: ${reason(error)}`);
  }
  const token = text.replace(/\r?\n$/, "");
  if (TOKEN.test(token)) return token;
  throw new Failure(
    `The file ${path} must have a token in one line, of 16 to 512 characters without blanks`,
  );
}
