/** What the control socket answers, and the HTTP status (RFC 9110 15) of each errno. */
import type { TreeErrno, TreeError } from "../tree.ts";

export interface Answer {
  readonly status: number;
  /** The media type; without a body there is none. */
  readonly type?: string;
  readonly body?: string | Uint8Array;
  /** The methods that a path has, where another one was asked for (RFC 9110 10.2.1). */
  readonly allow?: string;
  /** Other fields of the head, by name. */
  readonly fields?: Readonly<Record<string, string>>;
}

const STATUS: Readonly<Record<TreeErrno, number>> = {
  E2BIG: 413,
  EACCES: 403,
  EAGAIN: 503,
  EBADSLT: 400,
  EBUSY: 409,
  EEXIST: 409,
  EINVAL: 400,
  EIO: 500,
  EISDIR: 409,
  EMEDIUMTYPE: 400,
  ENAMETOOLONG: 414,
  ENODEV: 404,
  ENOENT: 404,
  ENOSPC: 507,
  ENOTDIR: 404,
  EOPNOTSUPP: 501,
  EPERM: 403,
  ERANGE: 400,
  EROFS: 403,
};

/** Whether a client was told the name of an errno that the tree has. */
export function isTreeErrno(text: unknown): text is TreeErrno {
  return typeof text === "string" && Object.hasOwn(STATUS, text);
}

/** The answer to what the tree refused. */
export function refusal({ errno, message }: TreeError): Answer {
  return errorAnswer(STATUS[errno], errno, message);
}

/** An answer that says what is wrong: the errno for programs, a sentence for people. */
export function errorAnswer(status: number, errno: TreeErrno, message: string): Answer {
  return { ...jsonAnswer({ errno, message }), status };
}

/** The answer to a GET, as JSON. */
export function jsonAnswer(value: unknown): Answer {
  return { status: 200, type: "application/json", body: `${JSON.stringify(value)}\n` };
}
