/**
 * kill -9 while hosts register with APTPL: what was answered with GOOD is there after the restart.
 * SCST_KILL_ROUNDS says how often; a few times if it is not set.
 */
import assert from "node:assert/strict";
import { hexBytes } from "../harness/hex.ts";
import { type Random, withRandom } from "../harness/random.ts";
import { diskYaml, startTestServer, type TestServer } from "../harness/server.ts";
import { makeReady, openSession } from "../harness/sessions.ts";
import { parseFullStatus, PrIn, prIn, prList, PrOut, prOut } from "../initiator/reservations.ts";
import type { Session } from "../initiator/session.ts";
import { senseText } from "../initiator/sense.ts";

const ROUNDS = Number(Deno.env.get("SCST_KILL_ROUNDS") ?? 10);
const LIFE_MOST_MS = 250;
const WRITE_EXCLUSIVE_REGISTRANTS_ONLY = 5;
const ISID = "800000000001";

/** A host that changes its key again and again, always to the next number. */
class Host {
  readonly name: string;
  readonly lun: number;
  /** The key that was answered with GOOD last; 0 before the first. */
  key = 0n;
  /** Changes that were answered with GOOD. */
  changes = 0;
  #session: Session | undefined = undefined;

  constructor(name: string, lun: number) {
    this.name = `iqn.2026-11.org.example.test:${name}`;
    this.lun = lun;
  }

  async login(server: TestServer): Promise<void> {
    this.#session = await openSession(server, { initiatorName: this.name, isid: hexBytes(ISID) });
    await makeReady(this.#session, this.lun);
  }

  /** Checks that its registration is the last one, or the one after that which was under way. */
  async check(holds: boolean): Promise<void> {
    const { data } = await this.#session!.command(prIn(PrIn.FULL_STATUS, 65535), {
      lun: this.lun,
      read: 65535,
    });
    const port = `${this.name},i,0x${ISID}`;
    const found = parseFullStatus(data).find(({ initiator }) => initiator === port);
    const key = found?.key ?? 0n;
    const why = `${this.name}: key ${key} after ${this.key} was registered`;
    assert(key === this.key || key === this.key + 1n, why);
    assert.equal(found?.holder === true, holds, why);
    if (found?.holder) assert.equal(found.type, WRITE_EXCLUSIVE_REGISTRANTS_ONLY);
    this.key = key;
  }

  async reserve(): Promise<void> {
    await this.#out(PrOut.RESERVE, prList({ key: this.key }));
  }

  /** Registers the next key. */
  async change(): Promise<void> {
    const actionKey = this.key + 1n;
    await this.#out(PrOut.REGISTER, prList({ key: this.key, actionKey, aptpl: true }));
    this.key = actionKey;
    this.changes++;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session?.[Symbol.asyncDispose]();
    this.#session = undefined;
  }

  async #out(action: number, write: Uint8Array): Promise<void> {
    const cdb = prOut(action, WRITE_EXCLUSIVE_REGISTRANTS_ONLY, write.length);
    const { status, sense } = await this.#session!.command(cdb, { lun: this.lun, write });
    assert.equal(status, 0, `${this.name}: status ${status}, sense ${senseText(sense)}`);
  }
}

/** Waits until each of the hosts has made one more change, however slow the machine is. */
async function progress(hosts: Host[]): Promise<void> {
  const before = hosts.map(({ changes }) => changes);
  while (hosts.some(({ changes }, index) => changes === before[index])) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Lets all hosts change their keys until the server is killed; every other time not before they did. */
async function workUntilKilled(
  server: TestServer,
  hosts: Host[],
  random: Random,
  atWork: boolean,
): Promise<void> {
  let killed = false;
  const works = hosts.map(async (host) => {
    try {
      for (;;) await host.change();
    } catch (error) {
      if (!killed || error instanceof assert.AssertionError) throw error;
    }
  });
  const begun = atWork ? progress(hosts) : Promise.resolve();
  const end = begun
    .then(() => new Promise((resolve) => setTimeout(resolve, random.below(LIFE_MOST_MS))))
    .then(() => {
      killed = true;
      return server.stop("SIGKILL");
    });
  await Promise.all([end, ...works]);
}

Deno.test("No completed registration is lost by kill -9", () =>
  withRandom(async (random) => {
    const dir = await Deno.makeTempDir({ prefix: "scst_kill_" });
    try {
      const hosts = [new Host("a", 0), new Host("b", 0), new Host("c", 0), new Host("d", 1)];
      const yaml = diskYaml([{ size: "1MiB" }, { size: "1MiB" }]);
      for (let round = 0; round <= ROUNDS; round++) {
        await using server = await startTestServer(yaml, { dir });
        try {
          for (const host of hosts) await host.login(server);
          for (const host of hosts) await host.check(round > 0 && host === hosts[0]);
          if (round === ROUNDS) break;
          if (round === 0) {
            for (const host of hosts) await host.change();
            await hosts[0]!.reserve();
          }
          await workUntilKilled(server, hosts, random, round % 2 === 0);
          const complaints = server.stderr().split("\n").filter((line) => /^error/.test(line));
          assert.deepEqual(complaints, [], `round ${round}`);
        } finally {
          for (const host of hosts) await host[Symbol.asyncDispose]();
        }
      }
      for (const { changes, name } of hosts) {
        assert(changes > ROUNDS / 2, `${name}: ${changes} changes`);
      }
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  }));
