/** Why an operation is not done, as one sentence for the operator; then nothing has changed. */
export class OperationError extends Error {
  override name = "OperationError";
}

/** Hears of the end of an operation: why it was not done, as a sentence, or what it was asked for. */
export type Done<T = void> = (error: string | undefined, value?: T) => void;
