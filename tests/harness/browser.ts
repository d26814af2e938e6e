/** Chromium without a window, driven through its debugging protocol. */
import { TextLineStream } from "./lines.ts";
import { within } from "../initiator/within.ts";

const START_LIMIT_MS = 30_000;
const CALL_LIMIT_MS = 30_000;

export interface PageSize {
  readonly width: number;
  readonly height: number;
}

type Message = Record<string, unknown>;

export class Browser implements AsyncDisposable {
  /** What pages have complained of: exceptions, and what the browser has refused them. */
  readonly complaints: string[] = [];
  readonly #child: Deno.ChildProcess;
  readonly #profile: string;
  #socket: WebSocket | undefined = undefined;
  #session = "";
  #lastId = 0;
  readonly #waiting = new Map<number, (message: Message) => void>();

  private constructor(child: Deno.ChildProcess, profile: string) {
    this.#child = child;
    this.#profile = profile;
  }

  /** Starts it and opens `url` in a page of a size. */
  static async open(url: string, { width, height }: PageSize): Promise<Browser> {
    const profile = await Deno.makeTempDir({ prefix: "scst_test_" });
    const child = new Deno.Command("chromium", {
      args: [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        `--user-data-dir=${profile}`,
        "--remote-debugging-port=0",
        "about:blank",
      ],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const browser = new Browser(child, profile);
    try {
      const late = () => new Error("Chromium has not come up");
      await within(browser.#connect(), START_LIMIT_MS, late);
      const mobile = width < 600;
      const metrics = { width, height, mobile, deviceScaleFactor: 1 };
      await browser.#call("Emulation.setDeviceMetricsOverride", metrics);
      for (const domain of ["Page", "Runtime", "Log"]) await browser.#call(`${domain}.enable`);
      await browser.#call("Page.navigate", { url });
      return browser;
    } catch (error) {
      await browser[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** What a JavaScript expression is in the page: a value that JSON has. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result } = await this.#call("Runtime.evaluate", { expression, returnByValue: true });
    return (result as { value: T }).value;
  }

  /** Waits until an expression is true in the page; fails with what the page says if it never is. */
  async until(expression: string, limitMs = CALL_LIMIT_MS): Promise<void> {
    for (const end = performance.now() + limitMs; !await this.evaluate<boolean>(expression);) {
      if (performance.now() > end) {
        const text = await this.evaluate<string>("document.body.innerText");
        throw new Error(`Not so within ${limitMs} ms: ${expression}: ${text}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** A picture of the page, as PNG. */
  async screenshot(): Promise<Uint8Array> {
    const { data } = await this.#call("Page.captureScreenshot", { format: "png" });
    return Uint8Array.from(atob(data as string), (char) => char.charCodeAt(0));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket?.close();
    try {
      this.#child.kill("SIGKILL");
    } catch { /* it has ended by itself */ }
    await this.#child.status;
    await this.#removeProfile();
  }

  /** Its other processes end a little later, and write there until then. */
  async #removeProfile(): Promise<void> {
    for (const end = performance.now() + CALL_LIMIT_MS;;) {
      try {
        return await Deno.remove(this.#profile, { recursive: true });
      } catch (error) {
        if (performance.now() > end) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  async #connect(): Promise<void> {
    const lines = this.#child.stderr.pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream());
    const reader = lines.getReader();
    let url: string | undefined;
    while (url === undefined) {
      const { value, done } = await reader.read();
      if (done) throw new Error("Chromium has ended");
      url = /^DevTools listening on (ws:\S+)/.exec(value)?.[1];
    }
    (async () => {
      while (!(await reader.read()).done);
    })();
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
    const opened = Promise.withResolvers<void>();
    socket.onopen = () => opened.resolve();
    socket.onerror = () => opened.reject(new Error("Chromium takes no connection"));
    await opened.promise;
    const { targetId } = await this.#call("Target.createTarget", { url: "about:blank" });
    const attached = await this.#call("Target.attachToTarget", { targetId, flatten: true });
    this.#session = attached.sessionId as string;
  }

  #receive({ id, method, params, result, error }: Message): void {
    if (typeof id === "number") return this.#waiting.get(id)?.({ result, error });
    if (method === "Runtime.exceptionThrown" || method === "Log.entryAdded") {
      this.complaints.push(JSON.stringify(params));
    }
  }

  async #call(method: string, params: Message = {}): Promise<Message> {
    const id = ++this.#lastId;
    const answer = new Promise<Message>((resolve) => this.#waiting.set(id, resolve));
    const session = this.#session === "" ? {} : { sessionId: this.#session };
    this.#socket!.send(JSON.stringify({ id, method, params, ...session }));
    const late = () => new Error(`Chromium does not answer ${method}`);
    const { result, error } = await within(answer, CALL_LIMIT_MS, late);
    this.#waiting.delete(id);
    if (error !== undefined) throw new Error(`${method}: ${JSON.stringify(error)}`);
    return result as Message;
  }
}
