/**
 * Mutated connections through TCP to a server of its own (`scst serve`, from source or SCST_BIN), with
 * a bystander at another disk, and a look at the server's memory.
 */
import assert from "node:assert/strict";
import { Bystander } from "../harness/bystander.ts";
import { JOE } from "../harness/chap_users.ts";
import { backingFile } from "../harness/disk_yaml.ts";
import { assertNoBug } from "../harness/log.ts";
import { residentBytes } from "../harness/memory.ts";
import { inParallel } from "../harness/parallel.ts";
import { Random } from "../harness/random.ts";
import { startTestServer, type TestServer } from "../harness/server.ts";
import { openReady } from "../harness/sessions.ts";
import { Field, Opcode, type Pdu } from "../initiator/pdu.ts";
import { answeredDigests } from "../initiator/parameters.ts";
import { RawConnection } from "../initiator/raw.ts";
import type { Pair } from "../initiator/text.ts";
import { parseText } from "../../lib/iscsi/text.ts";
import { type Case, type Corpus, readCorpus } from "./corpus.ts";
import { stepsOf } from "./sequence_edits.ts";
import { Shooter, type Shot } from "./shooter.ts";

export interface TcpOptions {
  readonly seed: number;
  readonly connections: number;
  readonly seconds: number | undefined;
}

const MIB = 2 ** 20;
/**
 * Resident bytes that the server may have, however many connections there were: each of the lanes may
 * have some tens of MiB on their way, and V8 gives back late what it has no use for.
 */
const RESIDENT_MOST = 256 * MIB;
const WARM_UP = 500;
const LANES = 8;
const STEPS = 12;
/** Milliseconds for an answer, behind which the next PDU goes out anyway. */
const PATIENCE = 20;
/** Milliseconds until the server has to have nothing to do with a connection any more. */
const SERVER_LIMIT = 20_000;

const ATTACKED = "iqn.2026-11.org.example:attacked";
const LOCKED = "iqn.2026-11.org.example:locked";
const GUARDED = "iqn.2026-11.org.example:guarded";
const QUIET = "iqn.2026-11.org.example:quiet";
const WORDS = { target: ATTACKED, locked: LOCKED, guarded: GUARDED };

function configuration(dir: string): string {
  const size = MIB;
  return `portals: ["127.0.0.1:0"]
devices:
  attacked:
    handler: vdisk_fileio
    filename: ${backingFile(dir, "attacked.img", size)}
    thin_provisioned: true
  quiet:
    handler: vdisk_fileio
    filename: ${backingFile(dir, "quiet.img", size)}
targets:
  ${ATTACKED}:
    luns: { 0: attacked }
  ${LOCKED}:
    IncomingUser: { ${JOE.name}: "${JOE.secret}" }
    luns: { 0: attacked }
  ${GUARDED}:
    MaxSessions: 2
    QueuedCommands: 3
    MaxRecvDataSegmentLength: 4096
    luns: {}
    ini_groups:
      some:
        initiators: ["*:peer"]
        luns: { 0: { device: attacked, read_only: true } }
  ${QUIET}:
    luns: { 0: quiet }
`;
}

interface Counts {
  logins: number;
  pdus: number;
  entered: number;
}

/** One connection from its first byte to its end. */
class Strike {
  readonly #random: Random;
  readonly #shooter: Shooter;
  readonly #raw: RawConnection;
  readonly #counts: Counts;
  readonly #answers: Pair[] = [];
  #isIn = false;
  #answered = Promise.withResolvers<void>();
  #isOpen = true;

  constructor(raw: RawConnection, random: Random, counts: Counts) {
    this.#raw = raw;
    this.#random = random;
    this.#counts = counts;
    this.#shooter = new Shooter(random, WORDS);
  }

