/** Keeps strangers' writes away from the blocks of those who can tell what they have written. */
import { Errno } from "../../ffi/errno.ts";
import type { IoVector } from "../../ffi/iovec.ts";
import { copyFrom } from "../../ffi/memory.ts";
import { IoOperation } from "../../lib/store/io_request.ts";
import type { Random } from "./random.ts";
import { BLOCK, type Rig } from "./rig.ts";

/** Who owns some blocks. */
export interface BlockOwner {
  readonly first: number;
  readonly count: number;
  /** Whether this may be written to a block; throws when it is the owner's own, and too late. */
  allows(block: number, bytes: Uint8Array): boolean;
}

const ENTRY = 16;

/** Operations that change blocks; what is not a write has no content that an owner could know. */
const CHANGING: ReadonlySet<number> = new Set(
  Object.entries(IoOperation)
    .filter(([name]) => /WRITE|PUNCH|DISCARD|ZERO|FILL/.test(name))
    .map(([, operation]) => operation),
);

/** What the pieces of a vector hold. */
function contentOf(iov: IoVector): Uint8Array {
  const table = new DataView(copyFrom(iov.address, iov.count * ENTRY).buffer);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < table.byteLength; at += ENTRY) {
    const address = Number(table.getBigUint64(at, true));
    pieces.push(copyFrom(address, table.getUint32(at + 8, true)));
  }
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let end = 0;
  for (const piece of pieces) {
    bytes.set(piece, end);
    end += piece.length;
  }
  return bytes;
}

function isAllowed(
  owners: readonly BlockOwner[],
  offset: number,
  length: number,
  iov: IoVector | undefined,
): boolean {
  const first = offset / BLOCK;
  const end = (offset + length) / BLOCK;
  let bytes: Uint8Array | undefined;
  for (const owner of owners) {
    const until = Math.min(end, owner.first + owner.count);
    for (let block = Math.max(first, owner.first); block < until; block++) {
      if (iov === undefined) return false;
      bytes ??= contentOf(iov);
      const at = (block - first) * BLOCK;
      if (!owner.allows(block, bytes.subarray(at, at + BLOCK))) return false;
    }
  }
  return true;
}

/**
 * Puts a guard in front of the store of a rig: a write over blocks of an owner fails with EROFS
 * unless the owner allows it. Now and then the store does not do at once what it could.
 */
export function guardBlocks(rig: Rig, owners: readonly BlockOwner[], random: Random): void {
  const { store } = rig;
  const readNow = store.readNow.bind(store);
  const writeNow = store.writeNow.bind(store);
  const submit = store.submit.bind(store);
  store.readNow = (iov, offset, length) =>
    random.below(4) === 0 ? -Errno.EAGAIN : readNow(iov, offset, length);
  store.writeNow = (iov, offset, length) => {
    if (random.below(4) === 0) return -Errno.EAGAIN;
    if (!isAllowed(owners, offset, length, iov)) return -Errno.EROFS;
    return writeNow(iov, offset, length);
  };
  store.submit = (request) => {
    const { operation, offset, length, iov } = request;
    const writes = operation === IoOperation.WRITE || operation === IoOperation.WRITE_DURABLE;
    if (!CHANGING.has(operation) || isAllowed(owners, offset, length, writes ? iov : undefined)) {
      return submit(request);
    }
    request.result = -Errno.EROFS;
    request.finished(request);
  };
}
