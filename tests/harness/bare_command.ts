/** A command without a transport, for what looks at commands and never at their data. */
import { IoVector } from "../../ffi/iovec.ts";
import type { Memory } from "../../ffi/memory.ts";
import type { LogicalUnit } from "../../lib/scst/logical_unit.ts";
import type { Operation } from "../../lib/scst/operation.ts";
import { Command } from "../../lib/scsi/command.ts";

export class BareCommand extends Command {
  readonly name: string;
  unit: LogicalUnit | undefined = undefined;
  operation: Operation | undefined = undefined;
  /** Called when the status would go out. */
  delivered: () => void = () => {};

  constructor(name: string, fields: { attribute?: number; lba?: number; blocks?: number } = {}) {
    super({ name: "port", relativeId: 1 });
    this.name = name;
    this.attribute = fields.attribute ?? 0;
    this.lba = fields.lba ?? 0;
    this.blocks = fields.blocks ?? 0;
  }

  protected override deliverStatus(): void {
    this.delivered();
  }

  protected override reportBug(error: unknown): void {
    throw error;
  }

  override succeedWith(): void {
    this.succeed();
  }

  override claimRoom(): boolean {
    return true;
  }

  override reserveData(): IoVector {
    return new IoVector();
  }

  override commitData(): void {}

  override releaseData(): void {}

  override sizeOfLayout(length: number): number {
    return length;
  }

  override layoutData(_memory: Memory, _length: number, _iov: IoVector): void {}

  override sendLayout(_memory: Memory, _length: number): void {}

  override wasEnabled(): void {}
}
