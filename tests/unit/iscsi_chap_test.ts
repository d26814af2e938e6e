/** One login's authentication: right and wrong responses, mutual CHAP, and what must not be said. */
import assert from "node:assert/strict";
import { Accounts } from "../../lib/iscsi/accounts.ts";
import { Chap } from "../../lib/iscsi/chap.ts";
import { ChapChallenges } from "../../lib/iscsi/chap_challenge.ts";
import type { Refusal } from "../../lib/iscsi/refusal.ts";
import type { UsersModel } from "../../lib/scst/model.ts";
import { ANN, DISK, JOE, MUTUAL, NOBODY, ONE_WAY } from "../harness/chap_users.ts";
import {
  base64Value,
  challengeKeys,
  chapResponse,
  type ChapTerms,
  type ChapUser,
  hexValue,
  ownTerms,
  readTerms,
  responseKeys,
  verifyTarget,
} from "../initiator/chap.ts";
import type { Pair } from "../initiator/text.ts";

const MALLORY: ChapUser = { name: "mallory", secret: "the secret of mallory" };
const CHALLENGES = new ChapChallenges();

/** A login whose challenge is out. */
function challenged(users: UsersModel, algorithms = "5"): { chap: Chap; terms: ChapTerms } {
  const chap = new Chap(new Accounts(users), CHALLENGES);
  say(chap, [["AuthMethod", "CHAP"]]);
  const { refusal, answers } = say(chap, [["CHAP_A", algorithms]]);
  assert.equal(refusal, undefined);
  return { chap, terms: readTerms(answers) };
}

function say(chap: Chap, keys: readonly Pair[]): { refusal: Refusal | undefined; answers: Pair[] } {
  const answers: [string, string][] = [];
  const refusal = chap.handle(new Map(keys), false, answers);
  if (refusal !== undefined) assert.deepEqual(answers, [], "nothing is answered with a refusal");
  return { refusal, answers };
}

/** The refusal of these keys, which must keep to itself what nobody has to know. */
function refusalOf(chap: Chap, keys: readonly Pair[]): Refusal {
  const { refusal } = say(chap, keys);
  assert(refusal !== undefined, `${keys.map(([key]) => key)} is not refused`);
  assert(!chap.isDone);
  assert.equal(chap.user, undefined);
  const secrets = [JOE, ANN, DISK, MALLORY].map(({ secret }) => secret);
  const values = keys.filter(([key]) => key === "CHAP_R" || key === "CHAP_C");
  for (const text of [...secrets, ...values.map(([, value]) => value)]) {
    if (text.length > 4) assert(!refusal.why.includes(text.slice(2)), refusal.why);
  }
  return refusal;
}

Deno.test("Chap takes a right response with every algorithm, in hex and base64", () => {
  for (const algorithm of ["5", "6", "7", "8"]) {
    for (const write of [hexValue, base64Value]) {
      for (const user of [JOE, ANN]) {
        const { chap, terms } = challenged(ONE_WAY, algorithm);
        assert.equal(terms.algorithm, Number(algorithm));
        assert.equal(chap.user, undefined);
        const { refusal, answers } = say(chap, responseKeys(terms, { user, write }));
        assert.equal(refusal, undefined);
        assert.deepEqual(answers, []);
        assert.equal(chap.user, user.name);
      }
    }
  }
});

