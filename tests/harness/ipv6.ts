/** Whether this machine has IPv6, as not every one has where tests run. */

/** Whether there is an IPv6 loopback address. */
function hasIPv6(): boolean {
  try {
    Deno.listen({ hostname: "::1", port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}

/** Declares a test that is ignored on a machine without the address ::1. */
export function ipv6Test(name: string, fn: () => Promise<void>): void {
  const ignore = !hasIPv6();
  const why = ignore ? " (skipped: no address ::1 on this machine)" : "";
  Deno.test({ name: name + why, ignore, fn });
}
