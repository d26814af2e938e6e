/**
 * What an iSCSI server registers (RFC 4171 5.6.5.1): one Network Entity with its Portals and, as its
 * Storage Nodes, the targets. Here it becomes requests: all of it, or what has changed.
 */
import type { PortalModel } from "../scst/model.ts";
import {
  address,
  type Attribute,
  empty,
  isSame,
  lengthOf,
  numberOf,
  tcpPort,
  text,
  textOf,
  uint32,
} from "./attribute.ts";
import { FunctionId, type RequestId } from "./function_id.ts";
import { Tag } from "./tag.ts";

/** A portal under an address by which initiators reach it. */
export interface RegisteredPortal extends PortalModel {
  /** Where it is asked whether it lives, and told of changes; undefined if nowhere. */
  readonly inquiryPort: number | undefined;
  /** Seconds between inquiries (ESI Interval); 0 wants none. */
  readonly esiInterval: number;
}

/** A target. */
export interface StorageNode {
  readonly name: string;
  readonly alias: string | undefined;
}

export interface Registration {
  /** Entity Identifier. */
  readonly entity: string;
  readonly portals: readonly RegisteredPortal[];
  readonly nodes: readonly StorageNode[];
}

export interface Request {
  readonly functionId: RequestId;
  readonly attributes: readonly Attribute[];
  readonly isReplacing?: boolean;
}

/** Seconds without a sign of life after which the server may forget the entity: what is asked for. */
export const REGISTRATION_PERIOD = 600;

/** Bytes of attributes in one request: far below what a PDU holds. */
const REQUEST_MOST = 16 * 1024;

const ENTITY_PROTOCOL_ISCSI = 2; // 6.2.2

/** iSCSI Node Type (6.4.2). */
export const NodeType = { TARGET: 1, INITIATOR: 2, CONTROL: 4 } as const;

/** iSCSI Node SCN Bitmap (6.4.4): of initiators, and of the node itself, come, gone or changed. */
const SCN_BITMAP = 0x80 | 0x10 | 0x08 | 0x04;

/** Registers everything, in place of what is there under the same entity; there is a node. */
export function registerAll(registration: Registration): Request[] {
  const { entity, portals, nodes } = registration;
  const head = [
    uint32(Tag.EntityProtocol, ENTITY_PROTOCOL_ISCSI),
    uint32(Tag.RegistrationPeriod, REGISTRATION_PERIOD),
  ];
  const objects = [
    ...nodes.slice(0, 1).map(ofNode),
    ...portals.map(ofPortal),
    ...nodes.slice(1).map(ofNode),
  ];
  const [first = [], ...more] = packed(objects);
  const source = nodes[0]!.name;
  return [
    { ...register(source, entity, [...head, ...first]), isReplacing: true },
    ...more.map((attributes) => register(source, entity, attributes)),
    ...nodes.map(({ name }) => registerForChanges(name)),
  ];
}

/** Makes of what is registered, `before`, what is to be, `after`; both are of one entity. */
export function registerDifference(before: Registration, after: Registration): Request[] {
  const { entity } = after;
  if (after.nodes.length === 0) return before.nodes.length === 0 ? [] : [deregisterAll(before)];
  if (before.nodes.length === 0) return registerAll(after);
  const portals = differing(after.portals, before.portals, keyOfPortal, isSamePortal);
  const nodes = differing(after.nodes, before.nodes, ({ name }) => name, isSameNode);
  const known = new Set(before.nodes.map(({ name }) => name));
  // Who asks has to be registered: at first one of the old nodes, then one of the new ones.
  const [old, current] = [before.nodes[0]!.name, after.nodes[0]!.name];
  const gone = [
    ...without(before.nodes, after.nodes, ({ name }) => name).map((
      { name },
    ) => [text(Tag.ISCSIName, name)]),
    ...without(before.portals, after.portals, keyOfPortal).map(keyOfPortalAttributes),
  ];
  return [
    ...packed([...portals.map(ofPortal), ...nodes.map(ofNode)])
      .map((attributes) => register(old, entity, attributes)),
    ...nodes.filter(({ name }) => !known.has(name)).map(({ name }) => registerForChanges(name)),
    ...packed(gone).map((attributes) => deregister(current, attributes)),
  ];
}

/** Takes the entity with all that it has out of the server's data. */
export function deregisterAll({ entity, nodes }: Registration): Request {
  return deregister(nodes[0]!.name, [text(Tag.EntityIdentifier, entity)]);
}

/** Asks for a node and the portals of its entity; the server also learns that these live (6.2.6). */
export function inquireNode(name: string): Request {
  const tags = [Tag.ISCSIName, Tag.PortalIPAddress, Tag.PortalPort];
  return query(name, [text(Tag.ISCSIName, name)], tags);
}

/** Whether an answer to inquireNode() shows all that is registered of it. */
export function isShown(
  { portals }: Registration,
  name: string,
  answer: readonly Attribute[],
): boolean {
  const isThere = (attributes: readonly Attribute[]) =>
    answer.some((_, at) => attributes.every((one, index) => isAt(answer, at + index, one)));
  return isThere([text(Tag.ISCSIName, name)]) &&
    portals.every((portal) => isThere(keyOfPortalAttributes(portal)));
}

