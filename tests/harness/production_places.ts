/**
 * What production may not do and `-A` lets pass: below /dev, /proc and /sys Deno opens, lists and looks at
 * nothing for a program that may not do everything. With this module (`--preload`) the calls of the
 * program's own modules are refused there in tests as well; the tests may do what they like.
 *
 * Processes and Workers that tests start are not changed: they have the permissions of production.
 */

const ROOT = new URL("../../", import.meta.url).href;
const PROGRAM = new RegExp(`\\(?${ROOT.replaceAll(/[.+]/g, "\\$&")}(?:lib|ffi)/`);

/** Deno lets everybody use these; memory that tests have for a disk is shut in production, and not meant. */
const OPEN = /^\/dev\/(?:null|zero|random|urandom|shm\/.*)$/;

const CALLS = ["open", "readFile", "readTextFile", "writeFile", "writeTextFile", "create", "stat"]
  .concat(["lstat", "realPath", "readDir", "readLink", "mkdir", "makeTempDir", "makeTempFile"])
  .concat(["remove", "rename", "chmod", "chown", "link", "symlink", "truncate", "copyFile"])
  .flatMap((name) => [name, `${name}Sync`]);

/** Whether production is refused `path`. */
function isShut(path: unknown): boolean {
  const text = path instanceof URL ? path.pathname : path;
  if (typeof text !== "string" || !/^\/+(?:dev|proc|sys)(?:\/|$)/.test(text)) return false;
  return !OPEN.test(text);
}

/** The module that has called what calls this. */
function isCalledByProgram(): boolean {
  return PROGRAM.test(new Error().stack?.split("\n")[3] ?? "");
}

const deno = Deno as unknown as Record<string, (...args: unknown[]) => unknown>;

for (const name of CALLS) {
  const call = deno[name];
  if (call === undefined) continue;
  deno[name] = (...args) => {
    const places = args.map((arg) => (arg as { dir?: unknown } | undefined)?.dir ?? arg);
    if (places.slice(0, 2).some(isShut) && isCalledByProgram()) {
      const error = new Deno.errors.NotCapable(
        `Requires all access to ${JSON.stringify(places[0])}: production has none (${name})`,
      );
      if (name.endsWith("Sync") || name === "readDir") throw error;
      return Promise.reject(error);
    }
    return call(...args);
  };
}
