/** Why a server cannot start, as one sentence. */
export class StartError extends Error {
  override name = "StartError";
  /** What stands in the way. */
  readonly kind: "device" | "target" | "deviceGroup" | "portal";
  /** Whether it is a port that somebody else listens on. */
  readonly portInUse: boolean;

  constructor(message: string, kind: StartError["kind"], portInUse = false) {
    super(message);
    this.kind = kind;
    this.portInUse = portInUse;
  }
}
