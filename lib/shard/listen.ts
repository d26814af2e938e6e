/** Listening on a portal, and why that cannot be. */
import { formatPortal, isIPv6, type PortalModel } from "../scst/model.ts";
import { StartError } from "./start_error.ts";

/** Whether one is for all IPv6 addresses and the other for IPv4, which many systems give the first one too. */
function bothTakeIPv4(one: PortalModel, other: PortalModel): boolean {
  const hosts = [one.hostname, other.hostname];
  return one.port === other.port && hosts.includes("::") &&
    !hosts.every(isIPv6);
}

/** Listens on a portal, beside `others`. Throws a StartError when that cannot be. */
export function listen(portal: PortalModel, others: readonly PortalModel[]): Deno.TcpListener {
  try {
    return Deno.listen({ ...portal, transport: "tcp" });
  } catch (error) {
    const where = formatPortal(portal);
    if (error instanceof Deno.errors.AddrInUse) {
      const what = `Cannot listen on ${where}: the port is in use`;
      const other = others.find((one) => bothTakeIPv4(one, portal));
      if (other === undefined) throw new StartError(what, true);
      const why = "on this system [::] takes IPv4 as well, leave the other one out";
      throw new StartError(`${what} with portal ${formatPortal(other)}: ${why}`);
    }
    if (error instanceof Deno.errors.AddrNotAvailable) {
      const why = "this machine has no such address";
      throw new StartError(`Cannot listen on ${where}: ${why}`);
    }
    if (error instanceof Deno.errors.PermissionDenied) {
      const why = "ports below 1024 need CAP_NET_BIND_SERVICE";
      throw new StartError(`Cannot listen on ${where}: permission denied; ${why}`);
    }
    const why = error instanceof Error ? error.message : String(error);
    throw new StartError(`Cannot listen on ${where}: ${why}`);
  }
}
