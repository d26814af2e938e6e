/** What a server asks of its own accord: whether we live, and whether we know what has changed. */
import { FunctionId, IsnsStatus, RESPONSE } from "./function_id.ts";
import type { Message } from "./message.ts";
import { textOf } from "./attribute.ts";
import { Tag } from "./tag.ts";

export interface InquiryHandlers {
  /** Entity Identifier. */
  readonly entity: string;
  /** A portal was inquired. */
  alive(): void;
  /** Something has changed, for the node of this name or for it itself. */
  changed(): void;
}

/** The answer to a request of a server (RFC 4171 5.6.5.8, 5.6.5.13, 5.7.5). */
export function answerInquiry(message: Message, handlers: InquiryHandlers): Message {
  const { attributes, functionId, transactionId } = message;
  const answer = (status: number, told: Message["attributes"] = []): Message => ({
    functionId: functionId | RESPONSE,
    transactionId,
    status,
    attributes: told,
  });
  switch (functionId) {
    case FunctionId.ESI: {
      const entity = attributes.find(({ tag }) => tag === Tag.EntityIdentifier);
      // An address that was another's before does not keep that one alive.
      const isOurs = entity !== undefined &&
        textOf(entity)?.toLowerCase() === handlers.entity.toLowerCase();
      if (!isOurs) return answer(IsnsStatus.NO_SUCH_ENTRY);
      handlers.alive();
      return answer(IsnsStatus.SUCCESSFUL, attributes);
    }
    case FunctionId.SCN: {
      const [destination] = attributes;
      if (destination?.tag !== Tag.ISCSIName) return answer(IsnsStatus.MESSAGE_FORMAT_ERROR);
      handlers.changed();
      return answer(IsnsStatus.SUCCESSFUL, [destination]);
    }
  }
  return answer(IsnsStatus.MESSAGE_NOT_SUPPORTED);
}
