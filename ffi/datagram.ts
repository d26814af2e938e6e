/** Datagrams to Unix sockets, as service managers and journals take them: Deno has none without a flag. */
import { closeFile } from "./file.ts";
import { check, libc } from "./libc.ts";
import { mainLibc } from "./libc_main.ts";
import { Memory } from "./memory.ts";
import { SYSTEM } from "./platform.ts";
import { AF_UNIX, unixAddress } from "./unix_address.ts";

const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = { linux: 0o2000000, freebsd: 0x10000000 }[SYSTEM];
const MSG_NOSIGNAL = { linux: 0x4000, freebsd: 0x20000 }[SYSTEM];
const MSG_DONTWAIT = { linux: 0x40, freebsd: 0x80 }[SYSTEM];

/**
 * Sends one datagram to the socket `name`, a path or "@" and an abstract name, from a socket of its own:
 * a receiver that was started anew is reached at once. 0, or -errno; -EAGAIN where it would have to wait.
 */
export function sendDatagram(name: string, bytes: Uint8Array): number {
  const address = unixAddress(name);
  if (typeof address === "number") return address;
  const fd = check(mainLibc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (fd < 0) return fd;
  try {
    const connected = check(mainLibc.connect(fd, address, address.length));
    if (connected < 0) return connected;
    const memory = new Memory(bytes.length);
    memory.bytes.set(bytes);
    const sent = check(
      libc.send(fd, memory.address, memory.length, MSG_NOSIGNAL | MSG_DONTWAIT),
    );
    return Math.min(sent, 0);
  } finally {
    closeFile(fd);
  }
}
