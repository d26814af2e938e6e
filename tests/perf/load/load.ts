/** The load worker as the bench sees it. */
import type { FromLoad, LoadResult, LoadShape, ToLoad } from "./shape.ts";

/** Milliseconds beyond the time of a load after which its worker is given up. */
const PATIENCE = 60_000;

export class LoadGenerator implements Disposable {
  #worker = new Worker(new URL("./load_worker.ts", import.meta.url), { type: "module" });

  /**
   * Opens the sessions of a load, runs it for some seconds and closes them again. `around` is called
   * when the clock begins to run, and gives what is called when the last command has ended.
   *
   * @throws Error if the target does not answer every command as it should
   */
  async run(
    shape: LoadShape,
    seconds: number,
    around: () => Promise<() => Promise<void>> = () => Promise.resolve(() => Promise.resolve()),
  ): Promise<LoadResult> {
    await this.#ask({ kind: "open", shape });
    const end = await around();
    const answer = await this.#ask({ kind: "run", seconds }, seconds);
    await end();
    await this.#ask({ kind: "close" });
    if (answer.kind !== "result") throw new Error(`The load worker has answered ${answer.kind}`);
    return answer.result;
  }

  /** Bytes a second that the floor at `port` sends in blocks of `length`, with nothing around them. */
  async stream(port: number, length: number, seconds: number): Promise<number> {
    const answer = await this.#ask({ kind: "stream", port, length, seconds }, seconds);
    if (answer.kind !== "streamed") throw new Error(`The load worker has answered ${answer.kind}`);
    return answer.bytes / answer.seconds;
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }

  async #ask(message: ToLoad, seconds = 0): Promise<FromLoad> {
    const { promise, resolve, reject } = Promise.withResolvers<FromLoad>();
    const limit = seconds * 1000 + PATIENCE;
    const timer = setTimeout(
      () => reject(new Error(`No answer of the load in ${limit} ms`)),
      limit,
    );
    this.#worker.onmessage = (event: MessageEvent<FromLoad>) => resolve(event.data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(`The load worker has ended: ${event.message}`));
    };
    this.#worker.postMessage(message);
    try {
      const answer = await promise;
      if (answer.kind === "failed") throw new Error(answer.message);
      return answer;
    } finally {
      clearTimeout(timer);
    }
  }
}
