/**
 * One request to a control socket, and its answer (RFC 9112). Not with node:http: that of Deno 2.4.2
 * ends the process when a server dies in the middle of an answer.
 */

export interface Reply {
  readonly status: number;
  /** The media type; "" where there is none. */
  readonly type: string;
  readonly text: string;
}

/** How long an answer is waited for: for ever where nothing is said, as some changes take long. */
export interface Patience {
  /** Milliseconds. */
  readonly limit: number;
}

/** Bytes of an answer at most: the largest subtree that a server tells, and some. */
const MAX_ANSWER = 256 * 2 ** 20;

/**
 * Sends a request over the socket at `path`; `target` is percent-encoded. Resolves with undefined
 * where what came back is no whole answer. Rejects with a Deno.errors error where nobody answers, and
 * with Deno.errors.TimedOut where it takes longer than there is patience for.
 */
export async function exchange(
  path: string,
  method: string,
  target: string,
  body: string,
  patience?: Patience,
): Promise<Reply | undefined> {
  using conn = await Deno.connect({ transport: "unix", path });
  const answered = Promise.all([receive(conn), send(conn, method, target, body)]);
  const [received] = await (patience === undefined ? answered : within(answered, patience));
  return parseReply(received);
}

/** What a promise resolves with. Rejects with Deno.errors.TimedOut where that takes too long. */
async function within<T>(promise: Promise<T>, { limit }: Patience): Promise<T> {
  const late = Promise.withResolvers<never>();
  const why = `it was asked ${limit / 1000} s ago`;
  const timer = setTimeout(() => late.reject(new Deno.errors.TimedOut(why)), limit);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function send(
  conn: Deno.Conn,
  method: string,
  target: string,
  body: string,
): Promise<void> {
  const encoder = new TextEncoder();
  const content = encoder.encode(body);
  const head = encoder.encode([
    `${method} ${target} HTTP/1.1`,
    "Host: scst",
    "Connection: close",
    ...(method === "GET" ? [] : [`Content-Length: ${content.length}`]),
    "\r\n",
  ].join("\r\n"));
  try {
    for (const bytes of [head, content]) {
      for (let done = 0; done < bytes.length;) done += await conn.write(bytes.subarray(done));
    }
  } catch {
    // A server may refuse a request before it has all of it: the answer says why.
  }
}

/** Everything until the server ends the connection. */
async function receive(conn: Deno.Conn): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  while (length <= MAX_ANSWER) {
    const into = new Uint8Array(65536);
    const count = await conn.read(into).catch((error) => {
      if (error instanceof Deno.errors.ConnectionReset) return null;
      throw error;
    });
    if (count === null) break;
    parts.push(into.subarray(0, count));
    length += count;
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The scst of any version says how long an answer is; undefined where it is not whole. */
function parseReply(bytes: Uint8Array): Reply | undefined {
  const end = endOfHead(bytes);
  const head = new TextDecoder().decode(bytes.subarray(0, end));
  const status = /^HTTP\/1\.[01] (\d{3}) /.exec(head)?.[1];
  const field = (name: string) => new RegExp(`^${name}:[ \\t]*(.*?)[ \\t]*$`, "im").exec(head)?.[1];
  const body = bytes.subarray(end);
  if (status === undefined || body.length !== Number(field("content-length") ?? 0)) {
    return undefined;
  }
  const text = new TextDecoder().decode(body);
  return { status: Number(status), type: field("content-type") ?? "", text };
}

/** Where the body begins: behind the first empty line, or nowhere. */
function endOfHead(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, at + 1)) {
    if (bytes[at + 1] === 0x0d && bytes[at + 2] === 0x0a) return at + 3;
  }
  return bytes.length;
}
