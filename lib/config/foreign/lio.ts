/**
 * A configuration of LIO (saveconfig.json of targetcli) as one of ours. What LIO has and scst has not is
 * warned of; what would let somebody in whom LIO keeps out is not enabled.
 */
import { mapOf, type Plain } from "../plain.ts";
import { ConfigError, quote } from "../problem.ts";
import { Draft, type Imported } from "./draft.ts";
import { Member } from "./json_member.ts";

/** LIO's company identifier with the NAA in front, and hex digits of the `wwn` that follow it. */
const NAA_PREFIX = "6001405";
const NAA_DIGITS = 25;

const T10_VENDOR = "LIO-ORG";
const PRODUCT_LENGTH = 16;
const SERIAL_LENGTH = 20;

/** The one that every storage object has. */
const DEFAULT_ALUA = "default_tg_pt_gp";

/** What LIO calls every target for which nothing else is said. */
const DEFAULT_ALIAS = "LIO Target";

/** The characters of the name of a group; an initiator's may have more. */
const GROUP_MOST = 64;

const ANY_IPV4 = "0.0.0.0";
const ANY_IPV6 = "[::]";

/** The LUN of a portal group. */
interface GroupLun {
  readonly lun: number;
  /** Name of the device; undefined if it is left out. */
  readonly device: string | undefined;
}

interface Portal {
  readonly address: string;
  readonly port: number;
}

/** Reads the text of the file `path`. Throws a ConfigError if it is none. */
export function importLio(text: string, path: string): Imported {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new ConfigError([`${path}${placeIn(text, error)}: it is not JSON`]);
  }
  const root = Member.root(json, path);
  return new LioImport(root).run();
}

/** The line that V8 names, if it does. Its words are not told: they quote what stands there, secrets too. */
function placeIn(text: string, error: unknown): string {
  const position = error instanceof Error && /at position (\d+)/.exec(error.message)?.[1];
  if (!position) return "";
  return `:${text.slice(0, Number(position)).split("\n").length}`;
}

class LioImport {
  readonly #root: Member;
  readonly #draft = new Draft();
  /** Names of devices, by LIO's path of the storage object. */
  readonly #devices = new Map<string, string>();
  /** Portals of each target that is taken over. */
  readonly #portals = new Map<string, readonly Portal[]>();

  constructor(root: Member) {
    this.#root = root;
  }

  run(): Imported {
    for (const object of this.#root.list("storage_objects")) this.#addDevice(object);
    for (const target of this.#root.list("targets")) this.#addTarget(target);
    const all = [...this.#portals.values()].flat();
    const portals = withoutCovered(all.length === 0 ? [{ address: ANY_IPV4, port: 3260 }] : all);
    this.#limitPortals(portals);
    return this.#draft.finish(
      portals.map(({ address, port }) => `${address}:${port}`),
      this.#driver(),
    );
  }

  #addDevice(object: Member): void {
    const name = object.text("name") ?? "";
    const plugin = object.text("plugin") ?? "";
    const device = this.#device(object, plugin, name);
    if (device === undefined) return;
    for (const group of object.list("alua_tpgs")) {
      const alua = group.text("name") ?? "";
      if (alua === DEFAULT_ALUA) continue;
      const what = `the ALUA group ${quote(alua)} of ${quote(name)} is left out`;
      this.#draft.warn(`${group.at}: ${what}: device_groups say the like here`);
    }
    this.#devices.set(`/backstores/${plugin}/${name}`, this.#draft.addDevice(name, device));
  }

  #device(object: Member, plugin: string, name: string): Map<string, Plain> | undefined {
    const attributes = object.object("attributes");
    const isOn = (key: string) => attributes.flag(key) || undefined;
    const blocksize = attributes.text("block_size");
    const common = [
      ["blocksize", blocksize === "512" ? undefined : blocksize],
      ["read_only", object.flag("readonly") || undefined],
      ["thin_provisioned", isOn("emulate_tpu")],
      ["rotational", attributes.flag("is_nonrot") ? false : undefined],
      ...namesOf(object.text("wwn") ?? "", name),
    ] as const;
    const handler = handlerOf(object, plugin);
    if (handler === undefined) {
      this.#draft.warn(`${object.at}: ${quote(name)} is left out: scst has no ${plugin} storage`);
      return undefined;
    }
    const isWrittenThrough = handler === "vdisk_fileio" && !object.flag("write_back");
    return mapOf([
      ["handler", handler],
      ["filename", object.text("dev")],
      ["size", plugin === "ramdisk" ? object.text("size") : undefined],
      ["write_through", isWrittenThrough || undefined],
      ...common,
    ]);
  }

