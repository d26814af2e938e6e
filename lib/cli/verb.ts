/** The verbs of the command line as data; program.ts makes commands of them. */
import type { ExitCode } from "./failure.ts";

/** What a shell can offer for a value: files, paths of the management tree, or words. */
export type Completion = "file" | "directory" | "tree" | readonly string[];

export interface VerbOption {
  /** Without the leading dashes. */
  readonly name: string;
  /** A single letter that means the same. */
  readonly short?: string;
  /** What the option's value is, as the help shows it; a switch has none. */
  readonly value?: string;
  readonly description: string;
  readonly required?: boolean;
  /** Of the value. */
  readonly completion?: Completion;
}

export interface VerbArgument {
  readonly name: string;
  readonly description: string;
  readonly isOptional?: boolean;
  /** Whether it takes all words that are left; only the last one can. */
  readonly isRepeated?: boolean;
  readonly completion?: Completion;
}

export interface VerbInput {
  /** The value of each option that was given; `true` for a switch. */
  readonly options: ReadonlyMap<string, string>;
  /** The values of the verb's arguments. */
  readonly arguments: readonly string[];
}

export interface Verb {
  readonly name: string;
  readonly summary: string;
  /** Those that need not be given stand last. */
  readonly arguments: readonly VerbArgument[];
  readonly options: readonly VerbOption[];
  /** Complete command lines. */
  readonly examples: readonly string[];
  /** Does the work. Throws what reportFailure() words. */
  readonly run: (input: VerbInput) => Promise<ExitCode> | ExitCode;
}

/** A word before several verbs that do something about the same: `scst tree ls`. */
export interface VerbGroup {
  readonly name: string;
  readonly summary: string;
  readonly actions: readonly Verb[];
}

/** A verb whose words are its own: all that stand behind it come to it as they are. */
export interface VerbatimVerb {
  readonly name: string;
  readonly summary: string;
  /** Its options with their dashes, for completion. */
  readonly words: readonly { readonly text: string; readonly description: string }[];
  /** What asks it for its help. */
  readonly help: string;
  /** Does the work and returns the exit code. Throws what reportFailure() words. */
  readonly runWords: (words: readonly string[]) => Promise<number>;
}

export type AnyVerb = Verb | VerbGroup | VerbatimVerb;
