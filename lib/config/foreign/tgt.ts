/** A configuration of tgt (targets.conf) as one of ours: what tgt-admin would have made of it. */
import { mapOf, type Plain } from "../plain.ts";
import { ConfigError } from "../problem.ts";
import { Draft, type Imported } from "./draft.ts";
import { type Include, parseTgtText, type TgtBlock, type TgtEntry } from "./tgt_text.ts";

/** Where tgtd listens. */
const PORTALS = ["0.0.0.0:3260"];

/** Kinds of stores behind which are a file or a block device. */
const PLAIN_STORES = ["rdwr", "aio"];

const STORES = ["backing-store", "direct-store"];

/** Settings of a LUN that name it, and what they are here. */
const NAMES: readonly (readonly [from: string, to: string])[] = [
  ["scsi_sn", "usn"],
  ["vendor_id", "t10_vend_id"],
  ["product_id", "prod_id"],
  ["product_rev", "prod_rev_lvl"],
];

/** What is said of targets and LUNs below; anything else is left out with a warning. */
const TARGET_KEYS = [
  ...STORES,
  "driver",
  "initiator-address",
  "initiator-name",
  "incominguser",
  "outgoinguser",
  "controller_tid",
];
const LUN_KEYS = [
  ...NAMES.map(([from]) => from),
  "write-cache",
  "readonly",
  "removable",
  "device-type",
  "bs-type",
  "block-size",
  "lun",
  "allow-in-use",
];
const GLOBAL_KEYS = [
  "default-driver",
  "ignore-errors",
  "control-port",
  "incomingdiscoveryuser",
  "outgoingdiscoveryuser",
  "iSNS",
  "iSNSServerIP",
  "iSNSServerPort",
  "iSNSAccessControl",
];

/** A store with what its own block says, on top of what its target says. */
interface Store {
  readonly path: string;
  readonly isDirect: boolean;
  readonly at: string;
  readonly own: readonly TgtEntry[];
}

/** Reads the text of the file `path`. Throws a ConfigError if it is none. */
export function importTgt(text: string, path: string, include: Include): Imported {
  const root = parseTgtText(text, path, include);
  const draft = new Draft();
  warnOfOthers(draft, root.entries, GLOBAL_KEYS);
  const targets = mergedTargets(root.blocks);
  for (const { name, at } of root.blocks) {
    if (name !== "target") draft.warn(`${at}: <${name}> is left out: it is not known`);
  }
  if (targets.length === 0) throw new ConfigError([`${path}: there is no <target ...> in it`]);
  const fallback = last(root.entries, "default-driver") ?? "iscsi";
  let tid = 0;
  // tgt-admin numbers targets by their names.
  for (const target of targets.toSorted((a, b) => a.argument < b.argument ? -1 : 1)) {
    tid = Number(last(target.entries, "controller_tid") ?? tid + 1);
    new TargetImport(draft, target, tid).run(fallback);
  }
  return draft.finish(PORTALS, driverOf(root.entries));
}

/** Blocks of one target are parts of it, as tgt-admin takes them. */
function mergedTargets(blocks: readonly TgtBlock[]): TgtBlock[] {
  const byName = Map.groupBy(
    blocks.filter(({ name }) => name === "target"),
    ({ argument }) => argument,
  );
  return [...byName.values()].map((parts) => ({
    ...parts[0]!,
    entries: parts.flatMap(({ entries }) => entries),
    blocks: parts.flatMap(({ blocks }) => blocks),
  }));
}

function driverOf(entries: readonly TgtEntry[]): Map<string, Plain> {
  const isns = last(entries, "iSNS")?.toLowerCase() === "on" && last(entries, "iSNSServerIP");
  const port = last(entries, "iSNSServerPort");
  const access = last(entries, "iSNSAccessControl")?.toLowerCase() === "on" ? " AccessControl" : "";
  return mapOf([
    ["iSNSServer", isns ? `${isns}${port === undefined ? "" : `:${port}`}${access}` : undefined],
    ["IncomingUser", users(entries, "incomingdiscoveryuser")],
    ["OutgoingUser", users(entries, "outgoingdiscoveryuser")],
  ]);
}