  #addTarget(target: Member): void {
    const fabric = target.text("fabric");
    const name = (target.text("wwn") ?? "").toLowerCase();
    if (fabric !== "iscsi") {
      const what = `target ${quote(name)} is left out: its fabric is ${fabric ?? "not said"}`;
      return this.#draft.warn(`${target.at}: ${what}`);
    }
    const groups = target.list("tpgs");
    const group = groups.find((one) => one.flag("enable")) ?? groups[0];
    if (group === undefined) {
      return this.#draft.warn(`${target.at}: target ${name} is left out: it has no portal group`);
    }
    for (const other of groups) {
      if (other !== group) {
        this.#draft.warn(`${other.at}: this portal group of ${name} is left out`);
      }
    }
    for (const portal of group.list("portals")) {
      if (!portal.flag("iser")) continue;
      this.#draft.warn(`${portal.at}: this portal of ${name} is for iSER there, and for TCP here`);
    }
    this.#portals.set(name, group.list("portals").map(portalOf));
    this.#draft.targets.set(name, this.#target(group, name));
  }

  #target(group: Member, name: string): Map<string, Plain> {
    const attributes = group.object("attributes");
    const parameters = group.object("parameters");
    const luns = this.#lunsOf(group);
    const acls = group.list("node_acls");
    const isDemo = attributes.flag("generate_node_acls");
    const isGuarded = attributes.flag("authentication");
    const incoming = isGuarded ? this.#users([group, ...acls], "", name) : [];
    const [outgoing, ...others] = isGuarded ? this.#users([group, ...acls], "mutual_", name) : [];
    if (others.length > 0) {
      this.#draft.warn(
        `${group.at}: only one mutual user of ${name} is taken over: ${outgoing![0]}`,
      );
    }
    const isOrphaned = isGuarded && incoming.length === 0;
    if (isOrphaned) {
      const what = "it asks for authentication, but has no user";
      this.#draft.warn(`${group.at}: target ${name} is not enabled: ${what}`);
    }
    if (incoming.length > 0 && acls.length > 1) {
      const what = `with each secret of ${name} any of its initiators may log in`;
      this.#draft.warn(`${group.at}: ${what}: users are those of a target, not of an initiator`);
    }
    const digest = (key: string) => {
      const said = parameters.text(key);
      return said === "CRC32C" || said === "None" ? said : undefined;
    };
    const alias = parameters.text("TargetAlias");
    return mapOf([
      ["enabled", !group.flag("enable") || isOrphaned ? false : undefined],
      ["alias", alias === DEFAULT_ALIAS ? undefined : alias],
      ["HeaderDigest", digest("HeaderDigest")],
      ["DataDigest", digest("DataDigest")],
      ["IncomingUser", incoming.length === 0 ? undefined : mapOf(incoming)],
      ["OutgoingUser", outgoing === undefined ? undefined : mapOf([outgoing])],
      [
        "luns",
        isDemo ? lunMap(luns, attributes.flag("demo_mode_write_protect", true)) : mapOf([]),
      ],
      ["ini_groups", acls.length === 0 ? undefined : this.#groups(acls, luns)],
    ]);
  }

  #lunsOf(group: Member): GroupLun[] {
    return group.list("luns").map((entry) => {
      const path = entry.text("storage_object") ?? "";
      const lun = entry.number("index");
      const device = this.#devices.get(path);
      if (device === undefined) {
        this.#draft.warn(`${entry.at}: LUN ${lun} is left out: there is no ${quote(path)} here`);
      }
      return { lun, device };
    });
  }

  /** A group for each initiator that LIO knows: each has LUN numbers of its own. */
  #groups(acls: readonly Member[], luns: readonly GroupLun[]): Map<string, Plain> {
    const names = new Set<string>();
    return mapOf(acls.map((acl) => {
      const initiator = acl.text("node_wwn") ?? "";
      const mapped = acl.list("mapped_luns").map((entry) => {
        const from = entry.number("tpg_lun");
        const { device } = luns.find(({ lun }) => lun === from) ?? { device: undefined };
        const isReadOnly = entry.flag("write_protect");
        return { lun: entry.number("index"), device, isReadOnly };
      });
      const plain = mapped.flatMap(({ isReadOnly, ...lun }) => [...lunMap([lun], isReadOnly)]);
      let name = initiator.slice(0, GROUP_MOST);
      for (let count = 2; names.has(name); count++) {
        name = `${initiator.slice(0, GROUP_MOST - 1 - String(count).length)}-${count}`;
      }
      names.add(name);
      return [name, mapOf([["initiators", [initiator]], ["luns", mapOf(plain)]])];
    }));
  }

  /** Users with their secrets; `kind` is "" or "mutual_". */
  #users(
    owners: readonly Member[],
    kind: "" | "mutual_",
    target: string,
  ): [name: string, secret: string][] {
    const found = new Map<string, string>();
    for (const owner of owners) {
      const name = owner.text(`chap_${kind}userid`);
      const secret = owner.text(`chap_${kind}password`);
      if (!name || !secret) continue;
      if (found.has(name) && found.get(name) !== secret) {
        const what = `user ${quote(name)} of ${target} has another secret here, which is left out`;
        this.#draft.warn(`${owner.at}: ${what}`);
        continue;
      }
      found.set(name, secret);
    }
    return [...found];
  }

  /** Targets that are not at all of the portals are only let in to at their own. */
  #limitPortals(all: readonly Portal[]): void {
    for (const [name, own] of this.#portals) {
      const target = this.#draft.targets.get(name) as Map<string, Plain>;
      const isThere = ({ address, port }: Portal) =>
        own.some((one) => one.port === port && (one.address === address || isAny(one.address)));
      if (all.every(isThere)) continue;
      if (own.some(({ address }) => isAny(address))) {
        this.#draft.warn(`target ${name} is at all portals: LIO has it at some of the ports only`);
        continue;
      }
      const hosts = own.map(({ address }) => address.replace(/^\[(.*)\]$/, "$1"));
      target.set("allowed_portal", [...new Set(hosts)]);
    }
  }

  /** Discovery has a secret of its own. */
  #driver(): Map<string, Plain> {
    const iscsi = this.#root.list("fabric_modules").find((one) => one.text("name") === "iscsi");
    if (iscsi?.flag("discovery_enable_auth") !== true) return mapOf([]);
    const user = (kind: string): Plain | undefined => {
      const name = iscsi.text(`discovery_${kind}userid`);
      const secret = iscsi.text(`discovery_${kind}password`);
      return name && secret ? mapOf([[name, secret]]) : undefined;
    };
    return mapOf([["IncomingUser", user("")], ["OutgoingUser", user("mutual_")]]);
  }
}

