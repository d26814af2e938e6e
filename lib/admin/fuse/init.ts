/** INIT: the first request of a mount, in which the two sides agree on a version and on abilities. */
import { InitFlag, InitIn, InitOut, VERSION } from "./abi.ts";
import type { Request } from "./request.ts";
import type { Answer, ServedTree } from "./served_tree.ts";

/** Bytes of data that one WRITE may bring. Sysfs takes a page; a longer one is to be seen as such. */
export const MAX_WRITE = 131072;
const PAGES_OF_A_WRITE = 32;
const TIME_GRANULARITY_NS = 1_000_000_000;

const WANTED = Object.values(InitFlag).reduce((flags, flag) => flags | flag, 0);

/** Answers INIT; a kernel with a newer major version asks again with ours. */
export function init(tree: ServedTree, request: Request): Answer {
  request.require(8);
  const [major, minor] = [request.u32(InitIn.major), request.u32(InitIn.minor)];
  if (major < VERSION.MAJOR || major === VERSION.MAJOR && minor < VERSION.OLDEST_MINOR) {
    tree.report(
      "error",
      `The kernel speaks FUSE ${major}.${minor}, and ${VERSION.MAJOR}.${VERSION.OLDEST_MINOR} is needed`,
    );
    return "EIO";
  }
  if (major === VERSION.MAJOR) request.require(InitIn.SIZE);
  const spoken = major > VERSION.MAJOR ? VERSION.MINOR : Math.min(minor, VERSION.MINOR);
  const view = new DataView(
    new ArrayBuffer(spoken < 23 ? InitOut.SIZE_BEFORE_7_23 : InitOut.SIZE),
  );
  view.setUint32(InitOut.major, VERSION.MAJOR, true);
  view.setUint32(InitOut.minor, spoken, true);
  if (major === VERSION.MAJOR) {
    view.setUint32(InitOut.max_readahead, request.u32(InitIn.max_readahead), true);
    view.setUint32(InitOut.flags, request.u32(InitIn.flags) & WANTED, true);
  }
  view.setUint32(InitOut.max_write, MAX_WRITE, true);
  if (spoken >= 23) {
    view.setUint32(InitOut.time_gran, TIME_GRANULARITY_NS, true);
    view.setUint16(InitOut.max_pages, PAGES_OF_A_WRITE, true);
  }
  return new Uint8Array(view.buffer);
}
