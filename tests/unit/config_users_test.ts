/** Users of targets and of discovery: what is taken, what is refused, and that secrets stay secret. */
import assert from "node:assert/strict";
import { parseConfiguration } from "../../lib/config/configuration.ts";
import { loadConfig } from "../../lib/config/load.ts";
import { ConfigError } from "../../lib/config/problem.ts";
import { runProgram } from "../harness/program.ts";
import { Random } from "../harness/random.ts";

const TARGET = "iqn.2026-11.org.a";
const PATH = `targets["${TARGET}"]`;

/** The problems of a target with these lines, which begin in line 4. */
function problemsOf(...lines: string[]): readonly string[] {
  const text = ["portals: [127.0.0.1]", "targets:", `  ${TARGET}:`];
  try {
    parseConfiguration([...text, ...lines.map((line) => `    ${line}`)].join("\n"), "f");
  } catch (error) {
    assert(error instanceof ConfigError);
    return error.problems;
  }
  return [];
}

async function withFile(
  text: string,
  mode: number,
  action: (path: string, dir: string) => Promise<void> | void,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${dir}/f.yaml`, text);
    await Deno.chmod(`${dir}/f.yaml`, mode);
    await action(`${dir}/f.yaml`, dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const VALID = `
portals: [127.0.0.1]
targets:
  ${TARGET}:
    IncomingUser:
      joe: "twelve chars"
      iqn.2026-11.org.example:ann: 123456789012
    OutgoingUser: { disk: 'it''s "quoted" \\n #' }
iscsi:
  IncomingUser: { joe: 0x0123456789abcdef }
  OutgoingUser: { disk: ${"y".repeat(255)} }
`;

Deno.test("loadConfig() takes the users of targets and of discovery, letter by letter", () =>
  withFile(VALID, 0o600, (path, dir) => {
    const { driver, targets: [target] } = loadConfig(path, `${dir}/state`);
    assert.deepEqual(target?.incomingUsers, [
      { name: "joe", secret: "twelve chars" },
      { name: "iqn.2026-11.org.example:ann", secret: "123456789012" },
    ]);
    assert.deepEqual(target.outgoingUser, { name: "disk", secret: 'it\'s "quoted" \\n #' });
    assert.deepEqual(driver.incomingUsers, [{ name: "joe", secret: "0x0123456789abcdef" }]);
    assert.deepEqual(driver.outgoingUser, { name: "disk", secret: "y".repeat(255) });
  }));

Deno.test("parseConfiguration() refuses what is no user, without the words that are written", () => {
  const map = 'it must be a map of names and secrets, as in {joe: "12 characters or more"}';
  const secret =
    "has a wrong secret: it must be 12 to 255 printable ASCII characters without a blank at either end";
  const name =
    "has a wrong name of a user: it must be 1 to 255 printable ASCII characters without blanks";
  const incoming = `${PATH}.IncomingUser`;
  const table: [string, string][] = [
    ["joe 12charsecret", `4:19: ${incoming} has no users: ${map}`],
    ["[joe, 12charsecret]", `4:19: ${incoming} has no users: ${map}`],
    ["", `4:19: ${incoming} has no users: ${map}`],
    ["{}", `4:19: ${incoming} must have a user: it has 0`],
    ["{joe:12charsecret}", `4:20: ${incoming} has a user without a secret: ${map}`],
    ["{joe: }", `4:20: ${incoming} has a user without a secret: ${map}`],
    ["{joe 12charsecret: }", `4:20: ${incoming} ${name}`],
    [`{"": 12charsecret}`, `4:20: ${incoming} ${name}`],
    [`{${"x".repeat(256)}: 12charsecret}`, `4:20: ${incoming} ${name}`],
    ["{joe: 11charsecre}", `4:25: ${incoming} ${secret}: current value is 11 characters`],
    ['{joe: "11charsecre "}', `4:25: ${incoming} ${secret}: current value is 12 characters`],
    [
      '{joe: "12chars\\u00e9cret"}',
      `4:25: ${incoming} ${secret}: current value is 12 characters`,
    ],
    [
      `{joe: ${"x".repeat(256)}}`,
      `4:25: ${incoming} ${secret}: current value is 256 characters`,
    ],
    ["{joe: [12charsecret]}", `4:25: ${incoming} ${secret}: current value is a list`],
    ["{joe: {12charsecret: 1}}", `4:25: ${incoming} ${secret}: current value is a map`],
  ];
  for (const [value, problem] of table) {
    assert.deepEqual(problemsOf(`IncomingUser: ${value}`), [`f:${problem}`], value);
  }
});

Deno.test("parseConfiguration() takes one outgoing user, and only beside incoming ones", () => {
  const joe = "IncomingUser: {joe: 12charsecret}";
  assert.deepEqual(problemsOf(joe, "OutgoingUser: {a: 12charsecreA, b: 12charsecreB}"), [
    `f:5:19: ${PATH}.OutgoingUser must have one user: it has 2`,
  ]);
  assert.deepEqual(problemsOf("OutgoingUser: {a: 12charsecret}"), [
    `f:4:23: ${PATH}.OutgoingUser.a must not be there without an IncomingUser: a target authenticates only to an initiator that has done so`,
  ]);
});

Deno.test("parseConfiguration() refuses a secret that serves both directions, anywhere", () => {
  const joe = "IncomingUser: {joe: 12charsecret}";
  const what = "must have a secret of its own: it has that of";
  assert.deepEqual(problemsOf(joe, "OutgoingUser: {disk: 12charsecret}"), [
    `f:5:26: ${PATH}.OutgoingUser.disk ${what} ${PATH}.IncomingUser.joe in line 4`,
  ]);
  const text = [
    `portals: [127.0.0.1]\ntargets: {${TARGET}: {IncomingUser: {joe: 12charsecret}}}`,
    "iscsi: {IncomingUser: {joe: another-12char}, OutgoingUser: {d: 12charsecret}}",
  ].join("\n");
  assert.throws(() => parseConfiguration(text, "f"), (error) => {
    assert(error instanceof ConfigError);
    assert.deepEqual(error.problems, [
      `f:3:64: iscsi.OutgoingUser.d ${what} ${PATH}.IncomingUser.joe in line 2`,
    ]);
    return true;
  });
});

/** A secret of which no piece of six characters occurs anywhere else. */
const SECRET = "Zq7-Wx9_Kv4+Jp2=Ht8";

const PIECES = Array.from(
  { length: SECRET.length - 5 },
  (_, index) => SECRET.slice(index, index + 6),
);

Deno.test("parseConfiguration() shows no secret, however the file around it is damaged", () => {
  const random = new Random(1994);
  const forms = [
    `IncomingUser: {joe: ${SECRET}}`,
    `IncomingUser:\n      joe: ${SECRET}\n      ann: "${SECRET}x"`,
    `IncomingUser: {joe: '${SECRET}'}\n    OutgoingUser: {disk: ${SECRET}}`,
  ];
  let told = 0;
  for (let round = 0; round < 6000; round++) {
    const valid = `portals: [127.0.0.1]\ntargets:\n  ${TARGET}:\n    ${
      random.pick(forms)
    }\n    luns:\n`;
    const text = damaged(valid, random);
    try {
      parseConfiguration(text, "f");
    } catch (error) {
      assert(error instanceof ConfigError, String(error));
      told += error.problems.length;
      const leak = error.problems.find((line) => PIECES.some((piece) => line.includes(piece)));
      assert.equal(leak, undefined, text);
    }
  }
  assert(told > 3000, `${told} problems were told`);
});

/** `text` with a few characters before or in the secret taken out, put in or replaced. */
function damaged(text: string, random: Random): string {
  let result = text;
  for (let count = 1 + random.below(2); count > 0; count--) {
    const near = result.indexOf("Zq7") - 12 + random.below(16);
    const at = random.below(3) === 0 ? random.below(result.length) : Math.max(0, near);
    const word = random.pick(["", "", ..."!&*%@`|>'\"#:,?-[]{}\\\n \t", "!<", "\\x", ": ", "- "]);
    result = result.slice(0, at) + word + result.slice(at + random.below(2));
  }
  return result;
}

Deno.test("scst check warns of a file with secrets that everybody can read", async () => {
  for (const [mode, warns] of [[0o600, false], [0o640, false], [0o604, true]] as const) {
    await withFile(VALID, mode, async (path) => {
      const { code, stderr } = await runProgram(["check", path]);
      assert.equal(code, 0, stderr);
      const warning = `warning ${path} has secrets and everybody can read it: chmod o-r ${path}\n`;
      assert.equal(stderr, warns ? warning : "");
    });
  }
});

Deno.test("scst check warns of users who share a secret, not of one user in two places", () =>
  withFile(
    `portals: [127.0.0.1]
targets:
  ${TARGET}: {IncomingUser: {joe: 12charsecret, ann: 12charsecret}}
iscsi: {IncomingUser: {joe: 12charsecret}}
`,
    0o600,
    async (path) => {
      const { code, stderr } = await runProgram(["check", path]);
      assert.equal(code, 0, stderr);
      const users = `${PATH}.IncomingUser.joe and ${PATH}.IncomingUser.ann`;
      const line = `warning ${path}: ${users} have the same secret: each can pass for the other\n`;
      assert.equal(stderr, line);
    },
  ));
