/** The fields of the requests of an initiator (RFC 7143 11), by their names in tests/initiator/pdu.ts. */
import { Field, Opcode } from "../initiator/pdu.ts";

export interface HeaderField {
  readonly name: string;
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
}

function field(name: keyof typeof Field, size: number): HeaderField {
  return { name, offset: Field[name], size };
}

/** Those that all have. The lengths are apart: whoever changes them changes where the next PDU begins. */
const COMMON = [
  field("opcode", 1),
  field("flags", 1),
  field("response", 1),
  field("status", 1),
  field("lun", 8),
  field("itt", 4),
  field("cmdSn", 4),
  field("expStatSn", 4),
];

const OWN: Readonly<Record<number, readonly HeaderField[]>> = {
  [Opcode.NopOut]: [field("ttt", 4)],
  [Opcode.ScsiCommand]: [field("expectedLength", 4), field("cdb", 16)],
  [Opcode.TaskManagementRequest]: [
    field("referencedTag", 4),
    field("refCmdSn", 4),
    field("expDataSn", 4),
  ],
  [Opcode.LoginRequest]: [
    { name: "versionMax", offset: Field.response, size: 1 },
    field("versionMin", 1),
    field("isid", 6),
    field("tsih", 2),
    field("cid", 2),
  ],
  [Opcode.TextRequest]: [field("ttt", 4)],
  [Opcode.DataOut]: [field("ttt", 4), field("dataSn", 4), field("bufferOffset", 4)],
  [Opcode.LogoutRequest]: [field("cid", 2)],
  [Opcode.SnackRequest]: [field("ttt", 4), field("begRun", 4), field("runLength", 4)],
};

const ALL = new Map(
  Object.values(Opcode).map((opcode) => [opcode as number, [...COMMON, ...OWN[opcode] ?? []]]),
);

/** The fields of a PDU with this opcode. */
export function fieldsOf(opcode: number): readonly HeaderField[] {
  return ALL.get(opcode) ?? COMMON;
}
