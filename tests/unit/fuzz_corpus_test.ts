/** The corpus of the fuzzer, how it is read, and how a case is made of a seed and its number. */
import assert from "node:assert/strict";
import { Assault } from "../fuzz/assault.ts";
import { Campaign, CaseFailure } from "../fuzz/campaign.ts";
import { parseCases, readCorpus } from "../fuzz/corpus.ts";
import { Ground } from "../fuzz/ground.ts";
import { HeapWatch } from "../fuzz/heap.ts";
import { buildPdu, type Situation } from "../fuzz/recipe.ts";
import { stepsOf } from "../fuzz/sequence_edits.ts";
import { Shooter } from "../fuzz/shooter.ts";
import { toHex } from "../harness/hex.ts";
import { Random } from "../harness/random.ts";

const SITUATION: Situation = {
  cmdSn: 0x10,
  lastTag: 0x20,
  givenTag: 0x30,
  expStatSn: 0x40,
  word: (name) => name === "who" ? "me" : undefined,
};

function encode(text: string): string[] {
  const situation = { ...SITUATION };
  return parseCases("file", `[case]\n${text}`)[0]!.recipes
    .map((recipe) => toHex(buildPdu(recipe, situation).encode(recipe.lengths)));
}

Deno.test("parseCases() reads fields, flags, numbers of the session, and every kind of data", () => {
  assert.deepEqual(
    encode("> NopOut I\n  a={who}{unknown}\n"),
    [
      "40800000 0000000f 00000000 00000000 00000021 ffffffff 00000010 00000040" +
      " 00000000 00000000 00000000 00000000 613d6d65 7b756e6b 6e6f776e 7d0000",
    ].map((hex) => hex.replace("0000000f", "0000000e") + "00"),
  );
  assert.deepEqual(encode("> LoginRequest flags=T+C+1>3 isid=010203 tsih=0xfffe\n"), [
    "43c70000 00000000 01020300 0000fffe 00000000 00000000 00000010 00000040" +
    " 00000000 00000000 00000000 00000000",
  ]);
  const write = "> ScsiCommand flags=F+W+1 expectedLength=3 cdb=2a01\n  hex 0a 0b\n  fill 1 ff\n";
  const data = "> DataOut itt=last ttt=given+1 dataSn=0xffffffff dataSegmentLength=0x10000\n";
  const next = '> NopOut cmdSn=next-1\n  repeat 2 "{n}\\x41"\n';
  assert.deepEqual(encode(write + data + next), [
    "01a10000 00000003 00000000 00000000 00000021 00000003 00000010 00000040" +
    " 2a010000 00000000 00000000 00000000 0a0bff00",
    "05800000 00010000 00000000 00000000 00000021 00000031 00000000 00000040" +
    " 00000000 ffffffff 00000000 00000000",
    "00800000 00000004 00000000 00000000 00000022 ffffffff 00000010 00000040" +
    " 00000000 00000000 00000000 00000000 30413141",
  ]);
  assert.equal(encode("> 0x1c ahs=00050200\n  x3\n").length, 3);
});

Deno.test("parseCases() names the line that means nothing", () => {
  const wrong: Readonly<Record<string, RegExp>> = {
    "> Nonsense": /^file\.txt:2: "Nonsense" is no opcode$/,
    "> NopOut bufferOffset=1": /^file\.txt:2: "bufferOffset" is no field of this PDU$/,
    "> NopOut itt=many": /^file\.txt:2: "many" is no number$/,
    "> ScsiCommand cdb=00112233445566778899aabbccddeeff00": /:2: .* is not up to 16 bytes for cdb$/,
    "> ScsiCommand cdb=1": /:2: .* is not up to 16 bytes for cdb$/,
    '> NopOut\n  "open': /^file\.txt:3: "open has no quotes$/,
    "  text": /is no PDU$/,
    "[empty]": /the case has no PDU$/,
  };
  for (const [line, message] of Object.entries(wrong)) {
    assert.throws(() => parseCases("file", `[case]\n${line}`), { name: "SyntaxError", message });
  }
  assert.throws(() => parseCases("file", "> NopOut"), { message: /outside of a case$/ });
});

Deno.test("the corpus's initiators log in as they stand, and those who must not do not", () => {
  const { entries } = new Campaign("logins", 1);
  const names = readCorpus().logins.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length, "names are there once");
  const initiators = names.filter((name) => /^(initiators|discovery)\//.test(name));
  assert.deepEqual(initiators.filter((name) => !entries.includes(name)), []);
  assert.deepEqual(entries.filter((name) => name.startsWith("chap/")), [
    "chap/open-iscsi, one way",
    "chap/open-iscsi, mutual",
    "chap/FreeBSD, MD5",
    "chap/Windows, straight to full feature",
  ]);
});

Deno.test("every case of the corpus does no harm as it stands", () => {
  const { logins, sessions } = readCorpus();
  const [login] = logins;
  using ground = new Ground(0, new Random(1));
  for (const [index, one] of [...logins, ...sessions].entries()) {
    const random = new Random(index);
    const assault = new Assault(ground, random, new Shooter(random));
    const steps = sessions.includes(one) ? [...stepsOf(login!), ...stepsOf(one)] : stepsOf(one);
    for (const step of steps) if (assault.isOn) assault.fire(step, 0);
    if (one.name === "hostile_pdus/256 KiB before their turn") assert(!assault.isOn, one.name);
    assault.end();
    assert.deepEqual(assault.hits.login + assault.hits.session, 0, "nothing is mutated");
    ground.check();
  }
  ground.end();
});

for (const aim of ["logins", "pdus"] as const) {
  Deno.test(`Campaign.run() does the same again for the same seed: ${aim}`, () => {
    const run = () => {
      const campaign = new Campaign(aim, 42);
      campaign.run(7, 60);
      return { ...campaign.tally, longest: 0 };
    };
    const tally = run();
    assert(tally[aim] > 50 && tally.kept > 0, JSON.stringify(tally));
    assert.deepEqual(run(), tally);
  });
}

Deno.test("Campaign.run() names the case that failed", () => {
  const fail = (index: number) => {
    if (index === 12) throw new Error("as the test wants");
  };
  try {
    new Campaign("logins", 1).run(10, 5, fail);
    assert.fail("it did not fail");
  } catch (error) {
    assert(error instanceof CaseFailure, String(error));
    assert.equal(error.index, 12);
    assert.match(error.message, /^case 12:\n {2}\w+.* bytes: /);
  }
});

Deno.test("HeapWatch.add() bears noise, and no growth", () => {
  const MIB = 2 ** 20;
  const still = new HeapWatch();
  for (let at = 0; at < 40; at++) still.add((20 + at % 5 * 4) * MIB);
  const growing = new HeapWatch();
  assert.throws(() => {
    for (let at = 0; at < 40; at++) growing.add((20 + at) * MIB);
  }, /The heap grows, from 23068672 to 32505856 bytes/);
});
