/** The head of an HTTP/1.1 request (RFC 9112 3 and 5), from its lines. */
import { HttpError } from "./http_error.ts";

export type HeadFields = ReadonlyMap<string, readonly string[]>;

export interface RequestHead {
  readonly method: string;
  /** Path and query, percent-encoded as they came. */
  readonly target: string;
  /** The values of each field, by its name in lower case. */
  readonly fields: HeadFields;
  /** Bytes of the body, or that it comes in chunks. */
  readonly length: number | "chunked";
  /** The client sends the body when it hears 100 (RFC 9110 10.1.1). */
  readonly expectsContinue: boolean;
  /** Whether the connection ends with the answer. */
  readonly closes: boolean;
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const REQUEST_LINE = new RegExp(`^(${TOKEN}) (\\S+) HTTP/(\\d)\\.(\\d)$`);
const FIELD_LINE = new RegExp(`^(${TOKEN}):[ \\t]*(.*?)[ \\t]*$`);
// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/;

/** The first line of a head (RFC 9112 3). */
export interface RequestLine {
  readonly method: string;
  readonly target: string;
  /** HTTP/1.0. */
  readonly isOld: boolean;
}

/** What the first line says: whoever does not speak HTTP is told at once. Throws an HttpError. */
export function parseRequestLine(line: string): RequestLine {
  const match = REQUEST_LINE.exec(line);
  if (match === null) throw bad("The request line is not METHOD PATH HTTP/1.1");
  const [, method = "", target = "", major, minor] = match;
  if (major !== "1") throw new HttpError(505, "EOPNOTSUPP", "HTTP must have version 1.1 or 1.0");
  return { method, target: originForm(target), isOld: minor === "0" };
}

/** What a head says: its first line, and the lines of its fields. Throws an HttpError. */
export function parseHead(
  { method, target, isOld }: RequestLine,
  lines: readonly string[],
): RequestHead {
  const fields = parseFields(lines);
  const hosts = fields.get("host")?.length ?? 0;
  if (hosts > 1 || hosts === 0 && !isOld) throw bad("There must be one Host");
  const expectations = listed(fields, "expect");
  if (expectations.some((text) => text !== "100-continue")) {
    throw new HttpError(417, "EOPNOTSUPP", "The only expectation that is met is 100-continue");
  }
  return {
    method,
    target,
    fields,
    length: bodyLength(fields, isOld),
    expectsContinue: expectations.length > 0 && !isOld,
    closes: isOld || listed(fields, "connection").includes("close"),
  };
}

function bad(message: string): HttpError {
  return new HttpError(400, "EINVAL", message);
}

function parseFields(lines: readonly string[]): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  for (const line of lines) {
    const match = FIELD_LINE.exec(line);
    if (match === null || CONTROL.test(line)) throw bad("A header line is not NAME: VALUE");
    const [, name = "", value = ""] = match;
    const values = fields.get(name.toLowerCase());
    if (values === undefined) fields.set(name.toLowerCase(), [value]);
    else values.push(value);
  }
  return fields;
}

/** The members of a list, in lower case. */
function listed(fields: ReadonlyMap<string, readonly string[]>, name: string): string[] {
  return (fields.get(name) ?? []).flatMap((value) => value.split(","))
    .map((member) => member.trim().toLowerCase()).filter((member) => member !== "");
}

/** A client may name the server before the path (RFC 9112 3.2.2). Throws an HttpError. */
function originForm(target: string): string {
  const path = target.replace(/^https?:\/\/[^/?#]*/i, "") || "/";
  if (!path.startsWith("/")) throw bad("The path must begin with /");
  return path;
}

/** RFC 9112 6.3; who says the length twice may mean another request (11.2). Throws an HttpError. */
function bodyLength(
  fields: ReadonlyMap<string, readonly string[]>,
  isOld: boolean,
): number | "chunked" {
  const lengths = new Set(fields.get("content-length") ?? []);
  const codings = listed(fields, "transfer-encoding");
  if (codings.length > 0) {
    if (lengths.size > 0 || isOld) throw bad("Transfer-Encoding cannot stand here");
    if (codings.length === 1 && codings[0] === "chunked") return "chunked";
    throw new HttpError(501, "EOPNOTSUPP", "The only transfer coding that is known is chunked");
  }
  const [length = "0"] = lengths;
  if (lengths.size > 1 || !/^\d{1,15}$/.test(length)) throw bad("Content-Length is not one number");
  return Number(length);
}
