/** `scst tree`: the management tree of a running server, as it is. */
import type { Subtree } from "../admin/tree_client.ts";
import { namesOf } from "../admin/local_client.ts";
import { PAGE, TreeError } from "../admin/tree.ts";
import { connectTree, type SocketTreeClient } from "./connect_tree.ts";
import { SOCKET_OPTION } from "./control_path.ts";
import { ExitCode } from "./failure.ts";
import { print, printRaw } from "./output.ts";
import { listingText, recursiveText } from "./tree_listing.ts";
import type { Verb, VerbArgument, VerbGroup, VerbInput } from "./verb.ts";

async function ls(input: VerbInput): Promise<ExitCode> {
  const { options, arguments: [path = ""] } = input;
  const isRecursive = options.has("recursive");
  const entries = await listed(connectTree(input), path, isRecursive ? "all" : 1);
  if (options.has("json")) print(JSON.stringify(entries, null, 2));
  else if (isRecursive) print(recursiveText(namesOf(path).join("/"), entries, options.has("long")));
  else if (entries.length > 0) print(listingText(entries, options.has("long")));
  return ExitCode.OK;
}

/** The entries of a directory; a file is listed as itself, as by ls. */
async function listed(
  tree: SocketTreeClient,
  path: string,
  depth: 1 | "all",
): Promise<readonly Subtree[]> {
  try {
    return await tree.subtree(path, { depth, contents: false });
  } catch (error) {
    if (!(error instanceof TreeError && error.errno === "ENOTDIR")) throw error;
    const names = namesOf(path);
    const parent = names.slice(0, -1).join("/");
    const siblings = await tree.subtree(parent, { depth: 1, contents: false }).catch(() => []);
    const found = siblings.filter(({ name }) => name === names.at(-1));
    if (found.length === 0) throw error;
    return found.map((entry) => ({ ...entry, name: names.join("/") }));
  }
}

async function cat(input: VerbInput): Promise<ExitCode> {
  printRaw(await connectTree(input).read(input.arguments[0] ?? ""));
  return ExitCode.OK;
}

async function write(input: VerbInput): Promise<ExitCode> {
  const { arguments: [path = "", text] } = input;
  // As `echo TEXT >` does it: a store operation needs something to store, and an empty line is that.
  const written = text === undefined ? await standardInput() : text.replace(/\n?$/, "\n");
  await connectTree(input).write(path, written);
  return ExitCode.OK;
}

/** What standard input says, if it is no more than one store operation takes. Throws a TreeError. */
async function standardInput(): Promise<string> {
  const bytes = new Uint8Array(PAGE);
  let length = 0;
  while (length < bytes.length) {
    const count = await Deno.stdin.read(bytes.subarray(length));
    if (count === null) return new TextDecoder().decode(bytes.subarray(0, length));
    length += count;
  }
  throw new TreeError("E2BIG", `Standard input has more than the ${PAGE - 1} bytes of one write`);
}

const PATH: VerbArgument = {
  name: "PATH",
  description: "from the root of the tree, as in targets/iscsi/mgmt",
  completion: "tree",
};

const LS: Verb = {
  name: "ls",
  summary: "list a directory of the tree",
  arguments: [{
    ...PATH,
    description: `${PATH.description} (default: the root)`,
    isOptional: true,
  }],
  options: [
    { name: "long", short: "l", description: "show types, permissions and where links lead" },
    { name: "recursive", short: "R", description: "show what is below it too" },
    { name: "json", description: "print JSON" },
    SOCKET_OPTION,
  ],
  examples: [
    "scst tree ls",
    "scst tree ls -l devices/disk1",
    "scst tree ls -R targets/iscsi --json",
  ],
  run: ls,
};

const CAT: Verb = {
  name: "cat",
  summary: "print what a file of the tree says",
  arguments: [PATH],
  options: [SOCKET_OPTION],
  examples: ["scst tree cat devices/disk1/size", "scst tree cat handlers/vdisk_fileio/mgmt"],
  run: cat,
};

const WRITE: Verb = {
  name: "write",
  summary: "write an attribute of the tree, or a command to a mgmt file",
  arguments: [
    PATH,
    {
      name: "TEXT",
      description: "what is written, as one line (default: what standard input says)",
      isOptional: true,
    },
  ],
  options: [SOCKET_OPTION],
  examples: [
    'scst tree write handlers/vdisk_fileio/mgmt "add_device disk1 filename=/srv/disk1.img"',
    "scst tree write devices/disk1/threads_num 4",
    "echo 1 | scst tree write targets/iscsi/enabled",
  ],
  run: write,
};

export const TREE: VerbGroup = {
  name: "tree",
  summary: "list, read and write the management tree of a running server",
  actions: [LS, CAT, WRITE],
};
