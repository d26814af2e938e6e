/** Sockets bound to addresses that this machine does not have, to see how they are written. */
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const IPPROTO_IPV6 = 41;
const IPV6_FREEBIND = 78;

/** A struct sockaddr_in6 of Linux. */
function sockaddr(groups: readonly number[], port: number): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(28));
  view.setUint16(0, AF_INET6, true);
  view.setUint16(2, port);
  groups.forEach((group, index) => view.setUint16(8 + index * 2, group));
  return new Uint8Array(view.buffer);
}

/**
 * Calls `body` with the descriptor of an IPv6 socket that is bound to the eight groups of an address.
 * Returns undefined where there is no IPv6, and no FREEBIND.
 */
export function withBoundSocket<Result>(
  groups: readonly number[],
  port: number,
  body: (fd: number) => Result,
): Result | undefined {
  if (Deno.build.os !== "linux") return undefined;
  const library = Deno.dlopen("libc.so.6", {
    socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
    setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
    bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
  });
  const { socket, setsockopt, bind, close } = library.symbols;
  const fd = socket(AF_INET6, SOCK_STREAM, 0);
  try {
    const one = new Uint8Array(new Int32Array([1]).buffer);
    if (setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, one, 4) !== 0) return undefined;
    return bind(fd, sockaddr(groups, port), 28) === 0 ? body(fd) : undefined;
  } finally {
    close(fd);
    library.close();
  }
}
