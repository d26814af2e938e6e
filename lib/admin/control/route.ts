/** What is reached through the control socket, as data: paths, methods and limits. */
import { BUG_MET, bugLine } from "../../bug.ts";
import { log } from "../../log.ts";
import { TreeError } from "../tree.ts";
import { type Answer, errorAnswer, refusal } from "./answer.ts";
import type { HeadFields } from "./request_head.ts";

/** A request of which path and method are known to be there. */
export interface ControlRequest {
  /** The names behind the route's path, decoded. */
  readonly names: readonly string[];
  readonly query: URLSearchParams;
  /** What its head says besides. */
  readonly fields: HeadFields;
  readonly body: Uint8Array;
}

export type Handler = (request: ControlRequest) => Answer | Promise<Answer>;

export interface ControlRoute {
  /** `tree` or `config/apply`, or "" for the root alone; what stands behind it in a request is the route's matter. */
  readonly path: string;
  /** The handler of each method; GET answers HEAD as well (RFC 9110 9.3.2). A TreeError is told. */
  readonly methods: Readonly<Record<string, Handler>>;
  /** Bytes that a body may have. */
  readonly maxBody: number;
}

/** Who answers a request, and how much it may bring. */
export interface Match {
  readonly maxBody: number;
  /** Never rejects. */
  readonly answer: (body: Uint8Array) => Promise<Answer>;
}

/** Finds who answers `method` and `target` (path and query) of a head with `fields`; the refusal where nobody does. */
export function matchRoute(
  routes: readonly ControlRoute[],
  method: string,
  target: string,
  fields: HeadFields = new Map(),
): Match | Answer {
  const [path = "", queryText = ""] = target.split("#")[0]!.split(/\?(.*)/s);
  let names: string[];
  try {
    names = path.split("/").filter((name) => name !== "").map(decodeURIComponent);
  } catch {
    return errorAnswer(400, "EINVAL", "The path is not percent-encoded UTF-8");
  }
  const route = routes.find(({ path }) => leadsTo(path, names));
  if (route === undefined) {
    const known = routes.map(({ path }) => `/${path}`).join(", ");
    return errorAnswer(404, "ENOENT", `There is nothing at this path, but at ${known}`);
  }
  const handler = handlerOf(route, method);
  if (handler === undefined) {
    const allow = allowed(route);
    const message = `The methods of /${route.path} are ${allow}`;
    return { ...errorAnswer(405, "EOPNOTSUPP", message), allow };
  }
  const rest = names.slice(route.path.split("/").length);
  const query = new URLSearchParams(queryText);
  return {
    maxBody: route.maxBody,
    answer: (body) => handled(handler, { names: rest, query, fields, body }),
  };
}

function leadsTo(path: string, names: readonly string[]): boolean {
  if (path === "") return names.length === 0;
  return path.split("/").every((name, index) => name === names[index]);
}

function handlerOf({ methods }: ControlRoute, method: string): Handler | undefined {
  const name = method === "HEAD" ? "GET" : method;
  return Object.hasOwn(methods, name) ? methods[name] : undefined;
}

function allowed({ methods }: ControlRoute): string {
  return Object.keys(methods).flatMap((name) => name === "GET" ? ["GET", "HEAD"] : [name])
    .join(", ");
}

async function handled(handler: Handler, request: ControlRequest): Promise<Answer> {
  try {
    return await handler(request);
  } catch (error) {
    if (error instanceof TreeError) return refusal(error);
    log("error", bugLine(error));
    return errorAnswer(500, "EIO", BUG_MET);
  }
}
