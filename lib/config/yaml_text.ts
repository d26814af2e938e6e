/** Configurations as YAML text: made anew, or changed where they differ and left alone everywhere else. */
import { isDeepStrictEqual } from "node:util";
import {
  Document,
  isMap,
  isScalar,
  type Node,
  Pair,
  parseDocument,
  Scalar,
  YAMLMap,
  YAMLSeq,
} from "./yaml_package.ts";
import type { Plain, PlainMap } from "./plain.ts";

const FORMAT = { lineWidth: 100, flowCollectionPadding: true } as const;

/** Every scalar is the text that is written: `0012` stays `0012`, and no hex digit is lost. */
const AS_WRITTEN = { version: "1.2", schema: "failsafe" } as const;

/** The text of a configuration. */
export function yamlText(wanted: PlainMap): string {
  const document = new Document(undefined, AS_WRITTEN);
  document.contents = nodeOf(wanted);
  return document.toString(FORMAT);
}

/**
 * `text`, which says `before`, with what it takes to say `wanted`. Comments stay, and so does
 * everything that means the same in both, however it is written.
 */
export function editedYaml(text: string, before: PlainMap, wanted: PlainMap): string {
  if (isDeepStrictEqual(before, wanted)) return text;
  const document = parseDocument(text, AS_WRITTEN);
  if (!isMap(document.contents)) return yamlText(wanted);
  edit(document.contents, before, wanted);
  return document.toString(FORMAT);
}

function nodeOf(value: Plain): Node {
  if (value instanceof Map) {
    const node = new YAMLMap();
    for (const [key, inner] of value) node.items.push(new Pair(scalarOf(key), nodeOf(inner)));
    node.flow = value.size === 0;
    return node;
  }
  if (Array.isArray(value)) {
    const node = new YAMLSeq();
    node.items.push(...value.map(nodeOf));
    node.flow = value.length === 0;
    return node;
  }
  if (typeof value !== "string") return new Scalar(String(value));
  return scalarOf(value);
}

/** A text, in quotes where YAML would take it for something else. */
function scalarOf(text: string): Scalar {
  const scalar = new Scalar(text);
  const { contents, errors } = parseDocument(text);
  const isSame = errors.length === 0 && isScalar(contents) && contents.value === text;
  if (!isSame) scalar.type = Scalar.QUOTE_DOUBLE;
  return scalar;
}

function edit(node: YAMLMap, before: PlainMap, wanted: PlainMap): void {
  for (const key of before.keys()) if (!wanted.has(key)) node.delete(keyOf(node, key));
  for (const [key, value] of wanted) {
    const own = keyOf(node, key);
    const old = before.get(key);
    if (old !== undefined && isDeepStrictEqual(old, value)) continue;
    const inner = node.get(own, true);
    if (isMap(inner) && isPlainMap(old) && isPlainMap(value)) edit(inner, old, value);
    else node.set(own, nodeOf(value));
  }
}

function isPlainMap(value: Plain | undefined): value is PlainMap {
  return value instanceof Map;
}

/** The key as the node has it; a new one where there is none. */
function keyOf(node: YAMLMap, key: string): unknown {
  const pair = node.items.find(({ key: own }) => String(own) === key);
  return pair === undefined ? scalarOf(key) : pair.key;
}
