/**
 * A stand-in for the kernel's side of FUSE: makes requests and takes answers. Its layouts are written
 * down once more, from fuse.h, so that a wrong offset in the server does not agree with itself.
 */
import { Dispatcher } from "../../lib/admin/fuse/dispatcher.ts";
import { ServedTree } from "../../lib/admin/fuse/served_tree.ts";
import type { TreeDirectory } from "../../lib/admin/tree.ts";
import { TestTree } from "./fuse_tree.ts";

export const OWNER = { uid: 1000, gid: 100 } as const;

export interface KernelAnswer {
  readonly error: number;
  readonly unique: bigint;
  readonly view: DataView;
  readonly bytes: Uint8Array;
}

/** Concatenates numbers of 32 bits, bigints of 64 and texts (with a zero behind) into a body. */
export function body(...parts: (number | bigint | string | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  const bytes = parts.flatMap((part) => {
    if (part instanceof Uint8Array) return [...part];
    if (typeof part === "string") return [...new TextEncoder().encode(part), 0];
    const view = new DataView(new ArrayBuffer(8));
    if (typeof part === "bigint") view.setBigUint64(0, part, true);
    else view.setUint32(0, part, true);
    return [...new Uint8Array(view.buffer, 0, typeof part === "bigint" ? 8 : 4)];
  });
  return new Uint8Array(bytes);
}

/** A request with its header. */
export function requestBytes(
  opcode: number,
  unique: bigint,
  nodeid: number,
  rest: Uint8Array,
  uid = 0,
): Uint8Array<ArrayBuffer> {
  return body(40 + rest.length, opcode, unique, BigInt(nodeid), uid, 0, 4711, 0, rest);
}

export class FuseKernel {
  readonly test = new TestTree();
  readonly lines: string[] = [];
  readonly answers: KernelAnswer[] = [];
  readonly tree: ServedTree;
  readonly dispatcher: Dispatcher;
  #unique = 0n;

  constructor(root?: TreeDirectory) {
    const report = (level: string, line: string) => void this.lines.push(`${level} ${line}`);
    this.tree = new ServedTree(root ?? this.test.root, OWNER, report);
    this.dispatcher = new Dispatcher(this.tree, (header, rest) => this.#take(header, rest));
  }

  /** Sends a request; returns its number. */
  send(opcode: number, nodeid: number, rest: Uint8Array = new Uint8Array(), uid = 0): bigint {
    this.#unique += 2n;
    const bytes = requestBytes(opcode, this.#unique, nodeid, rest, uid);
    this.dispatcher.receive(bytes);
    bytes.fill(0xee); // the memory is used for the next request
    return this.#unique;
  }

  /** Sends a request and waits for its answer. */
  async ask(
    opcode: number,
    nodeid: number,
    rest: Uint8Array = new Uint8Array(),
    uid = 0,
  ): Promise<KernelAnswer> {
    const unique = this.send(opcode, nodeid, rest, uid);
    for (let turn = 0; turn < 200; turn++) {
      const at = this.answers.findIndex((answer) => answer.unique === unique);
      if (at >= 0) return this.answers.splice(at, 1)[0]!;
      await new Promise((resolve) => setTimeout(resolve, turn < 10 ? 0 : 10));
    }
    throw new Error(`No answer to opcode ${opcode}`);
  }

  /** The number of the node at a path, looked up name by name; -errno when there is none. */
  async walk(path: string): Promise<number> {
    let nodeid = 1;
    for (const name of path.split("/")) {
      const answer = await this.ask(1, nodeid, body(name));
      if (answer.error !== 0) return answer.error;
      nodeid = Number(answer.view.getBigUint64(0, true));
    }
    return nodeid;
  }

  #take(header: Uint8Array, rest: Uint8Array): void {
    const view = new DataView(header.buffer, header.byteOffset, header.length);
    if (header.length !== 16) throw new Error(`A header of ${header.length} bytes`);
    if (view.getUint32(0, true) !== 16 + rest.length) throw new Error("A wrong length");
    const [error, unique] = [view.getInt32(4, true), view.getBigUint64(8, true)];
    if (error > 0 || error < -1000 || error !== 0 && rest.length > 0) {
      throw new Error(`A malformed answer: error ${error} with ${rest.length} bytes`);
    }
    if (this.answers.some((answer) => answer.unique === unique)) throw new Error("Answered twice");
    const bytes = rest.slice();
    this.answers.push({ error, unique, view: new DataView(bytes.buffer), bytes });
  }
}
