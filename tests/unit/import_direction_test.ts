/** The import direction of ARCHITECTURE.md section 2, and what may stand in one room only. */
import assert from "node:assert/strict";
import { posix } from "node:path";

const ROOT = new URL("../../", import.meta.url);

/**
 * What each room may import besides itself: rooms, or single files where a room shows the others
 * no more than that. Data flows iscsi -> scst -> vdisk -> store -> ffi; scsi holds the words that
 * they share, and shard joins them.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "main.ts": ["lib/cli", "lib/log.ts"],
  "build.ts": [],
  "ffi": [],
  "lib/bug.ts": [],
  "lib/newer_state.ts": [],
  "lib/log.ts": ["lib/service/journal.ts"],
  // Who runs the program: the service manager and its journal.
  "lib/service": ["ffi"],
  "lib/scsi": ["ffi"],
  "lib/store": ["ffi", "lib/log.ts", "lib/newer_state.ts"],
  "lib/vdisk": ["lib/store", "lib/scsi", "ffi", "lib/log.ts"],
  "lib/scst": ["lib/vdisk", "lib/store", "lib/scsi", "ffi", "lib/log.ts"],
  "lib/iscsi": ["lib/scst", "lib/scsi", "ffi", "lib/log.ts", "lib/bug.ts"],
  // The control side of iSNS: what it says of logins goes to the shard as a message.
  "lib/isns": ["lib/iscsi/portal_address.ts", "lib/scst/model.ts", "lib/log.ts", "lib/bug.ts"],
  "lib/shard": [
    "lib/isns",
    "lib/iscsi",
    "lib/scst",
    "lib/vdisk",
    "lib/store",
    "lib/scsi",
    "ffi",
    "lib/bug.ts",
    "lib/log.ts",
  ],
  "lib/config": [
    "lib/scst/model.ts",
    "lib/newer_state.ts",
    "lib/log.ts",
    "lib/bug.ts",
    "ffi/crc32c_tables.ts",
  ],
  "lib/admin": [
    "lib/config",
    "lib/iscsi/explain_login.ts",
    "lib/scst/initiator_group.ts",
    "lib/scst/model.ts",
    "lib/scst/pattern.ts",
    "lib/shard/server.ts",
    "ffi",
    "lib/bug.ts",
    "lib/log.ts",
    "deno.json",
  ],
  // It looks at the machine, and at nothing of ours.
  "lib/doctor": ["lib/scst/model.ts", "ffi"],
  "lib/metrics": [
    "lib/admin",
    "lib/config/portal.ts",
    "lib/config/problem.ts",
    "lib/scst/model.ts",
    "lib/shard/server.ts",
    "lib/log.ts",
    "deno.json",
  ],
  "lib/cli": [
    "lib/admin",
    "lib/config",
    "lib/doctor",
    "lib/metrics",
    "lib/scst/model.ts",
    "lib/shard/server.ts",
    "lib/store/create.ts",
    "lib/service",
    "lib/bug.ts",
    "lib/log.ts",
    "ffi/crc32c.ts",
    "ffi/places.ts",
    "deno.json",
  ],
};

/** Words that one room (or file) alone may use. */
const RESERVED: readonly { readonly pattern: RegExp; readonly room: string }[] = [
  // The executable is not allowed to run programs (or to send signals, which Deno takes for the same).
  { pattern: /\bDeno\.(Command|kill)\b/, room: "build.ts" },
  { pattern: /\bDeno\.(dlopen|Unsafe\w+|build)\b/, room: "ffi" },
  { pattern: /\bDeno\.stderr\b/, room: "lib/log.ts" },
  { pattern: /\bconsole\./, room: "lib/log.ts" },
];

interface Source {
  /** From the root of the project: `lib/scst/model.ts`. */
  readonly path: string;
  readonly text: string;
}

function isWithin(path: string, room: string): boolean {
  return path === room || path.startsWith(`${room}/`);
}

function roomOf(path: string): string | undefined {
  return Object.keys(MAY_IMPORT).find((room) => isWithin(path, room));
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/^\s*\/\/.*$/gm, "");
}

