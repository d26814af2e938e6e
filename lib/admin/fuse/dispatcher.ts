/**
 * From a request to its answer: finds the operation, keeps those that take their time, and turns every
 * failure into an errno. Does no I/O: requests come in, answers go out through a function.
 */
import { Errno, type ErrnoName } from "../../../ffi/errno.ts";
import { bugLine } from "../../bug.ts";
import { TreeError } from "../tree.ts";
import { InHeader, InterruptIn, OutHeader } from "./abi.ts";
import { Opcode, opcodeName } from "./opcode.ts";
import { OPERATIONS } from "./operations.ts";
import { REFUSALS } from "./refusals.ts";
import { MalformedRequest, Request } from "./request.ts";
import { type Answer, NO_ANSWER, type ServedTree } from "./served_tree.ts";

/** Requests that the kernel expects no answer to, not even an error. */
const UNANSWERED: ReadonlySet<number> = new Set([
  Opcode.FORGET,
  Opcode.BATCH_FORGET,
  Opcode.INTERRUPT,
]);

/** Sends an answer: its header, and what follows it, which may be empty. */
export type Send = (header: Uint8Array, rest: Uint8Array) => void;

const NOTHING = new Uint8Array(0);

export class Dispatcher {
  readonly #tree: ServedTree;
  readonly #send: Send;
  /** Requests whose operations are under way. */
  readonly #pending = new Set<bigint>();
  readonly #header = new DataView(new ArrayBuffer(OutHeader.SIZE));
  #isInitialized = false;

  constructor(tree: ServedTree, send: Send) {
    this.#tree = tree;
    this.#send = send;
  }

  /** Whether the kernel and we have agreed on a version. */
  get isInitialized(): boolean {
    return this.#isInitialized;
  }

  /** How many requests wait for their operations to end. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Takes one request; `bytes` may be used again when this returns. Never throws. */
  receive(bytes: Uint8Array<ArrayBuffer>): void {
    if (bytes.length < InHeader.SIZE) {
      this.#tree.report("error", `A request of the kernel has ${bytes.length} bytes: ignored`);
      return;
    }
    const request = new Request(bytes);
    if (request.opcode === Opcode.INTERRUPT) return this.#interrupt(request);
    let answer: Answer | Promise<Answer>;
    try {
      answer = this.#perform(request);
    } catch (error) {
      answer = this.#errnoOf(error, request.opcode);
    }
    if (answer instanceof Promise) this.#await(answer, request.unique, request.opcode);
    else this.#answer(request.unique, request.opcode, answer);
  }

  #perform(request: Request): Answer | Promise<Answer> {
    const refusal = REFUSALS[request.opcode];
    if (refusal !== undefined) return refusal;
    const operation = OPERATIONS[request.opcode];
    return operation === undefined ? "ENOSYS" : operation(this.#tree, request);
  }

  #await(answer: Promise<Answer>, unique: bigint, opcode: number): void {
    this.#pending.add(unique);
    const end = (final: Answer) => {
      // Who was interrupted has its answer.
      if (this.#pending.delete(unique)) this.#answer(unique, opcode, final);
    };
    answer.then(end, (error) => end(this.#errnoOf(error, opcode)));
  }

  /**
   * Somebody was interrupted while waiting, and cannot go on or end before there is an answer. What
   * was begun goes on. The kernel sends this behind the request only; without one, it is answered.
   */
  #interrupt(request: Request): void {
    try {
      request.require(InterruptIn.SIZE);
    } catch (error) {
      this.#errnoOf(error, request.opcode);
      return;
    }
    const unique = request.big(InterruptIn.unique);
    if (this.#pending.delete(unique)) this.#answer(unique, Opcode.INTERRUPT, "EINTR", true);
  }

  #errnoOf(error: unknown, opcode: number): ErrnoName {
    if (error instanceof TreeError) return error.errno;
    const what = error instanceof MalformedRequest
      ? `A malformed ${opcodeName(opcode)} of the kernel: ${error.message}`
      : bugLine(error, opcodeName(opcode));
    this.#tree.report("error", what);
    return "EIO";
  }

  #answer(unique: bigint, opcode: number, answer: Answer, isOthers = false): void {
    if (answer === NO_ANSWER || UNANSWERED.has(opcode) && !isOthers) return;
    const isError = typeof answer === "string";
    const rest = isError ? NOTHING : answer;
    if (opcode === Opcode.INIT && !isError) this.#isInitialized = true;
    this.#header.setUint32(OutHeader.len, OutHeader.SIZE + rest.length, true);
    this.#header.setInt32(OutHeader.error, isError ? -Errno[answer] : 0, true);
    this.#header.setBigUint64(OutHeader.unique, unique, true);
    this.#send(new Uint8Array(this.#header.buffer), rest);
  }
}
