/** A hundred sessions, some of them under load: all answers are right, and each costs little. */
import assert from "node:assert/strict";
import { fileDisks } from "../harness/disks.ts";
import { assertNoBug } from "../harness/log.ts";
import { residentBytes } from "../harness/memory.ts";
import { startTestServer } from "../harness/server.ts";
import { SessionCrowd } from "../harness/session_crowd.ts";

const MIB = 2 ** 20;
const IDLE = 100;
const LOAD = { sessions: 20, depth: 4, seconds: 2 };
/** What a session at rest may cost, `deno task bench:sessions` has the real figures. */
const SESSION_MOST = 300 * 1024;
/** What the engine may take while it compiles what runs often, and the unused memory that is kept. */
const ENGINE = 32 * MIB;
const KEPT = 32 * MIB;
/** What I/O workers take that come when calls of the storage sleep: three of them. */
const WORKERS = 3 * 12 * MIB;
const ROUNDS = 5;

Deno.test("a hundred sessions cost little, do their work, and leave nothing behind", async () => {
  await using server = await startTestServer(fileDisks(SessionCrowd.sizeOf(LOAD)));
  const before = await residentBytes(server.pid);
  const grown = async () => await residentBytes(server.pid) - before;
  let first = 0;
  for (let round = 0; round < ROUNDS; round++) {
    await using crowd = await SessionCrowd.open(server, IDLE);
    const idle = await grown();
    assert(
      idle < ENGINE + KEPT + WORKERS + IDLE * SESSION_MOST,
      `${idle / MIB} MiB more with idle sessions`,
    );
    assert(await crowd.load(LOAD) > LOAD.sessions * LOAD.depth);
    for (const session of crowd.sessions) await session.nop();
    const loaded = await grown();
    assert(
      loaded < ENGINE + KEPT + WORKERS + IDLE * SESSION_MOST,
      `${loaded / MIB} MiB more after the load`,
    );
    await crowd.logout();
    if (round === 0) first = await grown();
  }
  // Sessions that are gone are paid for once, not every time.
  const last = await grown();
  assert(
    last - first < WORKERS + IDLE * SESSION_MOST,
    `${first / MIB} MiB more, then ${last / MIB}`,
  );
  assertNoBug(server);
});