/** What a module asks for: imports and exports, dynamic imports, and modules started as workers. */
function specifiersOf(text: string): string[] {
  const forms = /(?:\bfrom\s*|\bimport\s*\(?\s*|\bnew URL\(\s*)"([^"]*[^"/])"/g;
  return [...withoutComments(text).matchAll(forms)].map(([, specifier]) => specifier ?? "");
}

/** One sentence for everything in a file that the rules above forbid. */
function faultsOf({ path, text }: Source): string[] {
  const room = roomOf(path);
  if (room === undefined) return [`${path} stands in no room that this test knows`];
  const faults: string[] = [];
  for (const specifier of specifiersOf(text)) {
    if (!specifier.startsWith(".")) continue;
    const target = posix.join(posix.dirname(path), specifier);
    const allowed = [room, ...MAY_IMPORT[room] ?? []];
    if (!allowed.some((entry) => isWithin(target, entry))) {
      faults.push(`${path} imports ${target}; ${room} may import ${allowed.join(", ")}`);
    }
  }
  for (const { pattern, room: owner } of RESERVED) {
    const match = pattern.exec(withoutComments(text));
    if (match !== null && !isWithin(path, owner)) {
      faults.push(`${path} uses ${match[0]}, which belongs to ${owner}`);
    }
  }
  return faults;
}

/** Every bare specifier with the files that import it. */
function packageImports(sources: readonly Source[]): Map<string, string[]> {
  const importers = new Map<string, string[]>();
  for (const { path, text } of sources) {
    for (const specifier of specifiersOf(text)) {
      if (/^(\.|node:)/.test(specifier)) continue;
      const files = importers.get(specifier) ?? [];
      importers.set(specifier, files);
      if (!files.includes(path)) files.push(path);
    }
  }
  return importers;
}

function productSources(): Source[] {
  const paths: string[] = [];
  const walk = (dir: string) => {
    for (const entry of Deno.readDirSync(new URL(dir, ROOT))) {
      if (entry.isDirectory) walk(`${dir}${entry.name}/`);
      else if (entry.name.endsWith(".ts")) paths.push(`${dir}${entry.name}`);
    }
  };
  for (const entry of Deno.readDirSync(ROOT)) {
    if (entry.isFile && entry.name.endsWith(".ts")) paths.push(entry.name);
  }
  walk("ffi/");
  walk("lib/");
  return paths.map((path) => ({ path, text: Deno.readTextFileSync(new URL(path, ROOT)) }));
}

Deno.test("no module imports against the direction of the rooms", () => {
  const sources = productSources();
  assert.ok(sources.some(({ path }) => path.startsWith("lib/iscsi/")), "the sources were found");
  assert.deepEqual(sources.flatMap(faultsOf), []);
});

Deno.test("each npm package is imported in one file", () => {
  const shared = [...packageImports(productSources())].filter(([, files]) => files.length > 1);
  assert.deepEqual(shared, []);
});

Deno.test("the import rules see every way of importing", () => {
  const faults = (path: string, text: string) => faultsOf({ path, text }).length;
  assert.equal(faults("lib/iscsi/login.ts", 'import { a } from "../scst/nexus.ts";'), 0);
  assert.equal(faults("lib/scst/nexus.ts", 'import { a } from "../iscsi/login.ts";'), 1);
  assert.equal(faults("lib/store/file.ts", 'export * from "../vdisk/read.ts";'), 1);
  assert.equal(faults("lib/store/file.ts", 'import "../vdisk/read.ts";'), 1);
  assert.equal(faults("ffi/libc.ts", 'await import("../lib/log.ts");'), 1);
  assert.equal(faults("lib/vdisk/a.ts", 'new URL("../shard/worker.ts", import.meta.url)'), 1);
  assert.equal(faults("lib/cli/serve.ts", 'import { a } from "../store/file.ts";'), 1);
  assert.equal(faults("lib/cli/serve.ts", '// from "../store/file.ts"'), 0);
  assert.equal(faults("lib/new/thing.ts", ""), 1);
  assert.equal(faults("lib/vdisk/read.ts", "Deno.UnsafePointer.of(bytes)"), 1);
  assert.equal(faults("ffi/memory.ts", "Deno.UnsafePointer.of(bytes)"), 0);
  assert.equal(faults("lib/cli/help.ts", "Deno.stderr.writeSync(bytes)"), 1);
  assert.equal(faults("lib/cli/help.ts", 'new Deno.Command("ls")'), 1);
});

Deno.test("packageImports() finds a package that two files import", () => {
  const text = 'import { parse } from "yaml";';
  const sources = ["lib/config/a.ts", "lib/config/b.ts"].map((path) => ({ path, text }));
  assert.deepEqual([...packageImports(sources)], [["yaml", [
    "lib/config/a.ts",
    "lib/config/b.ts",
  ]]]);
});
