/** The command line of the bench, as bench.ts describes it. */
import { parseArgs } from "node:util";
import { integer } from "./options.ts";
import { type Section, SECTIONS } from "./sections.ts";

/** What is measured in ways of its own, behind the sections. */
const PARTS = ["growth", "garbage", "model", "profile"] as const;
export type Part = typeof PARTS[number];

const OUT = new URL("../../docs/performance", import.meta.url).pathname;

export interface BenchOptions {
  readonly sections: readonly Section[];
  readonly parts: readonly Part[];
  readonly quick: boolean;
  readonly rounds: number;
  readonly seconds: number;
  readonly soak: number;
  readonly out: string | undefined;
  readonly disk: string;
}

/** Reads the command line. Throws an Error that says what is wrong with it. */
export function readOptions(args: string[]): BenchOptions {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: "string" },
      rounds: { type: "string" },
      seconds: { type: "string" },
      soak: { type: "string" },
      out: { type: "string" },
      disk: { type: "string", default: "/var/tmp" },
      quick: { type: "boolean", default: false },
    },
  });
  const { quick, disk } = values;
  const names: string[] = [...SECTIONS.map(({ name }) => name), ...PARTS];
  const only = values.only?.split(",") ?? names;
  const unknown = only.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new Error(`--only wants some of ${names.join(", ")}, not "${unknown}"`);
  }
  return {
    sections: SECTIONS.filter(({ name }) => only.includes(name)),
    parts: PARTS.filter((part) => only.includes(part)),
    quick,
    rounds: integer("rounds", values.rounds ?? (quick ? "1" : "3")),
    seconds: values.seconds === undefined && quick
      ? 0.2
      : integer("seconds", values.seconds ?? "1"),
    soak: integer("soak", values.soak ?? (quick ? "1" : "30")),
    out: values.out ?? (quick ? undefined : OUT),
    disk,
  };
}