function isAt(attributes: readonly Attribute[], at: number, wanted: Attribute): boolean {
  const found = attributes[at];
  return found !== undefined && isSame(found, wanted);
}

/** The names of initiators in an answer to inquireDomains(), in lower case, each once. */
export function initiatorsIn(answer: readonly Attribute[]): Set<string> {
  const names = new Set<string>();
  for (const [at, attribute] of answer.entries()) {
    if (attribute.tag !== Tag.ISCSIName) continue;
    const name = textOf(attribute);
    const type = answer[at + 1];
    const isInitiator = type?.tag === Tag.ISCSINodeType &&
      ((numberOf(type) ?? 0) & NodeType.INITIATOR) !== 0;
    if (name !== undefined && isInitiator) names.add(name.toLowerCase());
  }
  return names;
}

/** What initiators are registered as: the type is compared as a whole. */
export const INITIATOR_TYPES = [NodeType.INITIATOR, NodeType.INITIATOR | NodeType.TARGET];

/** Asks for the nodes of a type that share a discovery domain with `node` (5.6.5.2). */
export function inquireDomains(node: string, type: number): Request {
  return query(node, [uint32(Tag.ISCSINodeType, type)], [Tag.ISCSIName, Tag.ISCSINodeType]);
}

function query(source: string, keys: readonly Attribute[], tags: readonly number[]): Request {
  return request(FunctionId.DevAttrQry, source, keys, tags.map(empty));
}

function register(source: string, entity: string, attributes: readonly Attribute[]): Request {
  const key = text(Tag.EntityIdentifier, entity);
  return request(FunctionId.DevAttrReg, source, [key], [key, ...attributes]);
}

function deregister(source: string, attributes: readonly Attribute[]): Request {
  return request(FunctionId.DevDereg, source, [], attributes);
}

/** Has the node be told of changes (5.6.5.5). */
function registerForChanges(name: string): Request {
  const key = text(Tag.ISCSIName, name);
  return request(FunctionId.SCNReg, name, [key], [uint32(Tag.ISCSISCNBitmap, SCN_BITMAP)]);
}

/** Source, message key, delimiter, operating attributes (5.6). */
function request(
  functionId: RequestId,
  source: string,
  keys: readonly Attribute[],
  operating: readonly Attribute[],
): Request {
  const attributes = [text(Tag.ISCSIName, source), ...keys, empty(Tag.Delimiter), ...operating];
  return { functionId, attributes };
}

function ofPortal(portal: RegisteredPortal): Attribute[] {
  const { inquiryPort, esiInterval } = portal;
  const attributes = keyOfPortalAttributes(portal);
  if (inquiryPort === undefined) return attributes;
  if (esiInterval > 0) {
    attributes.push(uint32(Tag.ESIInterval, esiInterval), tcpPort(Tag.ESIPort, inquiryPort));
  }
  attributes.push(tcpPort(Tag.SCNPort, inquiryPort));
  return attributes;
}

function keyOfPortalAttributes({ hostname, port }: PortalModel): Attribute[] {
  return [address(Tag.PortalIPAddress, hostname), tcpPort(Tag.PortalPort, port)];
}

function ofNode({ name, alias }: StorageNode): Attribute[] {
  return [
    text(Tag.ISCSIName, name),
    uint32(Tag.ISCSINodeType, NodeType.TARGET),
    alias === undefined ? empty(Tag.ISCSIAlias) : text(Tag.ISCSIAlias, alias),
  ];
}

/** The attributes of objects in as few lists as do for requests of REQUEST_MOST. */
function packed(objects: readonly Attribute[][]): Attribute[][] {
  const lists: Attribute[][] = [];
  let room = 0;
  for (const object of objects) {
    const length = lengthOf(object);
    if (length > room) {
      lists.push([]);
      room = REQUEST_MOST;
    }
    lists.at(-1)!.push(...object);
    room -= length;
  }
  return lists;
}

function keyOfPortal({ hostname, port }: PortalModel): string {
  return `${hostname} ${port}`;
}

function isSamePortal(one: RegisteredPortal, other: RegisteredPortal): boolean {
  return one.inquiryPort === other.inquiryPort && one.esiInterval === other.esiInterval;
}

function isSameNode(one: StorageNode, other: StorageNode): boolean {
  return one.alias === other.alias;
}

/** The items that are not among the `others`, or differ there. */
function differing<T>(
  items: readonly T[],
  others: readonly T[],
  keyOf: (item: T) => string,
  isSame: (one: T, other: T) => boolean,
): T[] {
  const byKey = new Map(others.map((other) => [keyOf(other), other]));
  return items.filter((item) => {
    const other = byKey.get(keyOf(item));
    return other === undefined || !isSame(item, other);
  });
}

/** The items whose key none of the `others` has. */
function without<T>(items: readonly T[], others: readonly T[], keyOf: (item: T) => string): T[] {
  const keys = new Set(others.map(keyOf));
  return items.filter((item) => !keys.has(keyOf(item)));
}
