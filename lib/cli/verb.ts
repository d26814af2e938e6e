/** A verb of the command line as data; program.ts makes commands of them. */
import type { ExitCode } from "./failure.ts";

export interface VerbOption {
  /** Without the leading dashes. */
  readonly name: string;
  /** What the option's value is, as the help shows it. */
  readonly value: string;
  readonly description: string;
  readonly required?: boolean;
}

export interface VerbInput {
  /** The value of each option that was given. */
  readonly options: ReadonlyMap<string, string>;
  /** The values of the verb's arguments. */
  readonly arguments: readonly string[];
}

export interface Verb {
  readonly name: string;
  readonly summary: string;
  /** Arguments that have to be given. */
  readonly arguments: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly VerbOption[];
  /** Complete command lines. */
  readonly examples: readonly string[];
  /** Does the work. Throws what reportFailure() words. */
  readonly run: (input: VerbInput) => Promise<ExitCode> | ExitCode;
}
