/** Why a server cannot start, as one sentence. */
export class StartError extends Error {
  override name = "StartError";
  /** Whether it is a port that somebody else listens on. */
  readonly portInUse: boolean;

  constructor(message: string, portInUse = false) {
    super(message);
    this.portInUse = portInUse;
  }
}
