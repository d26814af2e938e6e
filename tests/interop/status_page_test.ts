/** The status page in a browser: what it shows, and that it shows texts as nothing but text. */
import assert from "node:assert/strict";
import { jsonAnswer } from "../../lib/admin/control/answer.ts";
import { openMetricsDoor } from "../../lib/metrics/door.ts";
import type { Feed } from "../../lib/metrics/feed.ts";
import { pageAnswer } from "../../lib/metrics/page.ts";
import { Browser } from "../harness/browser.ts";
import { linesWith } from "../harness/log.ts";
import {
  backingFile,
  diskYaml,
  startTestServer,
  TARGET_NAME,
  type TestServer,
} from "../harness/server.ts";
import { SessionCrowd } from "../harness/session_crowd.ts";
import { openReady } from "../harness/sessions.ts";
import { toolTest } from "../harness/tools.ts";
import { read10 } from "../initiator/cdb.ts";
import type { Session } from "../initiator/session.ts";

const DESK = { width: 1280, height: 1050 };
const PHONE = { width: 390, height: 1200 };
const NARROW = { width: 320, height: 640 };

/** Where a picture of the page is kept: SCST_PICTURES=docs. */
const PICTURES = Deno.env.get("SCST_PICTURES");

const HEALTH = "document.querySelector('#health').textContent";

/** Reads 4 KiB again and again until `done` has ended. */
async function beside<T>(session: Session, done: Promise<T>): Promise<T> {
  let ended = false;
  const end = done.finally(() => ended = true);
  end.catch(() => {});
  while (!ended) await session.command(read10(0, 8), { read: 4096 });
  return await end;
}

async function pageOf(server: TestServer): Promise<string> {
  const [line] = await linesWith(server, /^info metrics and the status page are at /);
  return /http:\S+/.exec(line!)![0];
}

toolTest("the status page shows who does what, and draws it", ["chromium"], async () => {
  await using server = await startTestServer(
    (dir) => diskYaml([{ filename: backingFile(dir, "disk.img", 2 ** 20) }]),
    { args: ["--metrics", "0"] },
  );
  await using session = await openReady(server);
  await using browser = await Browser.open(await pageOf(server), DESK);
  const points = "document.querySelector('polyline').getAttribute('points')";
  const looks = PICTURES === undefined ? 3 : 20;
  await beside(session, browser.until(`${points}?.split(" ").length >= ${looks}`, 60_000));
  if (PICTURES !== undefined) {
    await Deno.writeFile(`${PICTURES}/status-page.png`, await browser.screenshot());
  }
  const cell = (name: string) =>
    browser.evaluate<string>(`document.querySelector('td[data-name="${name}"]').textContent`);
  assert.equal(await browser.evaluate(HEALTH), "healthy");
  assert.equal(await cell("Target"), TARGET_NAME);
  assert.equal(await cell("Cache"), "write_back");
  assert(Number(await cell("IOPS")) > 10);
  assert.match(await cell("Read"), /^[\d.]+ (KiB|MiB)\/s$/);
  assert.match(await cell("p99"), /^[\d.]+ (us|ms)$/);
  const lines = await browser.evaluate<string[]>(
    "[...document.querySelectorAll('polyline')].map((line) => line.getAttribute('points'))",
  );
  assert.equal(lines.length, 6);
  assert(lines.every((line) => /^[\d.]+,[\d.]+( [\d.]+,[\d.]+)+$/.test(line)), String(lines));
  assert.deepEqual(browser.complaints, []);
});

