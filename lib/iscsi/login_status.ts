/** Status of a Login Response: class and detail (RFC 7143 11.13.5). */

export const LoginStatus = {
  SUCCESS: 0x0000,
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

const names = new Map<number, string>(
  Object.entries(LoginStatus).map(([name, status]) => [status, name]),
);

/** The name of a status with its number, for a log line. */
export function nameOfLoginStatus(status: number): string {
  return `${names.get(status)} (${status.toString(16).padStart(4, "0")})`;
}
