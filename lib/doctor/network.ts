/** Whether initiators can come in. */
import { readSystemFile } from "../../ffi/system_file.ts";
import { formatPortal, isIPv6, type PortalModel } from "../scst/model.ts";
import { failure, type Finding, note, ok, type Patient, type Wants, warning } from "./finding.ts";

export function lookAtPortals({ wants, isServing }: Patient): Finding[] {
  if (wants === undefined) return [note("the portals are not known without a configuration")];
  return wants.portals.map((portal) => isServing ? lookAtServed(portal) : lookAtFree(portal));
}

/** Nothing is bound while a server has the portals. */
function lookAtServed(portal: PortalModel): Finding {
  return note(`portal ${formatPortal(portal)} is left to the server that runs`);
}

function lookAtFree(portal: PortalModel): Finding {
  const name = formatPortal(portal);
  try {
    Deno.listen(portal).close();
    return ok(`portal ${name} can be listened at`);
  } catch (error) {
    const { port, hostname } = portal;
    if (error instanceof Deno.errors.AddrInUse) {
      return failure(`portal ${name} is taken`, `ss -ltnp 'sport = :${port}'   # says by whom`);
    }
    if (error instanceof Deno.errors.AddrNotAvailable) {
      const family = isIPv6(hostname) ? "-6 " : "";
      return failure(`no interface has the address of portal ${name}`, `ip ${family}addr`);
    }
    if (error instanceof Deno.errors.PermissionDenied) {
      const what = `this user may not listen at portal ${name}`;
      return failure(what, "take a port from 1024 on, or AmbientCapabilities=CAP_NET_BIND_SERVICE");
    }
    return failure(`portal ${name}: ${error instanceof Error ? error.message : error}`, "ip addr");
  }
}

/** Modules of packet filters; which rules they have only root may ask. */
const FILTERS = /^(?:nf_tables|ip_tables|ip6_tables) /m;

export function lookAtFirewall({ wants }: Patient): Finding[] {
  const modules = readSystemFile("/proc/modules");
  if (typeof modules !== "string" || !FILTERS.test(modules)) {
    return [ok("no packet filter is loaded as a module")];
  }
  const ports = [...new Set(wants?.portals.map(({ port }) => port) ?? [3260])].join(",");
  return [note(
    `a packet filter is loaded: initiators need TCP port ${ports}`,
    `nft add rule inet filter input tcp dport { ${ports} } accept   ` +
      `# ufw: ufw allow ${ports}/tcp; firewalld: firewall-cmd --add-service=iscsi-target`,
  )];
}

/** Whether who is in no group sees LUNs without a secret. */
function isOpen({ attributes, luns, incomingUsers }: Wants["targets"][number]): boolean {
  return attributes.enabled && luns.length > 0 && incomingUsers.length === 0;
}

/** Names that initiators say they have keep nobody out who lies. */
export function lookAtAccess({ wants }: Patient): Finding[] {
  if (wants === undefined) return [note("the targets are not known without a configuration")];
  const isPrivate = wants.portals.every(({ hostname }) => /^(?:127\.|::1$)/.test(hostname));
  const open = wants.targets.filter(isOpen);
  if (isPrivate || open.length === 0) return [ok("no target is open to a whole network")];
  const names = open.slice(0, 3).map(({ name }) => name).join(", ");
  const more = open.length > 3 ? ` and ${open.length - 3} more` : "";
  return [warning(
    `whoever reaches the portals may use the LUNs of ${names}${more}: there is no secret`,
    `scst admin -add_tgt_attr TARGET -driver iscsi -attributes "IncomingUser=NAME SECRET"`,
  )];
}
