/**
 * Calls of the C library that the main isolate alone makes: mounting, children, passed descriptors.
 * They stand apart so that the workers do not load them. What ends in `Aside` runs on a thread of its
 * own and is awaited; its errno is that of the other thread and cannot be asked for.
 */
import { LIBRARY, withNumbers } from "./libc.ts";
import { SYSTEM } from "./platform.ts";

const portable = Deno.dlopen(LIBRARY[SYSTEM], {
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
  geteuid: { parameters: [], result: "u32" },
  getegid: { parameters: [], result: "u32" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  socketpair: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  recvmsg: { parameters: ["i32", "usize", "i32"], result: "i32" },
  pollAside: {
    name: "poll",
    parameters: ["buffer", "usize", "i32"],
    result: "i32",
    nonblocking: true,
  },
  waitpidAside: {
    name: "waitpid",
    parameters: ["i32", "buffer", "i32"],
    result: "i32",
    nonblocking: true,
  },
  posix_spawnp: {
    parameters: ["buffer", "buffer", "buffer", "usize", "buffer", "buffer"],
    result: "i32",
  },
  posix_spawn_file_actions_init: { parameters: ["buffer"], result: "i32" },
  posix_spawn_file_actions_destroy: { parameters: ["buffer"], result: "i32" },
  posix_spawn_file_actions_adddup2: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  posix_spawn_file_actions_addopen: {
    parameters: ["buffer", "i32", "buffer", "i32", "u32"],
    result: "i32",
  },
});

/** Calls that every system has under one name and with one meaning. */
export const mainLibc = withNumbers(portable.symbols);

function openLinux() {
  const library = Deno.dlopen(LIBRARY.linux, {
    mount: { parameters: ["buffer", "buffer", "buffer", "u64", "buffer"], result: "i32" },
    umount2: { parameters: ["buffer", "i32"], result: "i32" },
  });
  return withNumbers(library.symbols);
}

/** Linux's own calls; undefined elsewhere. */
export const mainLinux = SYSTEM === "linux" ? openLinux() : undefined;