Deno.test("Chap refuses a response that does not prove the secret with 0201", () => {
  const { chap: _, terms: others } = challenged(ONE_WAY);
  const table: [string, (terms: ChapTerms) => Pair[]][] = [
    ["another's secret", (terms) => responseKeys(terms, { user: { ...JOE, secret: ANN.secret } })],
    ["no such user", (terms) => responseKeys(terms, { user: MALLORY })],
    [
      "another identifier",
      (terms) => responseKeys({ ...terms, identifier: terms.identifier ^ 1 }, { user: JOE }),
    ],
    ["a replayed response", () => responseKeys(others, { user: JOE })],
    ["another algorithm", (terms) => responseKeys({ ...terms, algorithm: 6 }, { user: JOE })],
    ["a byte more", (terms) => [
      ["CHAP_N", JOE.name],
      ["CHAP_R", `${hexValue(chapResponse(terms, JOE.secret))}00`],
    ]],
    ["a byte less", (terms) => [
      ["CHAP_N", JOE.name],
      ["CHAP_R", hexValue(chapResponse(terms, JOE.secret).subarray(1))],
    ]],
    ["an empty name", (terms) => responseKeys(terms, { user: { ...JOE, name: "" } })],
    ["the name in another case", (terms) => responseKeys(terms, { user: { ...JOE, name: "Joe" } })],
  ];
  for (const [what, keysFor] of table) {
    const { chap, terms } = challenged(ONE_WAY);
    assert.equal(refusalOf(chap, keysFor(terms)).status, 0x0201, what);
  }
});

Deno.test("Chap refuses values that cannot be read with 0200, whoever sends them", () => {
  const values = ["", "0x", "0xzz", "0b", "0b!", "joe", "12", hexValue(new Uint8Array(1025))];
  for (const value of values) {
    for (const { name } of [JOE, MALLORY]) {
      const { chap } = challenged(MUTUAL);
      const { status } = refusalOf(chap, [["CHAP_N", name], ["CHAP_R", value]]);
      assert.equal(status, 0x0200, value.slice(0, 20));
    }
    const { chap, terms } = challenged(MUTUAL);
    const [name, response] = responseKeys(terms, { user: JOE });
    const keys: Pair[] = [name!, response!, ["CHAP_I", "1"], ["CHAP_C", value]];
    assert.equal(refusalOf(chap, keys).status, 0x0200, value.slice(0, 20));
  }
  for (const identifier of ["", "-1", "256", "x", "1.0", "0x100"]) {
    const { chap, terms } = challenged(MUTUAL);
    const [, challenge] = challengeKeys(ownTerms(terms), { user: JOE });
    const keys: Pair[] = [...responseKeys(terms, { user: JOE }), ["CHAP_I", identifier]];
    assert.equal(refusalOf(chap, [...keys, challenge!]).status, 0x0200, identifier);
  }
});

Deno.test("Chap gives nothing away: a wrong user and a wrong secret are refused alike", () => {
  const statuses = [JOE, MALLORY].map(({ name }) => {
    const { chap, terms } = challenged(MUTUAL);
    const options = { user: { name, secret: "not the secret" } };
    const keys = [...responseKeys(terms, options), ...challengeKeys(ownTerms(terms), options)];
    return refusalOf(chap, keys).status;
  });
  assert.deepEqual(statuses, [0x0201, 0x0201]);
});

Deno.test("Chap answers the initiator's challenge, in the notation of the challenge", () => {
  for (const algorithm of ["5", "6", "7", "8"]) {
    for (const write of [hexValue, base64Value]) {
      for (const identifier of [0, 255]) {
        for (const length of [1, 16, 1024]) {
          const { chap, terms } = challenged(MUTUAL, algorithm);
          const options = { user: JOE, write };
          const own = { ...terms, identifier, challenge: new Uint8Array(length).fill(7) };
          const keys = [...responseKeys(terms, options), ...challengeKeys(own, options)];
          const { refusal, answers } = say(chap, keys);
          assert.equal(refusal, undefined);
          assert.deepEqual(answers.map(([key]) => key), ["CHAP_N", "CHAP_R"]);
          verifyTarget(own, DISK, answers);
          const [, [, response] = []] = answers;
          assert.equal(response?.slice(0, 2), write(Uint8Array.of(0)).slice(0, 2));
        }
      }
    }
  }
});

Deno.test("Chap answers no challenge before the initiator has authenticated", () => {
  const { chap, terms } = challenged(MUTUAL);
  const options = { user: { ...JOE, secret: "not the secret" } };
  const keys = [...responseKeys(terms, options), ...challengeKeys(ownTerms(terms), options)];
  assert.equal(refusalOf(chap, keys).status, 0x0201);
});

