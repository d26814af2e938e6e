/**
 * Small files of the system, such as those of /proc. By FFI, as Deno lets no program read them that may
 * not do everything.
 */
import { Errno } from "./errno.ts";
import { closeFile, openFile } from "./file.ts";
import { check, libc } from "./libc.ts";
import { Memory } from "./memory.ts";

const READ_LENGTH = 64 * 2 ** 10;

/** All that `path` says, or -errno. */
export function readSystemFile(path: string): string | number {
  const fd = openFile(path, false);
  if (fd < 0) return fd;
  const memory = new Memory(READ_LENGTH);
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (;;) {
      const count = check(libc.read(fd, memory.address, memory.length));
      if (count < 0 && count !== -Errno.EINTR) return count;
      if (count === 0) return text + decoder.decode();
      if (count > 0) text += decoder.decode(memory.bytes.subarray(0, count), { stream: true });
    }
  } finally {
    closeFile(fd);
  }
}
