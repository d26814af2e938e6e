/** An I/O pool without workers: what is submitted is done at once, by the isolate that submits it. */
import { Errno } from "../../ffi/errno.ts";
import { IoPool, type IoPoolHandle } from "../../lib/store/io_pool.ts";
import { IoOperation, type IoRequest, isAboutPath } from "../../lib/store/io_request.ts";
import { perform } from "../../lib/store/perform.ts";
import { rethrow } from "./rethrow.ts";

export class InlinePool extends IoPool {
  constructor(handle: IoPoolHandle) {
    super(handle, {
      addWorker: () => {},
      lookIn: () => {},
      settleLater: (pool) => pool.settle(),
      report: rethrow,
    });
  }

  override submit(request: IoRequest): void {
    const { operation, fd, iov, offset, length, alignment } = request;
    const isTransfer = operation <= IoOperation.WRITE_DURABLE;
    let done = 0;
    let result: number;
    do {
      const address = isAboutPath(operation) ? request.memory!.address : iov.address;
      result = perform(operation, fd, address, iov.count, offset + done, length, alignment);
      done += Math.max(0, result);
      if (isTransfer && result > 0 && done < length) iov.advance(result);
    } while (isTransfer && result > 0 && done < length);
    request.result = isTransfer && result >= 0 ? transferred(done, length) : result;
    request.finished(request);
  }
}

/** As with the pool itself: a transfer that does not get on has ended before its end. */
function transferred(done: number, length: number): number {
  return done === length ? 0 : -Errno.ESHORT;
}