Deno.test("Chap does not authenticate the target without an outgoing user, and says so", () => {
  const { chap, terms } = challenged(ONE_WAY);
  const options = { user: JOE };
  const keys = [...responseKeys(terms, options), ...challengeKeys(ownTerms(terms), options)];
  const { status, why } = refusalOf(chap, keys);
  assert.equal(status, 0x0201);
  assert.match(why, /'joe' wants the target to authenticate, but there is no outgoing user/);
});

Deno.test("Chap knows its own challenges, also those of other logins", () => {
  const { terms: others } = challenged(MUTUAL);
  const { chap: _ended, terms: old } = challenged(MUTUAL);
  for (const which of ["own", "other's", "old"]) {
    const { chap, terms } = challenged(MUTUAL);
    const { challenge } = which === "own" ? terms : which === "old" ? old : others;
    for (const write of [hexValue, base64Value]) {
      const options = { user: JOE, write };
      const sent = { ...terms, challenge };
      const keys = [...responseKeys(terms, options), ...challengeKeys(sent, options)];
      const { status, why } = refusalOf(chap, keys);
      assert.equal(status, 0x0201, which);
      assert.match(why, /'joe' sent a challenge of this target back/);
    }
  }
});

Deno.test("Chap refuses an initiator that has the target's own secret", () => {
  const users = { incomingUsers: [{ ...JOE, secret: DISK.secret }], outgoingUser: DISK };
  const { chap, terms } = challenged(users);
  const keys = responseKeys(terms, { user: { ...JOE, secret: DISK.secret } });
  const { status, why } = refusalOf(chap, keys);
  assert.equal(status, 0x0201);
  assert.match(why, /'joe' has the secret of the outgoing user/);
});

Deno.test("Chap takes the first method that it may take", () => {
  const begin = (users: UsersModel, exempt = false) =>
    new Chap(new Accounts(users), CHALLENGES, exempt);
  const table: [Chap, string, string | number][] = [
    [begin(ONE_WAY), "CHAP,None", "CHAP"],
    [begin(ONE_WAY), "None,CHAP", "CHAP"],
    [begin(ONE_WAY), "KRB5,SRP,CHAP", "CHAP"],
    [begin(ONE_WAY), "None", 0x0201],
    [begin(ONE_WAY), "chap", 0x0201],
    [begin(ONE_WAY), "", 0x0201],
    [begin(NOBODY), "CHAP,None", "None"],
    [begin(NOBODY), "CHAP", 0x0201],
    [begin(NOBODY), "KRB5", 0x0201],
    [begin(ONE_WAY, true), "CHAP,None", "CHAP"],
    [begin(ONE_WAY, true), "None,CHAP", "None"],
    [begin(ONE_WAY, true), "CHAP", "CHAP"],
    [begin(NOBODY, true), "CHAP,None", "None"],
  ];
  for (const [chap, methods, wanted] of table) {
    const { refusal, answers } = say(chap, [["AuthMethod", methods]]);
    if (typeof wanted === "number") assert.equal(refusal?.status, wanted, methods);
    else assert.deepEqual(answers, [["AuthMethod", wanted]], methods);
  }
});

Deno.test("Chap refuses algorithms that it does not know with 0201", () => {
  const chap = new Chap(new Accounts(ONE_WAY), CHALLENGES);
  say(chap, [["AuthMethod", "CHAP"]]);
  assert.equal(refusalOf(chap, [["CHAP_A", "1,2,254"]]).status, 0x0201);
});

Deno.test("Chap shows the names of strangers cut and without what could forge a log line", () => {
  const { chap, terms } = challenged(ONE_WAY);
  const name = `x' initiator=me\n\u202e\u00e9${"y".repeat(1000)}`;
  const { why } = refusalOf(
    chap,
    responseKeys(terms, { user: { name, secret: "nothing at all" } }),
  );
  assert.match(
    why,
    /^the authentication failed: there is no incoming user 'x\?\?initiator=me\?\?\?y{46}\.\.\.'$/,
  );
});
