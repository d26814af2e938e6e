/** What the lists of targets, devices, LUNs, groups and sessions show. */
import type { Subtree } from "../../admin/tree_client.ts";
import { below, directories, type Listing, type Row, says } from "./listing.ts";

const TARGETS = "targets/iscsi";

export const TARGET_LISTING: Listing = {
  noun: "target",
  summary: "list targets",
  columns: ["target", "enabled", "rel_tgt_id", "luns", "groups", "sessions"],
  path: TARGETS,
  depth: 3,
  rows: (entries) =>
    directories(entries).map(({ name, entries }) => ({
      target: name,
      enabled: says(entries, "enabled") === "1",
      rel_tgt_id: Number(says(entries, "rel_tgt_id")),
      luns: directories(below(entries, "luns")).length,
      groups: directories(below(entries, "ini_groups")).length,
      sessions: directories(below(entries, "sessions")).length,
    })),
};

export const DEVICE_LISTING: Listing = {
  noun: "device",
  summary: "list devices",
  columns: [
    "device",
    "handler",
    "size",
    "blocksize",
    "read_only",
    "active",
    "health",
    "cache",
    "exports",
    "filename",
  ],
  path: "devices",
  depth: 3,
  rows: (entries) =>
    directories(entries).map(({ name, entries }) => {
      const handler = entries?.find((entry) => entry.name === "handler")?.target ?? "";
      const filename = says(entries, "filename");
      return {
        device: name,
        handler: handler.slice(handler.lastIndexOf("/") + 1),
        size: Number(says(entries, "size")),
        blocksize: Number(says(entries, "blocksize") || 2048),
        read_only: handler.endsWith("/vcdrom") || says(entries, "read_only") === "1",
        active: says(entries, "active") !== "0",
        health: says(entries, "health"),
        cache: cacheOf(entries),
        exports: below(entries, "exported").filter(isOfTarget).length,
        filename: filename === "none" ? "" : filename,
      };
    }),
};

/** What becomes of writes before they end; one that takes the operator's word for it stands out. */
function cacheOf(entries: readonly Subtree[] | undefined): string {
  if (says(entries, "nv_cache") === "1") return "NV_CACHE-NEVER-FLUSHED";
  const writeThrough = says(entries, "write_through");
  return writeThrough === "" ? "" : writeThrough === "1" ? "write_through" : "write_back";
}

/** Whether a link leads to a LUN that initiators see, and not to one of the copy manager. */
function isOfTarget({ target = "" }: Subtree): boolean {
  return target.includes(`/${TARGETS}/`);
}

/** The LUNs of a directory `luns`. */
function lunRows(target: string, group: string, luns: readonly Subtree[]): Row[] {
  return directories(luns).map(({ name, entries }) => {
    const link = entries?.find((entry) => entry.name === "device")?.target ?? "";
    return {
      target,
      group,
      lun: Number(name),
      device: link.slice(link.lastIndexOf("/") + 1),
      read_only: says(entries, "read_only") === "1",
    };
  });
}

export const LUN_LISTING: Listing = {
  noun: "lun",
  summary: "list LUNs, the targets' own and those of groups",
  columns: ["target", "group", "lun", "device", "read_only"],
  path: TARGETS,
  depth: 6,
  rows: (entries) =>
    directories(entries).flatMap(({ name, entries }) => [
      ...lunRows(name, "", below(entries, "luns")),
      ...directories(below(entries, "ini_groups")).flatMap((group) =>
        lunRows(name, group.name, below(group.entries, "luns"))
      ),
    ]),
};

export const GROUP_LISTING: Listing = {
  noun: "group",
  summary: "list groups of initiators with their patterns",
  columns: ["target", "group", "luns", "initiators"],
  path: TARGETS,
  depth: 5,
  rows: (entries) =>
    directories(entries).flatMap(({ name, entries }) =>
      directories(below(entries, "ini_groups")).map((group) => ({
        target: name,
        group: group.name,
        luns: directories(below(group.entries, "luns")).length,
        initiators: below(group.entries, "initiators")
          .map((entry) => entry.name).filter((pattern) => pattern !== "mgmt").join(" "),
      }))
    ),
};

export const SESSION_LISTING: Listing = {
  noun: "session",
  summary: "list sessions",
  columns: ["target", "session", "group", "address", "commands", "read_kb", "write_kb"],
  path: TARGETS,
  depth: 4,
  rows: (entries) =>
    directories(entries).flatMap(({ name, entries }) =>
      directories(below(entries, "sessions")).map((session) => sessionRow(name, session))
    ),
};

function sessionRow(target: string, { name, entries }: Subtree): Row {
  const luns = entries?.find((entry) => entry.name === "luns")?.target ?? "";
  const connection = directories(entries).find((entry) => /^[[\d]/.test(entry.name));
  return {
    target,
    session: name,
    group: /\/ini_groups\/([^/]+)\//.exec(luns)?.[1] ?? "",
    address: connection?.name ?? "",
    commands: Number(says(entries, "commands")),
    read_kb: Number(says(entries, "read_io_count_kb")),
    write_kb: Number(says(entries, "write_io_count_kb")),
  };
}
