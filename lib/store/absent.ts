/** What is in a drive without a medium: no block at all. */
import { Errno } from "../../ffi/errno.ts";
import { IoOperation, type IoRequest } from "./io_request.ts";
import type { Store } from "./store.ts";

export class AbsentStore implements Store {
  readonly size = 0;
  readonly physicalBlockSize = 1;
  readonly countsSpace = false;
  readonly identity = undefined;

  readNow(): number {
    return -Errno.ENOMEDIUM;
  }

  writeNow(): number {
    return -Errno.ENOMEDIUM;
  }

  submit(request: IoRequest): void {
    const { operation } = request;
    // All that was ever written to it is on stable storage.
    const isKept = operation === IoOperation.SYNC || operation === IoOperation.WRITEBACK;
    request.result = isKept ? 0 : -Errno.ENOMEDIUM;
    request.finished(request);
  }

  close(): void {}
}