const HOSTILE =
  `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;

function hostileFeed(): Feed {
  const none = { commands: 0, bytes: 0, microseconds: 0, classes: new Array<number>(27).fill(0) };
  const figures = { read: none, write: none, none, failed: {} };
  const lun = { lun: 0, device: HOSTILE, figures };
  return {
    version: HOSTILE,
    at: Date.now(),
    started: Date.now() - 1e9,
    memory: { resident: 1, lent: 0, kept: 0 },
    loop: { delay: 0, worst: 0 },
    connections: 1,
    storage: { requests: 0, threads: 1 },
    logins: { accepted: 1, refused: { [HOSTILE]: 1 } },
    targets: [],
    devices: [{
      device: HOSTILE,
      handler: "vdisk_fileio",
      filename: HOSTILE,
      state: "broken",
      size: 1,
      cache: "nv_cache",
      thin: false,
      luns: 1,
      trouble: { reason: HOSTILE, since: "" },
      errors: { io: 3 },
      failures: 1,
    }],
    problems: [`problem ${HOSTILE}`],
    risks: [`risk ${HOSTILE}`],
    luns: [{ target: HOSTILE, ...lun }],
    sessions: [{
      sid: "1",
      target: HOSTILE,
      initiator: HOSTILE,
      commands: 0,
      sendWait: 0,
      luns: [{ ...lun, commands: 0 }],
    }],
    events: [{ at: Date.now(), level: "error", message: HOSTILE }],
  };
}

toolTest(
  "the status page takes nothing for more than text, on a phone as well",
  ["chromium"],
  async () => {
    const get = (answer: () => ReturnType<typeof pageAnswer>) => ({ GET: answer });
    const door = openMetricsDoor({
      portal: { hostname: "127.0.0.1", port: 0 },
      token: undefined,
      routes: [
        { path: "feed", maxBody: 0, methods: get(() => jsonAnswer(hostileFeed())) },
        { path: "", maxBody: 0, methods: get(pageAnswer) },
      ],
    });
    try {
      await using browser = await Browser.open(door.url, PHONE);
      await browser.until("document.querySelectorAll('td').length > 20");
      const [title, images, scripts, text, warnings, width] = await browser.evaluate<unknown[]>(`[
      document.title,
      document.images.length,
      document.scripts.length,
      document.querySelector("main").textContent,
      document.querySelector("#problems").textContent,
      document.documentElement.scrollWidth,
    ]`);
      assert.deepEqual([title, images, scripts], ["scst", 0, 1]);
      assert.equal(await browser.evaluate(HEALTH), "something is broken");
      assert(String(text).split(HOSTILE).length > 6, "it stands there as it is");
      assert.equal(warnings, `problem ${HOSTILE}risk ${HOSTILE}`);
      assert(Number(width) <= PHONE.width, `${width}`);
      assert.deepEqual(browser.complaints, []);
    } finally {
      await door.close();
    }
  },
);

toolTest(
  "the status page says that the server is stuck, or gone, and how old it is",
  ["chromium"],
  async () => {
    await using server = await startTestServer(
      (dir) => diskYaml([{ filename: backingFile(dir, "disk.img", 2 ** 20) }]),
      { args: ["--metrics", "0"] },
    );
    await using browser = await Browser.open(await pageOf(server), PHONE);
    await browser.until(`${HEALTH} === "healthy"`);
    const old = "the server does not answer, what is below is \\d+ s old";
    Deno.kill(server.pid, "SIGSTOP");
    try {
      await browser.until(`/^${old}$/.test(${HEALTH})`);
      assert.equal(await browser.evaluate("document.body.className"), "old");
    } finally {
      Deno.kill(server.pid, "SIGCONT");
    }
    await browser.until(`${HEALTH} === "healthy"`);
    assert.equal(await browser.evaluate("document.body.className"), "");
    await server.stop();
    await browser.until(`/^${old}$/.test(${HEALTH})`);
  },
);

toolTest("the status page of a hundred sessions is short, and shows all who are asked for", [
  "chromium",
], async () => {
  const count = 100;
  const size = SessionCrowd.sizeOf({ sessions: count, depth: 1 });
  await using server = await startTestServer(
    (dir) => diskYaml([{ filename: backingFile(dir, "disk.img", size) }]),
    { args: ["--metrics", "0"] },
  );
  await using crowd = await SessionCrowd.open(server, count);
  await using browser = await Browser.open(await pageOf(server), NARROW);
  const rows = "document.querySelectorAll('main section:first-child tbody tr').length";
  await browser.until(`${rows} === 10`);
  const [width, height] = await browser.evaluate<number[]>(
    "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]",
  );
  assert(width! <= NARROW.width && height! < 6000, `${width} x ${height}`);
  const button = "document.querySelector('main section:first-child button')";
  assert.equal(await browser.evaluate(`${button}.textContent`), "Show all 100");
  await browser.evaluate(`${button}.click()`);
  await browser.until(`${rows} === 100 && ${button}.textContent === "Show 10"`);
  await crowd.logout();
  await browser.until(`${rows} === 0`);
  assert.deepEqual(browser.complaints, []);
});

toolTest("the status page asks for the token where one is needed", ["chromium"], async () => {
  const dir = await Deno.makeTempDir({ prefix: "scst_test_" });
  try {
    await Deno.writeTextFile(`${dir}/token`, "0123456789abcdef\n", { mode: 0o600 });
    await using server = await startTestServer(
      diskYaml([{ filename: backingFile(dir, "disk.img", 2 ** 20) }]),
      { dir, args: ["--metrics", "0", "--metrics-token", `${dir}/token`] },
    );
    await using browser = await Browser.open(await pageOf(server), PHONE);
    await browser.until(`${HEALTH} === "a token is needed"`);
    const show = (token: string) =>
      browser.evaluate(`{
        document.querySelector("input").value = "${token}";
        document.querySelector("button").click();
      }`);
    await show("0123456789abcdeF");
    await browser.until(`${HEALTH} === "the token is not the right one"`);
    await show(" 0123456789abcdef");
    await browser.until(`${HEALTH} === "healthy"`);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("the status page needs nothing from elsewhere, and its policy allows nothing else", () => {
  const { body, fields } = pageAnswer();
  assert(typeof body === "string");
  assert.equal(body.match(/<script\b/g)?.length, 1);
  assert.equal(body.match(/<style\b/g)?.length, 1);
  assert(!/\b(src|href)="(?!data:)/.test(body) && !/@import|url\(|innerHTML|\bon\w+="/.test(body));
  assert.match(
    fields!["Content-Security-Policy"]!,
    /^default-src 'none'; script-src 'sha256-[\w+/]{43}='; style-src 'sha256-[\w+/]{43}='; /,
  );
});
