/** The machine on which something was measured, and what was measured. */
import { CRC32C_BY } from "../../ffi/crc32c.ts";

export interface Machine {
  readonly date: string;
  readonly processor: string;
  readonly cores: number;
  readonly kernel: string;
  /** The executable, or the version of the Deno that ran the sources. */
  readonly program: string;
  readonly crc32c: string;
  /** Processes that ran or wanted to in the minute before: the bench itself takes two. */
  readonly load: number;
}

/** Describes this machine now. */
export function describeMachine(): Machine {
  const binary = Deno.env.get("SCST_BIN");
  const info = Deno.readTextFileSync("/proc/cpuinfo");
  return {
    date: new Date().toISOString().slice(0, 16).replace("T", " ") + " UTC",
    processor: /^model name\s*:\s*(.*)$/m.exec(info)?.[1] ?? "unknown",
    cores: navigator.hardwareConcurrency,
    kernel: Deno.osRelease(),
    program: binary ? "the executable" : `the sources on Deno ${Deno.version.deno}`,
    crc32c: CRC32C_BY,
    load: Number(Deno.loadavg()[0]!.toFixed(1)),
  };
}
