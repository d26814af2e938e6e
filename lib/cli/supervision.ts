/** What the service manager hears of a server from its start to its end, if there is one (systemd). */
import { log } from "../log.ts";
import { formatPortal, type PortalModel } from "../scst/model.ts";
import { Notifier } from "../service/notifier.ts";
import { Watchdog, watchdogInterval } from "../service/watchdog.ts";
import { counted } from "./counted.ts";

/** What of the server is watched, and told of. */
export interface Supervised {
  readonly turns: number;
  readonly portals: readonly PortalModel[];
  readonly sessions: Iterable<unknown>;
}

/** Milliseconds until the next look at what the status says, where no watchdog wants it more often. */
const STATUS_INTERVAL = 5000;

export class Supervision implements Disposable {
  readonly #server: Supervised;
  readonly #notifier: Notifier;
  readonly #interval: number | undefined;
  #watchdog: Watchdog | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** What the status says while the server serves, since ready(). */
  #status: string | undefined = undefined;
  #reloads = 0;
  #isStopping = false;

  /** `env` and `pid` are those of this process. */
  constructor(
    server: Supervised,
    env: (name: string) => string | undefined = (name) => Deno.env.get(name),
    pid = Deno.pid,
  ) {
    this.#server = server;
    this.#notifier = new Notifier(env("NOTIFY_SOCKET"), (line) => log("warning", line));
    this.#interval = watchdogInterval(env, pid);
  }

  /** The portals listen, and the configuration is applied: from now on the watchdog waits for its food. */
  ready(): void {
    this.#tellReady();
    if (!this.#notifier.isHeard) return;
    if (this.#interval !== undefined) {
      this.#watchdog = new Watchdog({
        turns: () => this.#server.turns,
        feed: () => this.#notifier.alive(),
        warn: (line) => log("error", line),
      });
    }
    this.#timer = setInterval(() => this.#look(), this.#interval ?? STATUS_INTERVAL);
  }

  /** The configuration is read again, until reloaded(); before ready() that is a part of the start. */
  reloading(): void {
    this.#reloads++;
    if (this.#status === undefined || this.#isStopping) return;
    this.#notifier.reloading("Reading the configuration again");
  }

  reloaded(): void {
    this.#reloads--;
    if (this.#status !== undefined && this.#reloads === 0 && !this.#isStopping) this.#tellReady();
  }

  stopping(): void {
    this.#isStopping = true;
    this.#notifier.stopping("Waiting for initiators to log out, and flushing");
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    this.#watchdog?.look();
    if (this.#status === undefined || this.#reloads > 0 || this.#isStopping) return;
    const status = this.#describe();
    if (status !== this.#status) this.#notifier.status(status);
    this.#status = status;
  }

  #tellReady(): void {
    this.#status = this.#describe();
    this.#notifier.ready(this.#status);
  }

  #describe(): string {
    const { portals, sessions } = this.#server;
    const count = counted([...sessions].length, "session");
    const where = portals.length === 0 ? "no portal" : portals.map(formatPortal).join(", ");
    return `Serving ${count} on ${where}`;
  }
}
