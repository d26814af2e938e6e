/** Authentication with CHAP (RFC 7143 12.1.3): what is right, and every way to be wrong. */
import assert from "node:assert/strict";
import { ANN, DISK, JOE, MUTUAL, ONE_WAY } from "../harness/chap_users.ts";
import { linesWith, warningsWith } from "../harness/log.ts";
import { diskYaml, type TestServer } from "../harness/server.ts";
import { openReady } from "../harness/sessions.ts";
import { suite } from "../harness/suite.ts";
import { testUnitReady } from "../initiator/cdb.ts";
import {
  base64Value,
  challengeKeys,
  chapResponse,
  type ChapTerms,
  hexValue,
  ownTerms,
  readTerms,
  responseKeys,
} from "../initiator/chap.ts";
import {
  CONTINUE,
  LoginRefused,
  LoginStatus,
  randomIsid,
  Stage,
  stageFlags,
  USUAL_KEYS,
} from "../initiator/login.ts";
import { Field, type Pdu } from "../initiator/pdu.ts";
import { Session } from "../initiator/session.ts";
import { decodeText, encodeText, type Pair, type Pairs, valueOf } from "../initiator/text.ts";
import { Attempt, MALLORY, METHOD, mustRefuse, statusOf } from "../harness/chap_attempt.ts";

const { Security, Operational, FullFeature } = Stage;
const { AuthenticationFailure, InitiatorError } = LoginStatus;

/** Fails if one of the texts is in the log. */
function assertUnsaid(server: TestServer, texts: readonly string[]): void {
  const log = server.stderr().toLowerCase();
  for (const text of texts) assert(!log.includes(text.toLowerCase()), "a secret is in the log");
}

