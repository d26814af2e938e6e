/** Why the control socket cannot be opened, as one sentence. */
export class ControlError extends Error {
  override readonly name = "ControlError";
}
