/** Status of a Login Response: class and detail (RFC 7143 11.13.5). */

export const LoginStatus = {
  SUCCESS: 0x0000,
  TARGET_MOVED_TEMPORARILY: 0x0101,
  TARGET_MOVED_PERMANENTLY: 0x0102,
  INITIATOR_ERROR: 0x0200,
  AUTHENTICATION_FAILURE: 0x0201,
  NOT_FOUND: 0x0203,
  UNSUPPORTED_VERSION: 0x0205,
  TOO_MANY_CONNECTIONS: 0x0206,
  MISSING_PARAMETER: 0x0207,
  SESSION_TYPE_NOT_SUPPORTED: 0x0209,
  SESSION_DOES_NOT_EXIST: 0x020a,
  INVALID_DURING_LOGIN: 0x020b,
  TARGET_ERROR: 0x0300,
  SERVICE_UNAVAILABLE: 0x0301,
  OUT_OF_RESOURCES: 0x0302,
} as const;

const CLASSES = ["SUCCESS", "REDIRECTION", "INITIATOR_ERROR", "TARGET_ERROR"];

const names = new Map<number, string>(
  Object.entries(LoginStatus).map(([name, status]) => [status, name]),
);

/** The names of class and detail of a status with its number, for a log line. */
export function nameOfLoginStatus(status: number): string {
  const ofClass = CLASSES[status >> 8];
  const name = names.get(status);
  const both = name === ofClass ? name : `${ofClass}/${name}`;
  return `${both} (${status.toString(16).padStart(4, "0")})`;
}
