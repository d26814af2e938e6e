import type { IoVector } from "../../ffi/iovec.ts";

/** An entry as a C call would see it. */
export interface IoVectorEntry {
  readonly address: number;
  readonly length: number;
}

/** The `count` entries of a vector, read from where its address says that they are. */
export function entriesOf(iov: IoVector, count = iov.count): IoVectorEntry[] {
  const pointer = Deno.UnsafePointer.create(BigInt(iov.address));
  const view = new Deno.UnsafePointerView(pointer!);
  return Array.from({ length: count }, (_, index) => ({
    address: Number(view.getBigUint64(index * 16)),
    length: Number(view.getBigUint64(index * 16 + 8)),
  }));
}
