/** A store past the page cache on a loop device, with real workers, and what its disk has to hold. */
import assert from "node:assert/strict";
import { Memory } from "../../ffi/memory.ts";
import { openBlockStore } from "../../lib/store/file.ts";
import { IoOperation, IoRequest } from "../../lib/store/io_request.ts";
import type { Store } from "../../lib/store/store.ts";
import { IoWorkers } from "./io_workers.ts";
import { LoopDevice } from "./loop_device.ts";

export const BLOCK = 512;

export class DirectRig implements Disposable {
  readonly store: Store;
  readonly device: LoopDevice;
  readonly workers = new IoWorkers(2);
  readonly model: Uint8Array<ArrayBuffer>;

  /** A device of `size` bytes with sectors of `sector` bytes. */
  constructor(size: number, sector: number) {
    this.device = new LoopDevice(size, sector, "/dev/shm");
    const options = {
      filename: this.device.path,
      blocksize: BLOCK,
      size: undefined,
      readOnly: false,
    };
    this.store = openBlockStore(options, this.workers.pool);
    this.model = new Uint8Array(size);
  }

  /** Begins an operation that changes a range, as the model has it at once. `data` fills or is repeated. */
  begin(operation: number, offset: number, length: number, data: Uint8Array): void {
    const request = this.#request(operation, offset, length, data);
    const after = this.model.subarray(offset, offset + length);
    const zeros = operation === IoOperation.PUNCH || operation === IoOperation.ZERO;
    for (let at = 0; at < length; at++) after[at] = zeros ? 0 : data[at % data.length]!;
    this.store.submit(request);
  }

  /** Reads a range, in pieces of `piece` bytes at addresses that are not aligned. */
  async read(offset: number, length: number, piece: number): Promise<Uint8Array> {
    const gap = 3;
    const count = Math.ceil(length / piece);
    const request = this.#request(IoOperation.READ, offset, length, new Uint8Array(0));
    const memory = new Memory(length + count * gap);
    request.memory = memory;
    request.iov.clear();
    const lengths = Array.from(
      { length: count },
      (_, index) => Math.min(piece, length - index * piece),
    );
    let at = 0;
    for (const bytes of lengths) {
      request.iov.push(memory.address + at + gap, bytes);
      at += gap + bytes;
    }
    this.store.submit(request);
    await this.workers.settle();
    const read = new Uint8Array(length);
    at = 0;
    let done = 0;
    for (const bytes of lengths) {
      read.set(memory.bytes.subarray(at + gap, at + gap + bytes), done);
      at += gap + bytes;
      done += bytes;
    }
    return read;
  }

  #request(operation: number, offset: number, length: number, data: Uint8Array): IoRequest {
    const request = new IoRequest();
    // One byte in front: the address is nothing that the system would take as it is.
    request.memory = new Memory(data.length + 1);
    request.memory.bytes.set(data, 1);
    request.iov.push(request.memory.address + 1, data.length);
    Object.assign(request, { operation, offset, length });
    request.finished = ({ result }) =>
      assert.equal(result, 0, `operation ${operation} of ${offset}`);
    return request;
  }

  [Symbol.dispose](): void {
    this.store.close();
    this.workers[Symbol.dispose]();
    this.device[Symbol.dispose]();
  }
}