  async run({ logins, sessions }: Corpus, entries: readonly Case[]): Promise<void> {
    const random = this.#random;
    const drained = this.#drain();
    const spoilsLogin = random.below(2) === 0;
    const opening = spoilsLogin
      ? this.#shooter.order(random.pick(logins), logins, 4)
      : stepsOf(random.pick(entries));
    const chosen = random.below(Math.max(1, opening.length));
    let isMutated = false;
    for (const [at, step] of opening.entries()) {
      const edits = spoilsLogin && at === chosen ? 1 + random.below(3) : 0;
      const shot = this.#shooter.shoot(step, edits, this.#raw.digests);
      isMutated ||= shot.isMutated;
      if (!await this.#send(shot, true)) break;
    }
    if (isMutated) this.#counts.logins++;
    if (isMutated && this.#isIn) this.#counts.entered++;
    for (let fired = 0; this.#isIn && this.#isOpen && fired < STEPS;) {
      for (const step of this.#shooter.order(random.pick(sessions), sessions, 4)) {
        const shot = this.#shooter.shoot(step, random.below(3), this.#raw.digests);
        if (!await this.#send(shot, random.below(3) > 0)) break;
        if (shot.isMutated) this.#counts.pdus++;
        fired++;
      }
    }
    // Some close in order, the others with whatever is still on its way.
    if (random.below(2) === 0) await this.#raw.closeWrite().catch(() => {});
    this.#raw.close();
    await drained;
  }

  /** False when the server takes nothing any more. */
  async #send({ bytes }: Shot, waits: boolean): Promise<boolean> {
    if (!this.#isOpen) return false;
    const random = this.#random;
    const cut = random.below(4) === 0 ? random.below(bytes.length + 1) : bytes.length;
    this.#answered = Promise.withResolvers();
    try {
      await this.#raw.send(bytes.subarray(0, cut));
      if (cut < bytes.length) {
        await new Promise((resolve) => setTimeout(resolve, random.below(2)));
        await this.#raw.send(bytes.subarray(cut));
      }
    } catch {
      return false;
    }
    if (!waits) return true;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, PATIENCE);
    await Promise.race([this.#answered.promise, late]);
    clearTimeout(timer);
    return this.#isOpen;
  }

  async #drain(): Promise<void> {
    try {
      for (;;) {
        const pdu = await this.#raw.receive(SERVER_LIMIT);
        if (pdu === undefined) break;
        this.#observe(pdu);
        this.#answered.resolve();
      }
    } catch { /* it was closed from this end, or said nothing as nothing was complete */ }
    this.#isOpen = false;
    this.#answered.resolve();
  }

  #observe(pdu: Pdu): void {
    this.#shooter.observe(pdu);
    if (pdu.opcode !== Opcode.LoginResponse || pdu.u8(Field.statusClass) !== 0) return;
    this.#answers.push(...parseText(pdu.data));
    if ((pdu.flags & 0x83) !== 0x83) return;
    this.#isIn = true;
    this.#raw.digests = answeredDigests(this.#answers);
  }
}

/** Which logins of the corpus come through as they stand. */
function entriesOf({ logins }: Corpus): Case[] {
  return logins.filter(({ name }) => /^initiators\/|^chap\/(open-iscsi|FreeBSD)/.test(name));
}

async function strike(
  server: TestServer,
  { seed }: TcpOptions,
  index: number,
  corpus: Corpus,
  counts: Counts,
): Promise<void> {
  const random = new Random(Math.imul(seed, 0x9e3779b1) ^ ~index);
  using raw = await RawConnection.connect(server);
  await new Strike(raw, random, counts).run(corpus, entriesOf(corpus));
}

/** Fires through TCP; returns what there is to say. Throws when the server or the bystander suffers. */
export async function fireThroughTcp(options: TcpOptions): Promise<string> {
  const { connections, seconds = Infinity } = options;
  const corpus = readCorpus();
  const counts: Counts = { logins: 0, pdus: 0, entered: 0 };
  const began = performance.now();
  const elapsed = () => (performance.now() - began) / 1000;
  await using server = await startTestServer(configuration);
  await using bystander = await Bystander.start(server, 0, { targetName: QUIET });
  let done = 0;
  const fire = async (until: number) => {
    const first = done;
    await inParallel(until - first, LANES, async (index) => {
      if (elapsed() >= seconds) return;
      await strike(server, options, first + index, corpus, counts);
      done++;
    });
  };
  await fire(Math.min(connections, WARM_UP));
  const before = await residentBytes(server.pid);
  await fire(connections);
  const rounds = await bystander.finish();
  await using _session = await openReady(server, [0], { targetName: QUIET });
  assertNoBug(server);
  const after = await residentBytes(server.pid);
  const memory =
    `resident ${(before / MIB).toFixed(0)} MiB after the first ${WARM_UP} connections, ` +
    `${(after / MIB).toFixed(0)} at the end`;
  assert(after < RESIDENT_MOST, `the server's memory: ${memory}`);
  const { logins, entered, pdus } = counts;
  return `connections: ${done} through TCP with ${logins} mutated logins (${entered} came through) ` +
    `and ${pdus} mutated PDUs; the bystander had ${rounds} rounds of write, read and ping; ` +
    `${memory}; ${elapsed().toFixed(1)} s`;
}
