/** open-iscsi authenticates with each of its algorithms, and has the target authenticate. */
import assert from "node:assert/strict";
import { diskYaml, startTestServer, TARGET_NAME } from "../harness/server.ts";
import { guestTest } from "./on_linux.ts";
import { GuestSession } from "./open_iscsi.ts";

const USERS = {
  incomingUsers: [{ name: "joe", secret: "secret-of-joe" }],
  outgoingUser: { name: "disk", secret: "secret-of-disk" },
};

const DISCOVERY_USERS = `iscsi:
  IncomingUser: { ann: secret-of-ann }
`;

const JOE = {
  "node.session.auth.authmethod": "CHAP",
  "node.session.auth.username": "joe",
  "node.session.auth.password": "secret-of-joe",
};
const MUTUAL = {
  ...JOE,
  "node.session.auth.username_in": "disk",
  "node.session.auth.password_in": "secret-of-disk",
};
const ALGORITHMS = "node.session.auth.chap_algs";

guestTest(
  "Linux logs in with CHAP, and does not take an impostor for the target",
  async (guest, t) => {
    const yaml = diskYaml([{ size: "64MiB" }], { users: USERS }) + DISCOVERY_USERS;
    await using server = await startTestServer(yaml);

    /** Logs in and out again. */
    async function logIn(settings: Readonly<Record<string, string>>): Promise<void> {
      const session = await GuestSession.login(guest, server, { settings });
      await session.device(0);
      await session.logout();
    }

    for (const algorithm of ["MD5", "SHA1", "SHA256", "SHA3-256", "SHA3-256,SHA256,SHA1,MD5"]) {
      await t.step(`one way and mutual with ${algorithm}`, async () => {
        await logIn({ ...JOE, [ALGORITHMS]: algorithm });
        await logIn({ ...MUTUAL, [ALGORITHMS]: algorithm });
      });
    }

    await t.step("a wrong secret, or none, is refused", async () => {
      const wrong = { ...JOE, "node.session.auth.password": "secret-of-ann" };
      await assert.rejects(logIn(wrong), /authorization failure/);
      await assert.rejects(logIn({}), /authorization failure/);
    });

    await t.step("the initiator does not take a target with another secret", async () => {
      const wary = { ...MUTUAL, "node.session.auth.password_in": "secret-of-other" };
      const refusals = () => server.stderr().split("login refused").length;
      const before = refusals();
      await assert.rejects(logIn(wary), /non-retryable iSCSI login failure/);
      assert.equal(refusals(), before, "it was the initiator that ended the login");
    });

    await t.step("discovery has users of its own", async () => {
      const command = `iscsiadm -m discoverydb -t sendtargets -p ${server.host}:${server.port}`;
      const discovery = (user: string) =>
        guest.run(`
          ${command} -o update -n discovery.sendtargets.auth.authmethod -v CHAP \\
            -n discovery.sendtargets.auth.username -v ${user} \\
            -n discovery.sendtargets.auth.password -v secret-of-${user} &&
          ${command} --discover`);
      assert.notEqual((await guest.run(`${command} -o new && ${command} --discover`)).code, 0);
      assert.notEqual((await discovery("joe")).code, 0);
      const { code, stdout } = await discovery("ann");
      assert.equal(code, 0);
      assert(stdout.includes(`,1 ${TARGET_NAME}\n`), stdout);
    });

    const users = server.stderr().split("\n").filter((line) =>
      /^info login: .* user=joe /.test(line)
    );
    assert(users.length >= 10, `${users.length} logins of joe`);
  },
);
