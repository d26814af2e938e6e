/** Two sockets that are connected to each other, neither of which blocks. */
const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;

/** Descriptors of both ends, for the caller to close; a sentence where there is no such thing. */
export function socketPair(): readonly [number, number] | string {
  if (Deno.build.os !== "linux") return "SOCK_NONBLOCK missing: not Linux";
  const library = Deno.dlopen("libc.so.6", {
    socketpair: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  });
  try {
    const fds = new Int32Array(2);
    const bytes = new Uint8Array(fds.buffer);
    const result = library.symbols.socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, bytes);
    if (result !== 0) throw new Error("socketpair() failed");
    return [fds[0]!, fds[1]!];
  } finally {
    library.close();
  }
}
