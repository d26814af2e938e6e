/** An I/O pool without workers: what is submitted is done at once, by the isolate that submits it. */
import { Errno } from "../../ffi/errno.ts";
import { IoPool, type IoPoolHandle } from "../../lib/store/io_pool.ts";
import { IoOperation, type IoRequest, isAboutPath } from "../../lib/store/io_request.ts";
import { perform } from "../../lib/store/perform.ts";
import { rethrow } from "./rethrow.ts";

export class InlinePool extends IoPool {
  constructor(handle: IoPoolHandle) {
    super(handle, { addWorker: () => {}, lookIn: () => {}, report: rethrow });
  }

  override submit(request: IoRequest): void {
    const { operation, fd, iov, offset, length, alignment } = request;
    const address = isAboutPath(operation) ? request.memory!.address : iov.address;
    const result = perform(operation, fd, address, iov.count, offset, length, alignment);
    request.result = operation <= IoOperation.WRITE_DURABLE ? transferred(result, length) : result;
    request.finished(request);
  }
}

function transferred(result: number, length: number): number {
  if (result < 0) return result;
  return result === length ? 0 : -Errno.ESHORT;
}
