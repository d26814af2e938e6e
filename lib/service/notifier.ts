/**
 * What systemd is told of the state of its service (sd_notify(3)): lines of one datagram each to the
 * socket that NOTIFY_SOCKET names. Without one nobody is told anything.
 */
import { sendDatagram } from "../../ffi/datagram.ts";
import { describeErrno } from "../../ffi/errno.ts";
import { monotonicMicroseconds } from "../../ffi/monotonic_clock.ts";

export class Notifier {
  readonly #socket: string | undefined;
  readonly #warn: (line: string) => void;
  #hasFailed = false;

  /** `socket` as NOTIFY_SOCKET has it; `warn` hears once that it takes nothing. */
  constructor(socket: string | undefined, warn: (line: string) => void) {
    this.#socket = socket || undefined;
    this.#warn = warn;
  }

  /** Whether anybody is told. */
  get isHeard(): boolean {
    return this.#socket !== undefined;
  }

  /** The service does what it is there for: after the start, and after reloading(). */
  ready(status: string): void {
    this.#send(["READY=1", `STATUS=${status}`]);
  }

  /** The configuration is read again: until ready(). */
  reloading(status: string): void {
    // systemd 253 and later wants the time, to tell this from what was said before its signal.
    this.#send(["RELOADING=1", `MONOTONIC_USEC=${monotonicMicroseconds()}`, `STATUS=${status}`]);
  }

  stopping(status: string): void {
    this.#send(["STOPPING=1", `STATUS=${status}`]);
  }

  /** One line for people, which `systemctl status` shows. */
  status(status: string): void {
    this.#send([`STATUS=${status}`]);
  }

  /** Keeps the watchdog quiet for its time. */
  alive(): void {
    this.#send(["WATCHDOG=1"]);
  }

  #send(lines: readonly string[]): void {
    if (this.#socket === undefined) return;
    const text = lines.map((line) => `${line.replaceAll("\n", " ")}\n`).join("");
    const result = sendDatagram(this.#socket, new TextEncoder().encode(text));
    if (result === 0 || this.#hasFailed) return;
    this.#hasFailed = true;
    const why = describeErrno(-result);
    this.#warn(`Cannot tell the service manager at ${this.#socket} (NOTIFY_SOCKET): ${why}`);
  }
}
