/**
 * kill -9 while the configuration and mode pages are saved: what was acknowledged is there after the
 * restart, or what was being saved just then. SCST_KILL_ROUNDS says how often.
 */
import assert from "node:assert/strict";
import { exchange } from "../../lib/cli/control_exchange.ts";
import { assertGood } from "../harness/block_io.ts";
import { type Random, withRandom } from "../harness/random.ts";
import { diskYaml, startTestServer, type TestServer } from "../harness/server.ts";
import { openReady } from "../harness/sessions.ts";
import { modeSelect6, modeSense6 } from "../initiator/cdb.ts";
import type { Session } from "../initiator/session.ts";

const ROUNDS = Number(Deno.env.get("SCST_KILL_ROUNDS") ?? 10);
const LIFE_MOST_MS = 250;
const FIRST = 100;
const CACHING = 0x08;
const WCE = 0x04;
const PF_SP = 0x11;

/** A value that is saved again and again, with what was acknowledged and what was asked for. */
interface Kept<T> {
  acknowledged: T;
  asked: T;
  /** How often something was acknowledged. */
  saves: number;
}

/** Saves a configuration with the next number, until the server is gone. */
async function saveConfigurations(dir: string, kept: Kept<number>): Promise<void> {
  const socket = `${dir}/control`;
  for (;;) {
    kept.asked = kept.acknowledged + 1;
    const path = "/tree/devices/disk0/numa_node_id";
    const written = await exchange(socket, "PUT", path, `${kept.asked}\n`);
    if (written === undefined) return;
    assert.equal(written.status, 204, written.text);
    const saved = await exchange(socket, "POST", "/config/save", "");
    if (saved === undefined) return;
    assert.equal(saved.status, 200, saved.text);
    kept.acknowledged = kept.asked;
    kept.saves++;
  }
}

/** Saves the other state of the write cache, until the session is gone. */
async function saveModes(session: Session, kept: Kept<boolean>): Promise<void> {
  for (;;) {
    kept.asked = !kept.acknowledged;
    const page = (await cachingPage(session)).slice();
    page[0]! &= 0x3f;
    page[2] = page[2]! & ~WCE | (kept.asked ? WCE : 0);
    const write = Uint8Array.from([0, 0, 0, 0, ...page]);
    assertGood(await session.command(modeSelect6(write.length, PF_SP), { write }), "MODE SELECT");
    kept.acknowledged = kept.asked;
    kept.saves++;
  }
}

async function cachingPage(session: Session): Promise<Uint8Array> {
  const cdb = modeSense6(CACHING, 255, { disableBlockDescriptors: true });
  return (await session.command(cdb, { read: 255 })).data.slice(4);
}

/** Runs what ends with an error when the server is killed, and with another one never. */
async function untilKilled(isKilled: () => boolean, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isKilled() || error instanceof assert.AssertionError) throw error;
  }
}

/** Has both saved until the server is killed; if `atWork` not before both were. */
async function saveUntilKilled(
  server: TestServer,
  numbers: Kept<number>,
  cache: Kept<boolean>,
  random: Random,
  atWork: boolean,
): Promise<void> {
  let killed = false;
  await using session = await openReady(server);
  const works = [
    untilKilled(() => killed, () => saveConfigurations(server.dir, numbers)),
    untilKilled(() => killed, () => saveModes(session, cache)),
  ];
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const before = [numbers.saves, cache.saves];
  while (atWork && (numbers.saves === before[0] || cache.saves === before[1])) {
    await Promise.race([pause(1), ...works]);
  }
  await pause(random.below(LIFE_MOST_MS));
  killed = true;
  await server.stop("SIGKILL");
  await Promise.all(works);
}

/** What is there is what was acknowledged, or what was asked for after it. */
function checkKept<T>(kept: Kept<T>, found: T, what: string): void {
  const why = `${what}: ${found}, when ${kept.acknowledged} was saved and ${kept.asked} under way`;
  assert(found === kept.acknowledged || found === kept.asked, why);
  kept.acknowledged = found;
  kept.asked = found;
}

Deno.test("No configuration and no mode page that was saved is lost by kill -9, nor are the ids", () =>
  withRandom(async (random) => {
    const dir = await Deno.makeTempDir({ prefix: "scst_kill_" });
    try {
      const numbers = { acknowledged: FIRST, asked: FIRST, saves: 0 };
      const cache = { acknowledged: true, asked: true, saves: 0 };
      const attribute = `    numa_node_id: ${FIRST}\n`;
      let yaml = diskYaml([{ size: "1MiB" }]).replace(/( +)size: .*\n/, `$&${attribute}`);
      let ids: string | undefined;
      for (let round = 0; round <= ROUNDS; round++) {
        await using server = await startTestServer(yaml, { dir });
        const found = Deno.readTextFileSync(`${dir}/ids.json`);
        assert.equal(found, ids ?? found);
        ids = found;
        {
          await using session = await openReady(server);
          checkKept(cache, ((await cachingPage(session))[2]! & WCE) !== 0, "WCE");
        }
        if (round === ROUNDS) break;
        await saveUntilKilled(server, numbers, cache, random, round % 2 === 0);
        yaml = Deno.readTextFileSync(`${dir}/scst.yaml`);
        const number = Number(/numa_node_id: "?(\d+)"?/.exec(yaml)?.[1]);
        checkKept(numbers, number, "the configuration");
      }
      assert(
        numbers.acknowledged >= FIRST + ROUNDS / 2,
        `saved up to ${numbers.acknowledged} only`,
      );
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  }));
