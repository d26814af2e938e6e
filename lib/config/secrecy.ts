/** Warnings about secrets that are not as secret as they should be. */
import { log } from "../log.ts";
import { sharedSecrets, type UserAttributes } from "./users.ts";

const READABLE_BY_OTHERS = 0o004;

/**
 * Warns in the log if `path`, a file of that mode (null where there are none), has secrets and
 * everybody can read it, or if users share a secret.
 */
export function warnOfSecrets(
  path: string,
  mode: number | null,
  owners: readonly UserAttributes[],
): void {
  for (const sharing of sharedSecrets(owners)) log("warning", `${path}: ${sharing}`);
  const hasSecrets = owners.some(({ IncomingUser, OutgoingUser }) =>
    IncomingUser.length + OutgoingUser.length > 0
  );
  if (!hasSecrets || ((mode ?? 0) & READABLE_BY_OTHERS) === 0) return;
  log("warning", `${path} has secrets and everybody can read it: chmod o-r ${path}`);
}