suite("CHAP", diskYaml([{}], { users: MUTUAL }), {
  "every algorithm, one way and mutual, in hex and base64": async (server) => {
    for (const algorithms of ["5", "6", "7", "8"]) {
      for (const target of [undefined, DISK]) {
        for (const write of [hexValue, base64Value]) {
          const mutual = target === undefined ? {} : { target };
          const chap = { user: JOE, algorithms, write, ...mutual };
          await using session = await openReady(server, [0], { chap });
          assert.equal(valueOf(session.loginResult.answers, "AuthMethod"), "CHAP");
          assert.equal(valueOf(session.loginResult.answers, "CHAP_A"), algorithms);
        }
      }
    }
  },

  "the strongest algorithm that is offered": async (server) => {
    for (const [offer, chosen] of [["5,6,7,8", 8], ["5,7,6", 7], ["6,5", 6], ["1,5", 5]] as const) {
      using attempt = await Attempt.begin(server);
      assert.equal((await attempt.challenge(offer)).algorithm, chosen, offer);
    }
  },

  "several incoming users, each with its secret": async (server) => {
    for (const user of [JOE, ANN]) {
      await using session = await openReady(server, [0], { chap: { user } });
      assert.equal((await session.command(testUnitReady())).status, 0);
    }
    const crossed = { user: { ...JOE, secret: ANN.secret } };
    assert.equal(await statusOf(server, { chap: crossed }), AuthenticationFailure);
  },

  "straight from the security stage to the full feature phase": async (server) => {
    const chap = { user: JOE, target: DISK };
    await using session = await openReady(server, [0], {
      chap,
      keys: [],
      path: [Security, FullFeature],
    });
    assert.equal(session.loginResult.responses.length, 3);
  },

  "T before the end of the authentication is answered without T": async (server) => {
    using attempt = await Attempt.begin(server);
    const early = stageFlags(Security, FullFeature);
    assert(!(await attempt.say([METHOD], early)).final);
    const challenged = await attempt.say([["CHAP_A", "5"]], early);
    assert(!challenged.final);
    assert.equal(challenged.flags & 3, 0, "without T there is no next stage");
    const terms = readTerms(decodeText(challenged.data));
    assert((await attempt.say(responseKeys(terms, { user: JOE }), early)).final);
  },

  "T in a request of its own, after the authentication": async (server) => {
    using attempt = await Attempt.begin(server);
    const terms = await attempt.challenge();
    assert(!(await attempt.say(responseKeys(terms, { user: JOE }))).final);
    assert(!(await attempt.say([])).final);
    assert((await attempt.say([], stageFlags(Security, Operational))).final);
    const last = await attempt.say(USUAL_KEYS, stageFlags(Operational, FullFeature));
    assert.equal(last.u16(Field.statusClass), 0);
    assert.notEqual(last.u16(Field.tsih), 0);
  },

  "a response that is cut anywhere": async (server) => {
    for (const cut of [1, 9, 30]) {
      using attempt = await Attempt.begin(server);
      const text = encodeText(responseKeys(await attempt.challenge("8"), { user: JOE }));
      const part = await attempt.sayText(text.subarray(0, cut), stageFlags(Security) | CONTINUE);
      assert.equal(part.u16(Field.statusClass), 0);
      assert(!part.final);
      const flags = stageFlags(Security, Operational);
      assert((await attempt.sayText(text.subarray(cut), flags)).final);
    }
  },

  "the user is in the log of the session": async (server) => {
    const initiatorName = "iqn.2026-11.org.example.test:known";
    await using _session = await openReady(server, [0], { initiatorName, chap: { user: ANN } });
    const [line] = await linesWith(server, /^info login: /, initiatorName);
    assert.match(line!, /^info login: initiator=\S+:known .* user=iqn\.\S+:ann /);
  },

  "no authentication: 0201": async (server) => {
    const initiatorName = "iqn.2026-11.org.example.test:nobody";
    assert.equal(await statusOf(server, { initiatorName }), AuthenticationFailure);
    await warningsWith(server, initiatorName, "AuthMethod=None, CHAP is wanted");
    const path = [Operational, FullFeature];
    assert.equal(await statusOf(server, { initiatorName, path }), AuthenticationFailure);
    await warningsWith(server, initiatorName, "transit without authentication");
    for (const method of ["None", "KRB5,SRP", "chap", ""]) {
      using attempt = await Attempt.begin(server);
      await attempt.mustBeRefused(AuthenticationFailure, [["AuthMethod", method]]);
    }
  },

  "leaving the security stage without authentication: 0201": async (server) => {
    for (const next of [Operational, FullFeature]) {
      const leave = stageFlags(Security, next);
      using first = await Attempt.begin(server);
      await first.mustBeRefused(AuthenticationFailure, [], leave);
      using second = await Attempt.begin(server);
      await second.say([METHOD]);
      await second.mustBeRefused(AuthenticationFailure, [], leave);
      using third = await Attempt.begin(server);
      await third.challenge();
      await third.mustBeRefused(AuthenticationFailure, [], leave);
    }
  },

  "going on in the operational stage without a transit: 0200": async (server) => {
    using attempt = await Attempt.begin(server);
    await attempt.challenge();
    const flags = stageFlags(Operational, FullFeature);
    await attempt.mustBeRefused(InitiatorError, USUAL_KEYS, flags);
  },

  "responses that prove nothing: 0201": async (server) => {
    const wrong = "the response of user 'joe' is wrong";
    let replayed: Pairs = [];
    {
      using attempt = await Attempt.begin(server);
      replayed = responseKeys(await attempt.challenge(), { user: JOE });
      await attempt.say(replayed); // it was right once
    }
    const respond = (change: (terms: ChapTerms) => Partial<ChapTerms>) => (terms: ChapTerms) =>
      responseKeys({ ...terms, ...change(terms) }, { user: JOE });
    const response = (value: (terms: ChapTerms) => Uint8Array) => (terms: ChapTerms): Pairs => [
      ["CHAP_N", JOE.name],
      ["CHAP_R", hexValue(value(terms))],
    ];
    const table: [string, (terms: ChapTerms) => Pairs][] = [
      [wrong, (terms) => responseKeys(terms, { user: { ...JOE, secret: "not his secret" } })],
      [wrong, () => replayed],
      [wrong, respond(({ identifier }) => ({ identifier: identifier + 1 & 0xff }))],
      [wrong, respond(() => ({ algorithm: 6 }))],
      [wrong, respond(({ challenge }) => ({ challenge: challenge.subarray(1) }))],
      [wrong, response((terms) => chapResponse(terms, JOE.secret).subarray(1))],
      [wrong, response((terms) => Uint8Array.of(...chapResponse(terms, JOE.secret), 0))],
      [wrong, response(() => new Uint8Array(16))],
      [
        "there is no incoming user 'mallory'",
        (terms) => responseKeys(terms, { user: MALLORY }),
      ],
      ["there is no incoming user ''", (terms) => [
        ["CHAP_N", ""],
        ["CHAP_R", hexValue(chapResponse(terms, JOE.secret))],
      ]],
      // What the target would respond itself proves nothing.
      ["there is no incoming user 'disk'", (terms) => responseKeys(terms, { user: DISK })],
    ];
    for (const [why, keysFor] of table) {
      await mustRefuse(server, AuthenticationFailure, why, keysFor);
    }
  },

  "values that cannot be read: 0200": async (server) => {
    const values = ["", "0x", "0xnothex", "0b*", "secret", "12", `0x${"ab".repeat(1025)}`];
    for (const value of values) {
      await mustRefuse(server, InitiatorError, "CHAP_R is no binary value", () => [
        ["CHAP_N", JOE.name],
        ["CHAP_R", value],
      ]);
      await mustRefuse(
        server,
        InitiatorError,
        "CHAP_C of user 'joe' is no binary value",
        (terms) => [
          ...responseKeys(terms, { user: JOE }),
          ["CHAP_I", "7"],
          ["CHAP_C", value],
        ],
      );
    }
    for (const identifier of ["256", "-1", "", "seven"]) {
      await mustRefuse(server, InitiatorError, "CHAP_I of user 'joe' is not 0 to 255", (terms) => [
        ...responseKeys(terms, { user: JOE }),
        ["CHAP_I", identifier],
        ["CHAP_C", hexValue(ownTerms(terms).challenge)],
      ]);
    }
  },

  "a challenge of the target sent back, also on another connection: 0201": async (server) => {
    using other = await Attempt.begin(server);
    const { challenge } = await other.challenge();
    const why = "user 'joe' sent a challenge of this target back";
    const reflect = (sent: (terms: ChapTerms) => ChapTerms) => (terms: ChapTerms): Pairs => [
      ...responseKeys(terms, { user: JOE }),
      ...challengeKeys(sent(terms), { user: JOE }),
    ];
    await mustRefuse(server, AuthenticationFailure, why, reflect((terms) => terms));
    const foreign = reflect((terms) => ({ ...terms, challenge }));
    await mustRefuse(server, AuthenticationFailure, why, foreign);
    other.raw.close();
    await mustRefuse(server, AuthenticationFailure, why, foreign);
  },

  "algorithms that are not known: 0201": async (server) => {
    for (const offer of ["4", "9,10", "MD5", "", "0x"]) {
      using attempt = await Attempt.begin(server);
      await attempt.say([METHOD]);
      await attempt.mustBeRefused(AuthenticationFailure, [["CHAP_A", offer]]);
      await warningsWith(server, attempt.initiatorName, `CHAP_A=${offer}, 5 to 8 are supported`);
    }
  },

  "keys before their turn, twice, or not together: 0200": async (server) => {
    const terms = { algorithm: 5, identifier: 1, challenge: new Uint8Array(16) };
    const response = responseKeys(terms, { user: JOE });
    const own = challengeKeys(terms, { user: JOE });
    const offer: Pair = ["CHAP_A", "5"];
    const first: Pairs[] = [[offer], response, [METHOD, offer], [...response, ...own], own];
    for (const keys of first) {
      using attempt = await Attempt.begin(server);
      await attempt.mustBeRefused(InitiatorError, keys);
    }
    const second: Pairs[] = [response, own, [offer, ...response], [METHOD], [offer, offer], []];
    for (const keys of second) {
      using attempt = await Attempt.begin(server);
      await attempt.say([METHOD]);
      await attempt.mustBeRefused(InitiatorError, keys);
    }
    const [name, value] = response as [Pair, Pair];
    const [identifier, challenge] = own as [Pair, Pair];
    const third: Pairs[] = [
      [name],
      [value],
      [name, value, value],
      [name, value, identifier],
      [name, value, challenge],
      [name, value, offer],
      [name, value, METHOD],
      [identifier, challenge],
      [],
    ];
    for (const keys of third) {
      using attempt = await Attempt.begin(server);
      await attempt.challenge();
      await attempt.mustBeRefused(InitiatorError, keys);
    }
  },

  "keys of the security stage behind it: 0200": async (server) => {
    for (const keys of [[METHOD], [["CHAP_A", "5"]], [["CHAP_N", "joe"]]] satisfies Pair[][]) {
      using attempt = await Attempt.begin(server);
      const terms = await attempt.challenge();
      const response = responseKeys(terms, { user: JOE });
      assert((await attempt.say(response, stageFlags(Security, Operational))).final);
      await attempt.mustBeRefused(InitiatorError, keys, stageFlags(Operational, FullFeature));
    }
    using attempt = await Attempt.begin(server);
    const terms = await attempt.challenge();
    await attempt.say(responseKeys(terms, { user: JOE }));
    await attempt.mustBeRefused(InitiatorError, responseKeys(terms, { user: JOE }));
  },

  "whether the user exists makes no difference to the initiator": async (server) => {
    const responses: Pdu[] = [];
    for (const user of [{ ...JOE, secret: MALLORY.secret }, MALLORY]) {
      using attempt = await Attempt.begin(server);
      const terms = await attempt.challenge();
      responses.push(await attempt.say(responseKeys(terms, { user })));
    }
    const [one, other] = responses.map(({ header, data }) => ({
      status: header.slice(Field.statusClass, Field.statusClass + 2),
      flags: header[Field.flags],
      length: data.length,
    }));
    assert.deepEqual(one, other);
  },

  "a refused login leaves the session of the same initiator alone": async (server) => {
    const isid = randomIsid();
    const initiatorName = "iqn.2026-11.org.example.test:victim";
    const options = { isid, initiatorName, chap: { user: JOE } };
    await using session = await openReady(server, [0], options);
    const chap = { user: { ...JOE, secret: "of an impostor" } };
    assert.equal(await statusOf(server, { ...options, chap }), AuthenticationFailure);
    assert.equal((await session.command(testUnitReady())).status, 0, "it was not reinstated");
  },

  "no challenge comes twice": async (server) => {
    const seen = new Set<string>();
    for (let count = 0; count < 50; count++) {
      using attempt = await Attempt.begin(server);
      seen.add(hexValue((await attempt.challenge()).challenge));
    }
    assert.equal(seen.size, 50);
  },

  "discovery is open while it has no users of its own": async (server) => {
    await using _session = await Session.open(server, {});
    const chap = { user: JOE, methods: "CHAP" };
    await assert.rejects(Session.open(server, { chap }), LoginRefused);
  },

  "nothing that is secret has come into the log": (server) => {
    assertUnsaid(server, [JOE, ANN, DISK, MALLORY].map(({ secret }) => secret));
    assertUnsaid(server, ["not his secret", "of an impostor", "CHAP_R=", "CHAP_C="]);
    assert(Attempt.values.size > 100, `${Attempt.values.size} values`);
    assertUnsaid(server, [...Attempt.values]);
  },
});

suite("CHAP without an outgoing user", diskYaml([{}], { users: ONE_WAY }), {
  "an initiator that wants the target to authenticate is refused: 0201": async (server) => {
    const initiatorName = "iqn.2026-11.org.example.test:wary";
    const chap = { user: JOE, target: DISK };
    assert.equal(await statusOf(server, { initiatorName, chap }), AuthenticationFailure);
    const why = "user 'joe' wants the target to authenticate, but there is no outgoing user";
    await warningsWith(server, initiatorName, why);
  },

  "an initiator that does not ask for that comes in": async (server) => {
    await using _session = await openReady(server, [0], { chap: { user: JOE } });
  },
});
