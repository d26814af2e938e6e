/** A server with a disk that gets into trouble, and a bystander on another disk who notices nothing. */
import assert from "node:assert/strict";
import type { Session } from "../initiator/session.ts";
import { Bystander } from "./bystander.ts";
import type { DiskOptions } from "./disk_yaml.ts";
import { assertNoBug } from "./log.ts";
import { backingFile, diskYaml, startTestServer, type TestServer } from "./server.ts";
import { openReady } from "./sessions.ts";

const MIB = 2 ** 20;
const BYSTANDER = 1;

/**
 * Runs a server with the disk that gets into trouble as LUN 0, and a bystander on LUN 1. The server ends
 * with `code`: 1 where it cannot flush the disk.
 */
export async function withBystander(
  filename: string,
  body: (session: Session, server: TestServer) => Promise<void>,
  { code = 0, ...options }: DiskOptions & { readonly code?: number } = {},
): Promise<void> {
  await using server = await startTestServer((dir) =>
    diskYaml([
      { filename, thinProvisioned: true, ...options },
      { filename: backingFile(dir, "bystander.img", MIB) },
    ])
  );
  {
    await using session = await openReady(server, [0]);
    await using bystander = await Bystander.start(server, BYSTANDER);
    await body(session, server);
    await bystander.finish();
  }
  assertNoBug(server);
  assert.equal((await server.stop()).code, code, server.stderr());
}
