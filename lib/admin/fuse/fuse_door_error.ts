/** Why the tree is not mounted, in one sentence. The server runs all the same. */
export class FuseDoorError extends Error {
  override name = "FuseDoorError";

  /** `why`: what is wrong, in lower case, as it follows a colon. */
  constructor(mountPoint: string, why: string) {
    super(`Cannot mount the management tree at ${mountPoint}: ${why}`);
  }
}
