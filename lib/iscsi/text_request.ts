/** Text Request and Text Response (RFC 7143 11.10, 11.11). */
import {
  clearHeader,
  CONTINUE,
  FINAL,
  FLAGS,
  INITIATOR_TASK_TAG,
  NO_TAG,
  OPCODE,
  setDataSegmentLength,
  TARGET_TRANSFER_TAG,
} from "./bhs.ts";
import { sendTargets } from "./discovery.ts";
import { isForFullFeature, negotiateKey, NOT_UNDERSTOOD } from "./keys.ts";
import { RequestFault } from "./faults.ts";
import { Opcode } from "./opcode.ts";
import type { Pdu } from "./pdu.ts";
import { rejectPdu } from "./reject.ts";
import type { Session } from "./session.ts";
import { joinText, parseText, TextError } from "./text.ts";
import { TextSource } from "./text_source.ts";

/** Bytes of text that a request may have in all its PDUs. */
const REQUEST_MOST = 65536;
/** PDUs with text that a request may have. */
const PDUS_MOST = 64;

/** Bytes of an answer in one PDU, whatever more the initiator would take. */
const PART_MOST = 65536;

const NOTHING: readonly [string, string][] = [];

/** One exchange of text: it may take several PDUs in both directions. */
export class TextExchange {
  #request: Uint8Array[] = [];
  #requestLength = 0;
  #answer: TextSource | undefined = undefined;
  /** The target transfer tag that goes on with it, and the initiator task tag of all its PDUs. */
  #tag = NO_TAG;
  #taskTag = NO_TAG;

  /** Handles a Text Request PDU. */
  handle(session: Session, pdu: Pdu): void {
    const tag = pdu.uint32(TARGET_TRANSFER_TAG);
    const goesOn = (pdu.flags & CONTINUE) !== 0;
    if (goesOn && (pdu.flags & FINAL) !== 0) {
      return rejectPdu(session, pdu, RequestFault.TEXT_FLAGS);
    }
    if (tag === NO_TAG) {
      this.#forget(); // a new exchange ends the old one (RFC 7143 11.10.4)
      this.#taskTag = pdu.initiatorTaskTag;
    } else if (tag !== this.#tag || pdu.initiatorTaskTag !== this.#taskTag) {
      return rejectPdu(session, pdu, RequestFault.TEXT_TAG);
    }
    if (this.#answer !== undefined) return this.#sendPart(session, pdu, this.#answer);
    if (pdu.dataLength > 0) this.#request.push(pdu.data.slice());
    this.#requestLength += pdu.dataLength;
    if (this.#requestLength > REQUEST_MOST || this.#request.length > PDUS_MOST) {
      this.#forget();
      return rejectPdu(session, pdu, RequestFault.TEXT_LENGTH);
    }
    if (goesOn) return this.#sendPart(session, pdu, new TextSource(NOTHING), true);
    const answer = this.#answerTo(session);
    if (answer instanceof TextError) {
      this.#forget();
      return rejectPdu(session, pdu, RequestFault.TEXT_FORM, answer.message);
    }
    this.#sendPart(session, pdu, answer);
  }

  #forget(): void {
    this.#request = [];
    this.#requestLength = 0;
    this.#answer = undefined;
    this.#tag = NO_TAG;
  }

  #answerTo(session: Session): TextSource | TextError {
    const text = joinText(this.#request);
    this.#request = [];
    this.#requestLength = 0;
    try {
      const pairs = parseText(text);
      if (new Set(pairs.map(([key]) => key)).size < pairs.length) {
        return new TextError("a key came twice");
      }
      return new TextSource(joined(pairs.map(([key, value]) => answerKey(session, key, value))));
    } catch (error) {
      if (!(error instanceof TextError)) throw error;
      return error;
    }
  }

  /** Sends as much of `answer` as one PDU takes; `more` says that we wait for more of the request. */
  #sendPart(session: Session, pdu: Pdu, answer: TextSource, more = false): void {
    const part = answer.take(Math.min(session.parameters.maxRecvDataSegmentLength, PART_MOST));
    // An initiator without F has more to say: only it ends the exchange (RFC 7143 11.11.1).
    const last = answer.isEmpty && !more && (pdu.flags & FINAL) !== 0;
    if (last) this.#forget();
    else {
      this.#tag = session.takeTransferTags(1);
      this.#answer = answer.isEmpty ? undefined : answer;
    }
    const { output } = session;
    const { memory, end: at } = output.reservePdu(part.length);
    const { view } = memory;
    clearHeader(view, at);
    view.setUint8(at + OPCODE, Opcode.TEXT_RESPONSE);
    view.setUint8(at + FLAGS, last ? FINAL : answer.isEmpty ? 0 : CONTINUE);
    setDataSegmentLength(view, at, part.length);
    view.setUint32(at + INITIATOR_TASK_TAG, pdu.initiatorTaskTag);
    view.setUint32(at + TARGET_TRANSFER_TAG, this.#tag);
    session.putSequenceNumbers(view, at, true);
    memory.bytes.set(part, at + output.dataOffset);
    output.commitPdu();
  }
}

function* joined(
  answers: readonly Iterable<readonly [string, string]>[],
): Generator<readonly [string, string]> {
  for (const answer of answers) yield* answer;
}

function answerKey(
  session: Session,
  key: string,
  value: string,
): Iterable<readonly [string, string]> {
  if (key === "SendTargets") {
    const { node, caller, target } = session;
    return sendTargets(node, caller, value, target) ?? [[key, "Reject"]];
  }
  // Data that is laid out for an initiator's segments cannot be cut anew while it is read.
  if (!isForFullFeature(key) || session.tasks.size > 0) {
    const known = negotiateKey(key, value, { ...session.parameters }) !== NOT_UNDERSTOOD;
    return [[key, known ? "Reject" : NOT_UNDERSTOOD]];
  }
  const answer = negotiateKey(key, value, session.parameters, session.attributes);
  return answer === undefined ? [] : [[key, answer]];
}
