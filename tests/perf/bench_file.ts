/** What the bench has measured, as it stands in bench.json: everything else is made from that. */
import type { Sample } from "./cell.ts";
import type { Garbage } from "./garbage.ts";
import type { Growth } from "./growth.ts";
import type { Machine } from "./machine.ts";
import type { Model } from "./model.ts";
import type { Profile } from "./profile.ts";

/** A section as it was measured last. */
export interface SectionResult {
  /** When it was measured, and how busy the machine was before. */
  readonly machine: Machine;
  readonly rounds: number;
  /** Seconds of each cell in each round. */
  readonly seconds: number;
  /** The samples of all rounds, by `x` and series. */
  readonly cells: Readonly<Record<string, Readonly<Record<string, readonly Sample[]>>>>;
}

export interface BenchFile {
  readonly sections: Readonly<Record<string, SectionResult>>;
  readonly growth?: Growth;
  readonly garbage?: Garbage;
  readonly model?: Model;
  readonly profile?: Profile;
}

/** Reads what was measured before; nothing if there is no such file. */
export async function readBenchFile(path: string): Promise<BenchFile> {
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { sections: {} };
    throw error;
  }
}

/** What was measured before with what was measured now in its place. */
export function mergeBench(before: BenchFile, now: BenchFile): BenchFile {
  return { ...before, ...now, sections: { ...before.sections, ...now.sections } };
}
