/** Operations on nodes by name and number: LOOKUP, FORGET, GETATTR, SETATTR, READLINK, ACCESS, STATFS. */
import { PAGE } from "../tree.ts";
import {
  AccessIn,
  BatchForgetIn,
  ForgetIn,
  ForgetOne,
  SetattrIn,
  SetattrValid,
  StatfsOut,
} from "./abi.ts";
import { attributesAnswer, entryAnswer, mayAccess } from "./attributes.ts";
import { isName, LONGEST_NAME } from "./name.ts";
import type { Request } from "./request.ts";
import { type Answer, DONE, NO_ANSWER, type ServedTree } from "./served_tree.ts";

export function lookup(tree: ServedTree, request: Request): Answer {
  const name = request.name();
  const parent = tree.nodes.get(request.nodeid);
  if (parent === undefined || name === undefined || !isName(name)) return "ENOENT";
  const found = tree.nodes.lookup(parent, name, true);
  return found === undefined ? "ENOENT" : entryAnswer(found.node, found.tree, tree.owner);
}

export function forget(tree: ServedTree, request: Request): Answer {
  request.require(ForgetIn.SIZE);
  tree.nodes.forget(request.nodeid, request.u64(ForgetIn.nlookup));
  return NO_ANSWER;
}

export function batchForget(tree: ServedTree, request: Request): Answer {
  request.require(BatchForgetIn.SIZE);
  const count = request.u32(BatchForgetIn.count);
  request.require(BatchForgetIn.SIZE + count * ForgetOne.SIZE);
  for (let index = 0; index < count; index++) {
    const at = BatchForgetIn.SIZE + index * ForgetOne.SIZE;
    tree.nodes.forget(request.u64(at + ForgetOne.nodeid), request.u64(at + ForgetOne.nlookup));
  }
  return NO_ANSWER;
}

export function getattr(tree: ServedTree, request: Request): Answer {
  const node = tree.nodes.get(request.nodeid);
  if (node === undefined) return "ENOENT";
  return attributesAnswer(node, tree.nodes.lastSeen(node), tree.owner);
}

/** Times and sizes are what they are: setting them does nothing, as the truncation of `>` wants it. */
export function setattr(tree: ServedTree, request: Request): Answer {
  request.require(SetattrIn.SIZE);
  const refused = SetattrValid.MODE | SetattrValid.UID | SetattrValid.GID;
  if ((request.u32(SetattrIn.valid) & refused) !== 0) return "EPERM";
  return getattr(tree, request);
}

export function readlink(tree: ServedTree, request: Request): Answer {
  const node = tree.nodes.get(request.nodeid);
  const found = node && tree.nodes.resolve(node);
  if (found === undefined) return "ENOENT";
  if (found.kind !== "link") return "EINVAL";
  const target = new TextEncoder().encode(found.target);
  return target.length < PAGE ? target : "ENAMETOOLONG";
}

/** Only asked where the mount lacks default_permissions. */
export function access(tree: ServedTree, request: Request): Answer {
  request.require(AccessIn.SIZE);
  const node = tree.nodes.get(request.nodeid);
  const found = node && tree.nodes.resolve(node);
  if (found === undefined) return "ENOENT";
  const mask = request.u32(AccessIn.mask);
  return mayAccess(request.uid, found, mask, tree.owner) ? DONE : "EACCES";
}

export function statfs(): Answer {
  const view = new DataView(new ArrayBuffer(StatfsOut.SIZE));
  view.setUint32(StatfsOut.bsize, PAGE, true);
  view.setUint32(StatfsOut.frsize, PAGE, true);
  view.setUint32(StatfsOut.namelen, LONGEST_NAME, true);
  return new Uint8Array(view.buffer);
}