/** The value that counts of a key that is given once. */
function last(entries: readonly TgtEntry[], key: string): string | undefined {
  return entries.findLast((entry) => entry.key === key)?.value;
}

function users(entries: readonly TgtEntry[], key: string): Plain | undefined {
  const found = entries.filter((entry) => entry.key === key).map(({ value }) => {
    // tgt-admin takes the second word, and has a shell take its quotes off.
    const [name = "", secret = ""] = value.split(/\s+/);
    return [name, secret.replace(/^(["'])(.*)\1$/, "$2")] as const;
  });
  return found.length === 0 ? undefined : mapOf(found);
}

function warnOfOthers(draft: Draft, entries: readonly TgtEntry[], known: readonly string[]): void {
  for (const { key, at } of entries) {
    if (!known.includes(key)) draft.warn(`${at}: ${key} is left out`);
  }
}

/** One target on its way. */
class TargetImport {
  readonly #draft: Draft;
  readonly #target: TgtBlock;
  readonly #tid: number;

  constructor(draft: Draft, target: TgtBlock, tid: number) {
    this.#draft = draft;
    this.#target = target;
    this.#tid = tid;
  }

  run(fallbackDriver: string): void {
    const { argument: name, entries, at } = this.#target;
    const driver = last(entries, "driver") ?? fallbackDriver;
    if (driver !== "iscsi") {
      return this.#draft.warn(`${at}: target ${name} is left out: its driver is ${driver}`);
    }
    warnOfOthers(this.#draft, entries, [...TARGET_KEYS, ...LUN_KEYS]);
    const luns = this.#luns();
    const initiators = entries.filter(({ key }) => key === "initiator-name");
    const group = mapOf([["initiators", initiators.map(({ value }) => value)], ["luns", luns]]);
    const isOpen = initiators.length === 0;
    this.#draft.targets.set(
      name.toLowerCase(), // as initiators' names of it are compared
      mapOf([
        ["enabled", this.#isLimitedByAddress() ? false : undefined],
        ["IncomingUser", users(entries, "incominguser")],
        ["OutgoingUser", this.#outgoingUser()],
        ["luns", isOpen ? luns : mapOf([])],
        ["ini_groups", isOpen ? undefined : mapOf([["imported", group]])],
      ]),
    );
  }

  /** Whom tgt lets in by address would be anybody here, until somebody has seen to it. */
  #isLimitedByAddress(): boolean {
    const limit = this.#target.entries.find(({ key, value }) =>
      key === "initiator-address" && value.toUpperCase() !== "ALL"
    );
    if (limit === undefined) return false;
    this.#draft.warn(
      `${limit.at}: target ${this.#target.argument} is not enabled: scst does not tell initiators ` +
        `by their addresses. Name them in ini_groups or give them a secret (IncomingUser), then ` +
        `take "enabled: false" out`,
    );
    return true;
  }

  /** tgt-admin uses the first one only. */
  #outgoingUser(): Plain | undefined {
    const [first, second] = this.#target.entries.filter(({ key }) => key === "outgoinguser");
    if (second !== undefined) {
      this.#draft.warn(`${second.at}: outgoinguser is left out, as tgt-admin does: there is one`);
    }
    return first && users([first], "outgoinguser");
  }

  /** Backing stores come before direct ones, each in the order of their paths. */
  #stores(): Store[] {
    const { entries, blocks } = this.#target;
    const found: Store[] = [];
    for (const { key, value, at } of entries) {
      if (STORES.includes(key)) {
        found.push({ path: value, isDirect: key === "direct-store", at, own: [] });
      }
    }
    for (const { name, argument, at, entries: own } of blocks) {
      if (!STORES.includes(name)) this.#draft.warn(`${at}: <${name}> is left out: it is not known`);
      else found.push({ path: argument, isDirect: name === "direct-store", at, own });
    }
    return found.toSorted((a, b) =>
      Number(a.isDirect) - Number(b.isDirect) || (a.path < b.path ? -1 : 1)
    );
  }

  #luns(): Map<string, Plain> {
    const stores = this.#stores();
    const said = ({ own }: Store) => last(own, "lun") ?? last(this.#target.entries, "lun");
    const fixed = new Set(stores.map(said));
    const luns: [string, Plain][] = [];
    let next = 1;
    for (const store of stores) {
      while (fixed.has(String(next))) next++;
      const lun = Number(said(store) ?? next++);
      if (luns.some(([taken]) => taken === String(lun))) {
        const what = `LUN ${lun} (${store.path}) is left out, as tgtd does`;
        this.#draft.warn(`${store.at}: ${what}: another store has that number`);
        continue;
      }
      const name = this.#draft.deviceOf(store.path) ?? this.#addDevice(store, lun);
      if (name !== undefined) luns.push([String(lun), name]);
    }
    return mapOf(luns.sort(([a], [b]) => Number(a) - Number(b)));
  }

  #addDevice(store: Store, lun: number): string | undefined {
    const device = this.#device(store, lun);
    return device && this.#draft.addDevice(nameOf(store.path), device);
  }

  /** undefined if scst has nothing of that kind; the LUN number stays free then. */
  #device({ path, isDirect, at, own }: Store, lun: number): Map<string, Plain> | undefined {
    warnOfOthers(this.#draft, own, LUN_KEYS);
    const general = this.#target.entries;
    const say = (key: string) => last(own, key) ?? last(general, key);
    const bsType = say("bs-type") ?? "rdwr";
    const type = say("device-type") ?? "disk";
    const isDrive = type === "cd" || type === "dvd";
    if (!PLAIN_STORES.includes(bsType) || !isDrive && type !== "disk") {
      const what = PLAIN_STORES.includes(bsType) ? `device-type ${type}` : `bs-type ${bsType}`;
      this.#draft.warn(`${at}: LUN ${lun} (${path}) is left out: scst has no ${what}`);
      return undefined;
    }
    if (isDirect) {
      this.#draft.warn(`${at}: the names of ${path} are not read: give them, where they matter`);
    }
    const isOn = (key: string) => say(key) === "1" || undefined;
    if (isDrive) {
      return mapOf([["handler", "vcdrom"], ["filename", path], ...this.#names(say, lun)]);
    }
    return mapOf([
      ["handler", "vdisk_fileio"],
      ["filename", path],
      ["blocksize", say("block-size")],
      ["read_only", isOn("readonly")],
      ["removable", isOn("removable")],
      ["write_through", say("write-cache") === "off" || undefined],
      ...this.#names(say, lun),
    ]);
  }

  /** The names that tgtd gives where none are said: initiators know their disks again by them. */
  #names(say: (key: string) => string | undefined, lun: number): [string, Plain | undefined][] {
    const hex = (number: number, digits: number) => number.toString(16).padStart(digits, "0");
    const id = hex(this.#tid, 4) + hex(lun, 4);
    const names = new Map([
      ["t10_vend_id", "IET"],
      ["prod_id", "VIRTUAL-DISK"],
      ["prod_rev_lvl", "0001"],
      ["usn", `beaf${this.#tid}${lun}`],
    ]);
    for (const [from, to] of NAMES) {
      const said = say(from);
      if (said !== undefined) names.set(to, said);
    }
    return [["naa_id", `0x60000000000000000e000000${id}`], ["t10_dev_id", id], ...names];
  }
}

/** The last part of a path, without what an image has at its end. */
function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).replace(/\.(img|raw|iso|bin)$/i, "");
}
