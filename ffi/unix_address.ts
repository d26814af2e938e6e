/** Addresses of Unix sockets (unix(7)). */
import { Errno } from "./errno.ts";
import { SYSTEM } from "./platform.ts";

export const AF_UNIX = 1;

/** struct sockaddr_un (sys/un.h); FreeBSD has a length in front. */
const ADDRESS = {
  linux: { size: 110, family: 0, path: 2 },
  freebsd: { size: 106, family: 1, path: 2 },
}[SYSTEM];

/**
 * The address of the socket at the path `name`, or, if that begins with "@", of the abstract one of that
 * name, which Linux has: its first byte is NUL, and its length counts. -ENAMETOOLONG if it does not fit.
 */
export function unixAddress(name: string): Uint8Array<ArrayBuffer> | number {
  const bytes = new TextEncoder().encode(name);
  const isAbstract = name.startsWith("@");
  // A path ends with a NUL.
  if (bytes.length + (isAbstract ? 0 : 1) > ADDRESS.size - ADDRESS.path) return -Errno.ENAMETOOLONG;
  const address = new Uint8Array(isAbstract ? ADDRESS.path + bytes.length : ADDRESS.size);
  if (SYSTEM === "freebsd") address[0] = address.length;
  address[ADDRESS.family] = AF_UNIX;
  address.set(bytes, ADDRESS.path);
  if (isAbstract) address[ADDRESS.path] = 0;
  return address;
}
