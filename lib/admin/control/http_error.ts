/** A request that is not HTTP as it should be: its status, and the end of the connection. */
import type { TreeErrno } from "../tree.ts";
import { type Answer, errorAnswer } from "./answer.ts";

export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly answer: Answer;

  constructor(status: number, errno: TreeErrno, message: string) {
    super(message);
    this.answer = errorAnswer(status, errno, message);
  }
}
