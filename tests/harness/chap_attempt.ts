/** Logins that authenticate, or try to, by an initiator that can break every rule of CHAP. */
import assert from "node:assert/strict";
import { warningsWith } from "./log.ts";
import { TARGET_NAME, type TestServer } from "./server.ts";
import { type ChapTerms, type ChapUser, readTerms } from "../initiator/chap.ts";
import {
  login,
  LoginDialogue,
  type LoginOptions,
  nameKeys,
  randomIsid,
  Stage,
  stageFlags,
} from "../initiator/login.ts";
import { Field, type Pdu } from "../initiator/pdu.ts";
import { type Address, RawConnection } from "../initiator/raw.ts";
import { decodeText, encodeText, type Pair, type Pairs, valueOf } from "../initiator/text.ts";

const { Security, Operational } = Stage;

/** What an initiator offers that knows CHAP. */
export const METHOD: Pair = ["AuthMethod", "CHAP,None"];
/** A user that no target has. */
export const MALLORY: ChapUser = { name: "mallory", secret: "mallory's own secret" };

/** A login in its security stage, request by request. */
export class Attempt implements Disposable {
  /** The challenges and responses of all attempts, in either direction. */
  static readonly values: Set<string> = new Set();
  readonly raw: RawConnection;
  readonly initiatorName: string;
  readonly #dialogue: LoginDialogue;
  readonly #names: Pairs;

  private constructor(raw: RawConnection, targetName: string | undefined) {
    this.raw = raw;
    this.initiatorName = `iqn.2026-11.org.example.test:${crypto.randomUUID()}`;
    const names = targetName === undefined ? {} : { targetName };
    this.#names = nameKeys({ initiatorName: this.initiatorName, ...names });
    this.#dialogue = new LoginDialogue(raw, { isid: randomIsid() });
  }

  static async begin(address: Address, targetName: string | undefined = TARGET_NAME) {
    return new Attempt(await RawConnection.connect(address), targetName);
  }

  /** Sends keys, in the first request behind the names. */
  async say(keys: Pairs, flags = stageFlags(Security)): Promise<Pdu> {
    const names = this.#dialogue.responses.length === 0 ? this.#names : [];
    return await this.sayText(encodeText([...names, ...keys]), flags);
  }

  async sayText(text: Uint8Array, flags: number): Promise<Pdu> {
    const response = await this.#dialogue.exchange(flags, text);
    for (const said of [text, response.data]) {
      const values = new TextDecoder().decode(said).matchAll(/CHAP_[CR]=0x(\w{16})/g);
      for (const [, value = ""] of values) Attempt.values.add(value);
    }
    return response;
  }

  /** Agrees on CHAP and has the target send its challenge. */
  async challenge(algorithms = "5"): Promise<ChapTerms> {
    const chosen = await this.say([METHOD]);
    assert.equal(valueOf(decodeText(chosen.data), "AuthMethod"), "CHAP");
    return readTerms(decodeText((await this.say([["CHAP_A", algorithms]])).data));
  }

  /** Sends keys that must be refused with `status`, without a word, and end the connection. */
  async mustBeRefused(status: number, keys: Pairs, flags?: number): Promise<void> {
    const response = await this.say(keys, flags);
    const what = keys.map(([key]) => key).join(", ");
    assert.equal(response.u16(Field.statusClass), status, what);
    assert.equal(response.data.length, 0, what);
    assert.deepEqual(await this.raw.receiveUntilClosed(), [], what);
  }

  [Symbol.dispose](): void {
    this.raw.close();
  }
}

/** Responds in a login of its own with the keys that `keysFor` makes; they must be refused. */
export async function mustRefuse(
  server: TestServer,
  status: number,
  why: string,
  keysFor: (terms: ChapTerms) => Pairs,
): Promise<void> {
  using attempt = await Attempt.begin(server);
  const terms = await attempt.challenge();
  await attempt.mustBeRefused(status, keysFor(terms), stageFlags(Security, Operational));
  const [line] = await warningsWith(server, "login refused", attempt.initiatorName, why);
  assert(line !== undefined);
}

/** The status that a login ends with. */
export async function statusOf(server: TestServer, options: LoginOptions): Promise<number> {
  using raw = await RawConnection.connect(server);
  return (await login(raw, { targetName: TARGET_NAME, ...options })).status;
}
