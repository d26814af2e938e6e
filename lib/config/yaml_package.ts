/** What is used of the YAML package; another one would be a change of this file alone. */
export {
  Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  Pair,
  type ParsedNode,
  parseDocument,
  Scalar,
  type YAMLError,
  YAMLMap,
  YAMLSeq,
} from "yaml";
