/** The attributes of iSNS objects (RFC 4171 6.1): those that an iSCSI target has to do with. */

export const Tag = {
  Delimiter: 0,
  EntityIdentifier: 1,
  EntityProtocol: 2,
  Timestamp: 4,
  RegistrationPeriod: 6,
  PortalIPAddress: 16,
  PortalPort: 17,
  ESIInterval: 19,
  ESIPort: 20,
  SCNPort: 23,
  ISCSIName: 32,
  ISCSINodeType: 33,
  ISCSIAlias: 34,
  ISCSISCNBitmap: 35,
} as const;

/** What the value of an attribute is: nothing, a number, an address, a time, or text of so many bytes. */
type Form =
  | { readonly kind: "none" }
  | { readonly kind: "bytes"; readonly length: number }
  | { readonly kind: "text"; readonly most: number };

const NONE: Form = { kind: "none" };
const UINT32: Form = { kind: "bytes", length: 4 };
const TIME: Form = { kind: "bytes", length: 8 };
const ADDRESS: Form = { kind: "bytes", length: 16 };
/** Lengths have the NUL and the padding in them. */
const TEXT: Form = { kind: "text", most: 256 };
const NAME: Form = { kind: "text", most: 224 };

const FORMS: ReadonlyMap<number, Form> = new Map<number, Form>([
  [Tag.Delimiter, NONE],
  [Tag.EntityIdentifier, TEXT],
  [Tag.EntityProtocol, UINT32],
  [Tag.Timestamp, TIME],
  [Tag.RegistrationPeriod, UINT32],
  [Tag.PortalIPAddress, ADDRESS],
  [Tag.PortalPort, UINT32],
  [Tag.ESIInterval, UINT32],
  [Tag.ESIPort, UINT32],
  [Tag.SCNPort, UINT32],
  [Tag.ISCSIName, NAME],
  [Tag.ISCSINodeType, UINT32],
  [Tag.ISCSIAlias, TEXT],
  [Tag.ISCSISCNBitmap, UINT32],
]);

const names = new Map<number, string>(Object.entries(Tag).map(([name, tag]) => [tag, name]));

/** The name of a tag with its number, for a log line. */
export function nameOfTag(tag: number): string {
  return `${names.get(tag) ?? "attribute"} (${tag})`;
}

/** What is wrong with `value` as that of `tag`; undefined if nothing is, or the tag is not known here. */
export function faultOfValue(tag: number, value: Uint8Array): string | undefined {
  const form = FORMS.get(tag);
  // A value of no length asks for the attribute, or says that it has none (5.6.5.2).
  if (form === undefined || value.length === 0) return undefined;
  switch (form.kind) {
    case "none":
      return `${value.length} bytes instead of none`;
    case "bytes":
      return value.length === form.length
        ? undefined
        : `${value.length} bytes instead of ${form.length}`;
    case "text":
      if (value.length > form.most) return `${value.length} bytes, ${form.most} are allowed`;
      return faultOfText(value);
  }
}

/** Text is UTF-8, ends with a NUL, and is padded with NULs to four bytes (6.1). */
function faultOfText(value: Uint8Array): string | undefined {
  const end = value.indexOf(0);
  if (end < 0) return "text without a NUL at its end";
  if (value.subarray(end).some((byte) => byte !== 0)) return "text with a NUL in it";
  return decodeText(value.subarray(0, end)) === undefined ? "text that is not UTF-8" : undefined;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text of bytes without their NUL; undefined if they are not UTF-8. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}
