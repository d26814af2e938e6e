/** Whether initiators can come in. */
import { SYSTEM } from "../../ffi/platform.ts";
import { readSystemFile } from "../../ffi/system_file.ts";
import { formatPortal, isIPv6, type PortalModel } from "../scst/model.ts";
import { shellWord } from "./shell_word.ts";
import { isThere } from "./commands.ts";
import { failure, type Finding, note, ok, type Patient, type Wants, warning } from "./finding.ts";
import { hasServiceUser, SERVICE_USER } from "./who.ts";

/** What differs from one system to the next. */
const WORDS = {
  linux: {
    users: (port: number) => `ss -ltnp 'sport = :${port}'   # says by whom`,
    addresses: (family: string) => `ip ${family}addr`,
    unprivileged: (port: number) => `sysctl -w ${PORT_START}=${port}   # in /etc/sysctl.d for good`,
  },
  freebsd: {
    users: (port: number) => `sockstat -46lp ${port}   # says by whom`,
    addresses: (_family: string) => "ifconfig",
    unprivileged: (port: number) => `sysctl net.inet.ip.portrange.reservedhigh=${port - 1}`,
  },
}[SYSTEM];

const PORT_START = "net.ipv4.ip_unprivileged_port_start";

export function lookAtPortals(patient: Patient): Finding[] {
  const { wants, isServing } = patient;
  if (wants === undefined) return [note("the portals are not known without a configuration")];
  return wants.portals.map((portal) =>
    isServing ? lookAtServed(portal) : lookAtReserved(portal, patient) ?? lookAtFree(portal)
  );
}

/** Root may listen at ports that are shut to the service. */
function lookAtReserved(portal: PortalModel, { uid, isOfService }: Patient): Finding | undefined {
  if (uid !== 0 || !isOfService || !hasServiceUser()) return undefined;
  const start = readSystemFile(`/proc/sys/${PORT_START.replaceAll(".", "/")}`);
  const isReserved = portal.port > 0 && portal.port < (Number.parseInt(String(start)) || 0);
  return isReserved && typeof start === "string" ? mayNot(SERVICE_USER, portal) : undefined;
}

function mayNot(who: string, portal: PortalModel): Finding {
  const what = `${who} may not listen at portal ${formatPortal(portal)}`;
  return failure(what, WORDS.unprivileged(portal.port));
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
      return failure(`portal ${name} is taken`, WORDS.users(port));
    }
    if (error instanceof Deno.errors.AddrNotAvailable) {
      const family = isIPv6(hostname) ? "-6 " : "";
      return failure(`no interface has the address of portal ${name}`, WORDS.addresses(family));
    }
    if (error instanceof Deno.errors.PermissionDenied) return mayNot("this user", portal);
    const why = error instanceof Error ? error.message : error;
    return failure(`portal ${name}: ${why}`, WORDS.addresses(""));
  }
}

/** Modules of packet filters; which rules they have only root may ask. */
const FILTERS = /^(?:nf_tables|ip_tables|ip6_tables) /m;

/** Who keeps the rules, the first that is there; each command lets TCP port P in. */
const OPENERS: readonly (readonly [program: string, command: string])[] = [
  ["ufw", "ufw allow P/tcp"],
  ["firewall-cmd", "firewall-cmd --permanent --add-port=P/tcp && firewall-cmd --reload"],
  // Before all others: a rule behind one that drops the rest would never be asked.
  [
    "nft",
    "nft insert rule inet filter input tcp dport P accept   # table and chain as nft list ruleset has them",
  ],
  ["iptables", "iptables -I INPUT -p tcp --dport P -j ACCEPT"],
];

export function lookAtFirewall({ wants }: Patient): Finding[] {
  if (wants !== undefined && isForMachine(wants)) {
    return [ok("no portal is for other machines, so that no packet filter matters")];
  }
  const modules = readSystemFile("/proc/modules");
  if (typeof modules !== "string" || !FILTERS.test(modules)) {
    return [ok("no packet filter is loaded as a module")];
  }
  const ports = [...new Set(wants?.portals.map(({ port }) => port) ?? [3260])];
  const what = `a packet filter is loaded: initiators need TCP port ${ports.join(", ")}`;
  return [note(what, openPorts(ports, isThere))];
}

/** The commands that let initiators in, by what programs are there. */
export function openPorts(
  ports: readonly number[],
  isInstalled: (program: string) => boolean,
): string {
  const [, command = "nft list ruleset"] = OPENERS.find(([program]) => isInstalled(program)) ?? [];
  const [once, remark] = command.split(/(?= {3}# )/);
  return [...new Set(ports.map((port) => once!.replace(/\bP\b/g, String(port))))].join(" && ") +
    (remark ?? "");
}

/** Whether only this machine reaches the portals. */
function isForMachine({ portals }: Wants): boolean {
  return portals.every(({ hostname }) => /^(?:127\.|::1$)/.test(hostname));
}

/** Whether who is in no group sees LUNs without a secret. */
function isOpen({ attributes, luns, incomingUsers }: Wants["targets"][number]): boolean {
  return attributes.enabled && luns.length > 0 && incomingUsers.length === 0;
}

/** Names that initiators say they have keep nobody out who lies. */
export function lookAtAccess({ wants, isServing, config }: Patient): Finding[] {
  if (wants === undefined) return [note("the targets are not known without a configuration")];
  const open = wants.targets.filter(isOpen);
  if (isForMachine(wants) || open.length === 0) return [ok("no target is open to a whole network")];
  const names = open.slice(0, 3).map(({ name }) => name).join(", ");
  const more = open.length > 3 ? ` and ${open.length - 3} more` : "";
  return [warning(
    `whoever reaches the portals may use the LUNs of ${names}${more}: there is no secret`,
    isServing
      ? `scst admin -noprompt -add_tgt_attr ${open[0]!.name} -driver iscsi ` +
        `-attributes "IncomingUser=NAME $(openssl rand -hex 16)" && scst save`
      : `give each an IncomingUser in ${shellWord(config)}, as scst.yaml(5) has it`,
  )];
}
