/** Feeds: how often the server is asked for one. */
import assert from "node:assert/strict";
import { Administration } from "../../lib/admin/administration.ts";
import { LogHistory } from "../../lib/admin/log_history.ts";
import { OfflineEngine } from "../../lib/admin/offline_engine.ts";
import { FeedSource } from "../../lib/metrics/feed.ts";
import type { ShardFigures } from "../../lib/shard/server.ts";
import { EMPTY_MODEL } from "../harness/tree_shell.ts";

/** An engine that answers when it is told to. */
class SlowEngine extends OfflineEngine {
  readonly asked: PromiseWithResolvers<ShardFigures | undefined>[] = [];
  override readonly figures = () => {
    const answer = Promise.withResolvers<ShardFigures | undefined>();
    this.asked.push(answer);
    return answer.promise;
  };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

Deno.test("many who ask while a feed is gathered, or just was, cost as much as one", async () => {
  const engine = new SlowEngine();
  const administration = new Administration(engine, EMPTY_MODEL);
  const source = new FeedSource(administration, { started: 0, history: new LogHistory() });
  const first = source.feed();
  await pause(300); // longer than an answer is given again
  const second = source.feed();
  engine.asked[0]!.resolve(undefined);
  assert.equal(await second, await first);
  assert.equal(await source.feed(), await first);
  assert.equal(engine.asked.length, 1);

  await pause(300);
  const failed = source.feed();
  engine.asked[1]!.reject(new Error("no answer"));
  await assert.rejects(failed, /no answer/);
  const next = source.feed();
  engine.asked[2]!.resolve(undefined);
  assert.notEqual(await next, await first, "what failed is not given again");
});
