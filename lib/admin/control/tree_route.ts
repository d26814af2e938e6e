/** `/tree`: the management tree over HTTP. */
import { quote } from "../../config/problem.ts";
import { checkNames, LocalTreeClient } from "../local_client.ts";
import { MAX_DEPTH, subtreeOf } from "../subtree.ts";
import { PAGE, type TreeDirectory, TreeError } from "../tree.ts";
import type { SubtreeQuery } from "../tree_client.ts";
import { readFile } from "../tree_entries.ts";
import { jsonAnswer } from "./answer.ts";
import type { ControlRoute } from "./route.ts";

/**
 * GET of a file gives its text, GET of a directory its entries as JSON: `?depth=N` (or `all`) has
 * those below told too, `?contents` what files say. PUT is one store operation.
 */
export function treeRoute(root: TreeDirectory): ControlRoute {
  const tree = new LocalTreeClient(root);
  return {
    path: "tree",
    maxBody: PAGE,
    methods: {
      GET: async ({ names, query }) => {
        checkDecoded(names);
        const node = tree.find(names);
        const wanted = parseQuery(query);
        if (node.kind === "directory") return jsonAnswer(await subtreeOf(node, wanted));
        if (query.size > 0) {
          throw new TreeError("ENOTDIR", `${quote(names.join("/"))} is not a directory`);
        }
        const body = await readFile(node, names.join("/"));
        return { status: 200, type: "text/plain; charset=utf-8", body };
      },
      PUT: async ({ names, query, body }) => {
        checkDecoded(names);
        const [key] = query.keys();
        if (key !== undefined) throw new TreeError("EINVAL", `PUT has no ?${quote(key)}`);
        await tree.writeBytes(names, body);
        return { status: 204 };
      },
    },
  };
}

/** Names that only percent-encoding can bring. */
function checkDecoded(names: readonly string[]): void {
  checkNames(names);
  if (names.some((name) => name.includes("/") || name.includes("\0"))) {
    throw new TreeError("EINVAL", "A name in a path has no slash and no NUL");
  }
}

function parseQuery(query: URLSearchParams): SubtreeQuery {
  let depth: SubtreeQuery["depth"] = 1;
  let contents = false;
  for (const [key, value] of query) {
    if (key === "contents" && value === "") contents = true;
    else if (key === "depth" && isDepth(value)) depth = value === "all" ? value : Number(value);
    else {
      const what = quote(`${key}=${value}`);
      const allowed = `?depth=1 to ${MAX_DEPTH} or all, and ?contents`;
      throw new TreeError("EINVAL", `The query can have ${allowed}: current value is ${what}`);
    }
  }
  return { depth, contents };
}

function isDepth(text: string): boolean {
  return text === "all" || /^[1-9]\d?$/.test(text) && Number(text) <= MAX_DEPTH;
}
