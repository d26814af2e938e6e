/** A port that somebody else is to listen at, or nobody. */

/**
 * From here on, and below, the system hands out none by itself (ip_local_port_range begins at 32768): what
 * runs beside a test does not come to one of these by chance, as it would to a port that was free before.
 */
const FIRST = 10_000;
const COUNT = 22_000;

/** Finds a port at an address that nobody listens at. */
export function freePort(hostname = "127.0.0.1"): number {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    try {
      Deno.listen({ hostname, port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}
