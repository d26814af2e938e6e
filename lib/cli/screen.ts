/** A terminal that shows one picture after the other in place, and hears a key that ends it. */

const ENTER = "\x1b[?1049h\x1b[?25l"; // the other screen, without a cursor
const LEAVE = "\x1b[?25h\x1b[?1049l";
const HOME = "\x1b[H";
const CLEAR_LINE = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";

/** Characters of a line, and lines. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** Where a terminal does not say how large it is. */
const USUAL: TerminalSize = { columns: 80, rows: 24 };

/** What ends a program that would leave the terminal as it is. */
const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

const CTRL_C = 3;
const ENDS: readonly number[] = [CTRL_C, ..."qQ"].map((key) =>
  typeof key === "number" ? key : key.charCodeAt(0)
);

export class Screen implements Disposable {
  readonly #ending = new AbortController();
  readonly #end = () => this.#ending.abort();

  /** Takes the terminal, until disposal. */
  constructor() {
    Deno.stdin.setRaw(true);
    write(ENTER);
    for (const signal of SIGNALS) Deno.addSignalListener(signal, this.#end);
    this.#listen();
  }

  /** Whether there is one: what is written goes to a terminal, and keys come from it. */
  static get isThere(): boolean {
    return Deno.stdin.isTerminal() && Deno.stdout.isTerminal();
  }

  /** Aborted by q, by Ctrl-C, and by signals. */
  get ending(): AbortSignal {
    return this.#ending.signal;
  }

  /** How large it is now. */
  get size(): TerminalSize {
    return terminalSize();
  }

  /** Shows lines, as many and as much of each as there is room for. */
  show(lines: readonly string[]): void {
    const { columns, rows } = this.size;
    // Cleared before it is written: behind a line as long as the screen is wide, the cursor still stands
    // on its last character, which would be cleared.
    const shown = lines.slice(0, rows).map((line, row, { length }) =>
      (row < length - 1 ? CLEAR_LINE : CLEAR_BELOW) + line.slice(0, columns)
    );
    // Without a line break behind the last one, which would move all of them up.
    write(HOME + shown.join("\r\n"));
  }

  [Symbol.dispose](): void {
    for (const signal of SIGNALS) Deno.removeSignalListener(signal, this.#end);
    write(LEAVE);
    Deno.stdin.setRaw(false);
  }

  async #listen(): Promise<void> {
    const keys = new Uint8Array(64);
    for (;;) {
      const count = await Deno.stdin.read(keys).catch(() => null);
      if (count === null || keys.subarray(0, count).some((key) => ENDS.includes(key))) break;
    }
    this.#end();
  }
}

/** How large the terminal of this process is. */
export function terminalSize(): TerminalSize {
  try {
    const { columns, rows } = Deno.consoleSize();
    return columns > 0 && rows > 0 ? { columns, rows } : USUAL;
  } catch {
    return USUAL;
  }
}

function write(text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let done = 0; done < bytes.length;) done += Deno.stdout.writeSync(bytes.subarray(done));
}
