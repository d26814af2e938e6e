/** Finding the row of the opcode table for a CDB, and checking the CDB against it. */
import { NACA } from "./cdb_fields.ts";
import type { Operation } from "./operation.ts";

const SERVICE_ACTION = 0x1f;

/** The CDB usage data of a row as bytes. */
export function usageOf(operation: Operation): Uint8Array {
  const digits = operation.usage.replaceAll(" ", "");
  const usage = Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  // The CONTROL byte is the last one of every CDB here, and all operations evaluate NACA.
  usage[usage.length - 1]! |= NACA;
  return usage;
}

/** What is known of one operation code. */
interface CodeEntry {
  /** The row, for a code without service actions. */
  readonly operation: Operation | undefined;
  readonly byServiceAction: ReadonlyMap<number, Operation>;
}

export class OperationTable {
  /** Sorted by operation code and service action. */
  readonly rows: readonly Operation[];
  #byCode: readonly (CodeEntry | undefined)[];
  #usages: ReadonlyMap<Operation, Uint8Array>;

  constructor(operations: readonly Operation[]) {
    const rows = operations.toSorted((a, b) => keyOf(a) - keyOf(b));
    this.rows = rows;
    this.#byCode = Array.from({ length: 256 }, (_, code) => entryOf(code, rows));
    this.#usages = new Map(rows.map((row) => [row, usageOf(row)]));
  }

  /** Whether the operation code has service actions. */
  hasServiceActions(code: number): boolean {
    const entry = this.#byCode[code];
    return entry !== undefined && entry.operation === undefined;
  }

  /** The row of an operation code, and of a service action where the code has them. */
  find(code: number, serviceAction: number): Operation | undefined {
    const entry = this.#byCode[code];
    if (entry === undefined) return undefined;
    return entry.operation ?? entry.byServiceAction.get(serviceAction);
  }

  /** The row for a CDB. */
  operationOf(cdb: Uint8Array): Operation | undefined {
    return this.find(cdb[0]!, cdb[1]! & SERVICE_ACTION);
  }

  /** The first bit that is set and not used by the operation, as byte * 8 + bit; -1 if there is none. */
  findReservedBit(operation: Operation, cdb: Uint8Array): number {
    const usage = this.#usages.get(operation)!;
    for (let at = 1; at < usage.length; at++) {
      const wrong = cdb[at]! & ~usage[at]!;
      if (wrong !== 0) return at * 8 + (31 - Math.clz32(wrong));
    }
    return -1;
  }
}

function keyOf({ code, serviceAction = 0 }: Operation): number {
  return code << 8 | serviceAction;
}

function entryOf(code: number, rows: readonly Operation[]): CodeEntry | undefined {
  const found = rows.filter((row) => row.code === code);
  if (found.length === 0) return undefined;
  return {
    operation: found.find((row) => row.serviceAction === undefined),
    byServiceAction: new Map(found.map((row) => [row.serviceAction ?? -1, row])),
  };
}
