/** The management tree of a running server, through its control socket. */
import { isTreeErrno } from "../admin/control/answer.ts";
import { namesOf } from "../admin/local_client.ts";
import { quote } from "../config/problem.ts";
import { TreeError } from "../admin/tree.ts";
import type { Subtree, SubtreeQuery, TreeClient, TreeEntry } from "../admin/tree_client.ts";
import { entryOfTold } from "../admin/tree_entries.ts";
import { Failure, NoServerError } from "./failure.ts";
import { exchange, type Patience, type Reply } from "./control_exchange.ts";
import { controlPath } from "./control_path.ts";
import type { VerbInput } from "./verb.ts";

/** The tree that `--socket`, or else this user's default, leads to. Throws Failure. */
export function connectTree({ options }: Pick<VerbInput, "options">): SocketTreeClient {
  return new SocketTreeClient(controlPath(options.get("socket")));
}

/**
 * Its methods reject with the server's TreeErrors, with a NoServerError where nobody answers, and
 * with a Failure where it is no server of ours.
 */
export class SocketTreeClient implements TreeClient {
  readonly #socket: string;

  /** `socket` is a path. */
  constructor(socket: string) {
    this.#socket = socket;
  }

  async list(path: string): Promise<readonly TreeEntry[]> {
    return (await this.subtree(path, { depth: 1, contents: false })).map(entryOfTold);
  }

  async subtree(path: string, { depth, contents }: SubtreeQuery): Promise<readonly Subtree[]> {
    const query = `?depth=${depth}${contents ? "&contents" : ""}`;
    const { type, text } = await this.#request("GET", path, query);
    const entries = type.startsWith("application/json") ? parseJson(text) : undefined;
    if (!Array.isArray(entries)) throw this.#stranger();
    return entries as Subtree[];
  }

  async read(path: string, patience?: Patience): Promise<string> {
    const { type, text } = await this.#request("GET", path, "", "", patience);
    if (type.startsWith("text/plain")) return text;
    throw new TreeError("EISDIR", `${quote(path)} is a directory`);
  }

  async write(path: string, text: string): Promise<void> {
    await this.#request("PUT", path, "", text);
  }

  /** What the server says at `target`, a path beside the tree. */
  async get(target: string, patience?: Patience): Promise<string> {
    return (await this.#exchange("GET", `/${target}`, "", patience)).text;
  }

  /** The JSON that the server says at `target`, which is a `T` where it is of this version. */
  async getJson<T>(target: string, patience?: Patience): Promise<T> {
    const value = parseJson(await this.get(target, patience));
    if (value === undefined) throw this.#stranger();
    return value as T;
  }

  /** What the server answers to a text that is sent to `target`, a path beside the tree. */
  async post(target: string, text: string): Promise<string> {
    return (await this.#exchange("POST", `/${target}`, text)).text;
  }

  #request(
    method: string,
    path: string,
    query: string,
    body = "",
    patience?: Patience,
  ): Promise<Reply> {
    const encoded = namesOf(path).map(encodeURIComponent).join("/");
    return this.#exchange(method, `/tree/${encoded}${query}`, body, patience);
  }

  async #exchange(
    method: string,
    target: string,
    body: string,
    patience?: Patience,
  ): Promise<Reply> {
    const reply = await exchange(this.#socket, method, target, body, patience).catch((error) => {
      throw wordFailure(this.#socket, error);
    });
    if (reply === undefined) {
      throw new NoServerError(`The server at ${this.#socket} has ended without a whole answer`);
    }
    if (reply.status >= 200 && reply.status < 300) return reply;
    throw refusalIn(reply) ?? this.#stranger();
  }

  #stranger(): Failure {
    return new Failure(`What answers at ${this.#socket} is not a server of this version of scst`);
  }
}

/** What the server refused; undefined if it is no refusal of ours. */
function refusalIn({ text }: Reply): TreeError | undefined {
  const { errno, message } = Object(parseJson(text)) as Record<string, unknown>;
  return isTreeErrno(errno) ? new TreeError(errno, String(message)) : undefined;
}

/** Undefined where it is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Sentences for what connect(2) says. */
function wordFailure(socket: string, cause: unknown): Error {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const sentence = (text: string) => new NoServerError(text, { cause });
  const advice = "start one with scst serve, or name its socket with --socket";
  if (code === "ENOENT" || code === "ENOTDIR") {
    return sentence(`There is no server: ${socket} does not exist; ${advice}`);
  }
  if (code === "EACCES" || code === "EPERM") {
    return sentence(`There is no permission to use ${socket}: be root, or of the socket's group`);
  }
  if (cause instanceof Deno.errors.TimedOut) {
    return sentence(`The server at ${socket} does not answer: ${cause.message}; is it stuck?`);
  }
  if (!isSocket(socket)) return sentence(`${socket} is not a socket; ${advice}`);
  if (code === "ECONNREFUSED") {
    return sentence(`No server answers at ${socket}: it has ended and left its socket; ${advice}`);
  }
  const why = cause instanceof Error ? cause.message : String(cause);
  return sentence(`The server at ${socket} does not answer: ${why}`);
}

function isSocket(path: string): boolean {
  try {
    return Deno.statSync(path).isSocket === true;
  } catch {
    return true; // it has gone meanwhile, or cannot be seen: then that is what was said
  }
}
