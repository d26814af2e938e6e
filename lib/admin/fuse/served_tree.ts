/** The tree as one mount serves it: what its operations share. */
import type { ErrnoName } from "../../../ffi/errno.ts";
import type { Level } from "../../log.ts";
import type { TreeDirectory } from "../tree.ts";
import type { Owner } from "./attributes.ts";
import { type DirectoryHandle, type FileHandle, Handles } from "./handles.ts";
import { NodeTable } from "./node_table.ts";
import type { Request } from "./request.ts";

/** Takes a line for the log. */
export type Report = (level: Level, line: string) => void;

/** An answer: what follows its header, why there is nothing to follow, or NO_ANSWER. */
export type Answer = Uint8Array | ErrnoName | typeof NO_ANSWER;

/** The request is one that the kernel does not want to hear of again. */
export const NO_ANSWER = undefined;

/** The answer of what has nothing to tell but that it is done. */
export const DONE: Uint8Array = new Uint8Array(0);

/** Does what a request wants. Throws a TreeError where the tree refuses it. */
export type Operation = (tree: ServedTree, request: Request) => Answer | Promise<Answer>;

/** A listing of a directory is given in pieces of this many bytes at most. */
export const LONGEST_LISTING = 65536;

export class ServedTree {
  readonly nodes: NodeTable;
  readonly files = new Handles<FileHandle>();
  readonly directories = new Handles<DirectoryHandle>();
  readonly owner: Owner;
  readonly report: Report;
  /** Room for a piece of a listing, which is answered before the next one is made. */
  readonly listing = new Uint8Array(LONGEST_LISTING);
  /** Names that no directory can show, and that were complained about. */
  readonly unshown = new Set<string>();

  constructor(root: TreeDirectory, owner: Owner, report: Report) {
    this.nodes = new NodeTable(root);
    this.owner = owner;
    this.report = report;
  }
}
