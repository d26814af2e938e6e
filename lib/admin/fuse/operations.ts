/** THE table of requests: what is done for each; those that are always refused are in refusals.ts. */
import { opendir, readdir, readdirplus, releasedir } from "./directory_operations.ts";
import { open, read, release, write } from "./file_operations.ts";
import { init } from "./init.ts";
import {
  access,
  batchForget,
  forget,
  getattr,
  lookup,
  readlink,
  setattr,
  statfs,
} from "./name_operations.ts";
import { Opcode } from "./opcode.ts";
import { DONE, type Operation } from "./served_tree.ts";

const nothing: Operation = () => DONE;

export const OPERATIONS: Readonly<Record<number, Operation>> = {
  [Opcode.INIT]: init,
  [Opcode.LOOKUP]: lookup,
  [Opcode.FORGET]: forget,
  [Opcode.BATCH_FORGET]: batchForget,
  [Opcode.GETATTR]: getattr,
  [Opcode.SETATTR]: setattr,
  [Opcode.READLINK]: readlink,
  [Opcode.ACCESS]: access,
  [Opcode.STATFS]: statfs,
  [Opcode.OPEN]: open,
  [Opcode.READ]: read,
  [Opcode.WRITE]: write,
  [Opcode.RELEASE]: release,
  [Opcode.FSYNC]: nothing,
  [Opcode.OPENDIR]: opendir,
  [Opcode.READDIR]: readdir,
  [Opcode.READDIRPLUS]: readdirplus,
  [Opcode.RELEASEDIR]: releasedir,
  [Opcode.FSYNCDIR]: nothing,
  [Opcode.DESTROY]: nothing,
};