/** What serves a storage object of LIO here; undefined if nothing does. */
function handlerOf(object: Member, plugin: string): string | undefined {
  if (plugin === "fileio") return "vdisk_fileio";
  if (plugin === "block") return "vdisk_blockio";
  if (plugin !== "ramdisk") return undefined;
  return object.flag("nullio") ? "vdisk_nullio" : "vdisk_ram";
}

/** What initiators know a disk of LIO by. */
function namesOf(wwn: string, name: string): (readonly [string, Plain | undefined])[] {
  const digits = wwn.toLowerCase().replaceAll(/[^0-9a-f]/g, "");
  if (digits.length < NAA_DIGITS) return [];
  return [
    ["naa_id", `0x${NAA_PREFIX}${digits.slice(0, NAA_DIGITS)}`],
    ["usn", digits.slice(0, SERIAL_LENGTH)],
    ["t10_vend_id", T10_VENDOR],
    ["prod_id", name.slice(0, PRODUCT_LENGTH)],
  ];
}

function portalOf(portal: Member): Portal {
  const address = portal.text("ip_address") ?? ANY_IPV4;
  const port = portal.number("port");
  if (/^\[?::0?\]?$/.test(address)) return { address: ANY_IPV6, port };
  return {
    address: address.includes(":") && !address.startsWith("[") ? `[${address}]` : address,
    port,
  };
}

function isAny(address: string): boolean {
  return address === ANY_IPV4 || address === ANY_IPV6;
}

/** The portals once each, and without those that one for all addresses has with it. */
function withoutCovered(portals: readonly Portal[]): Portal[] {
  const byText = new Map(portals.map((one) => [`${one.address}:${one.port}`, one]));
  const unique = [...byText.values()];
  const covers = (any: Portal, { address, port }: Portal) =>
    any.port === port && any.address !== address &&
    (any.address === ANY_IPV6 || any.address === ANY_IPV4 && !address.startsWith("["));
  return unique.filter((one) => !unique.some((any) => isAny(any.address) && covers(any, one)));
}

function lunMap(luns: readonly GroupLun[], isReadOnly: boolean): Map<string, Plain> {
  return mapOf(luns.map(({ lun, device }) => {
    const plain = isReadOnly && device !== undefined
      ? mapOf([["device", device], ["read_only", true]])
      : device;
    return [String(lun), plain];
  }));
}
