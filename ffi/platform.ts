/** What this program runs on: the one file that asks which system and which processor. */

/** The systems that scst runs on; the tables of ffi/ have one column for each. */
export type System = "linux" | "freebsd";

function detectSystem(): System {
  const os = Deno.build.os;
  if (os === "linux" || os === "freebsd") return os;
  throw new Error(`Cannot run on ${os}: scst runs on linux and freebsd`);
}

export const SYSTEM: System = detectSystem();

/**
 * Whether only the portable means are used: poll(2), preadv and pwritev without flags. Set by
 * SCST_PORTABLE=1, so that the path of systems without epoll and RWF_NOWAIT is tested on Linux.
 */
export const PORTABLE: boolean = SYSTEM !== "linux" || Deno.env.get("SCST_PORTABLE") === "1";

/** The processor, as in "x86_64" and "aarch64". */
export const ARCH: string = Deno.build.arch;

/** Linux packs struct epoll_event on x86-64 only (sys/epoll.h). */
export const EPOLL_EVENT_PACKED: boolean = ARCH === "x86_64";
