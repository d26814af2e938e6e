/** The door for metrics over TCP: who is let in, and what is there. */
import assert from "node:assert/strict";
import { jsonAnswer } from "../../lib/admin/control/answer.ts";
import { ControlError } from "../../lib/admin/control/control_error.ts";
import { isLoopback, type MetricsDoor, openMetricsDoor } from "../../lib/metrics/door.ts";

const TOKEN = "0123456789abcdef";
const PORTAL = { hostname: "127.0.0.1", port: 0 };

function open(token?: string): MetricsDoor {
  const answer = () => jsonAnswer("secret");
  const routes = ["metrics", "feed", ""].map((path) => ({
    path,
    maxBody: 0,
    methods: { GET: answer },
  }));
  return openMetricsDoor({ portal: PORTAL, token, routes });
}

/** The status and the head of the answer to a request. */
async function ask(door: MetricsDoor, lines: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(door.url);
  using conn = await Deno.connect({ hostname, port: Number(port) });
  await conn.write(new TextEncoder().encode(`${lines.join("\r\n")}\r\nConnection: close\r\n\r\n`));
  let text = "";
  for (const into = new Uint8Array(65536);;) {
    const count = await conn.read(into);
    if (count === null) return text;
    text += new TextDecoder().decode(into.subarray(0, count));
  }
}

Deno.test("without a token the door answers those who name an address or localhost", async () => {
  const door = open();
  try {
    const hosts: [host: string, status: number][] = [
      [new URL(door.url).host, 200],
      ["localhost:9860", 200],
      ["LOCALHOST", 200],
      ["[::1]:80", 200],
      ["evil.example:9860", 403],
      ["127.0.0.1.evil.example", 403],
      ["[evil]", 403],
    ];
    for (const [host, status] of hosts) {
      const answer = await ask(door, ["GET /metrics HTTP/1.1", `Host: ${host}`]);
      assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `), host);
      assert.equal(answer.includes("secret"), status === 200);
    }
    assert.match(await ask(door, ["GET /tree HTTP/1.1", "Host: localhost"]), /^HTTP\/1.1 404 /);
    assert.match(await ask(door, ["PUT /feed HTTP/1.1", "Host: localhost"]), /^HTTP\/1.1 405 /);
  } finally {
    await door.close();
  }
});

Deno.test("with a token the door answers those who show it, and gives the empty page to all", async () => {
  const door = open(TOKEN);
  try {
    const heads: [lines: string[], status: number][] = [
      [[`Authorization: Bearer ${TOKEN}`], 200],
      [[`authorization: bearer   ${TOKEN}`], 200],
      [[], 401],
      [["Authorization: Bearer "], 401],
      [[`Authorization: Bearer ${TOKEN}0`], 401],
      [[`Authorization: Bearer ${TOKEN.slice(1)}`], 401],
      [[`Authorization: Basic ${TOKEN}`], 401],
      [[`Authorization: Bearer ${TOKEN}`, `Authorization: Bearer ${TOKEN}`], 401],
    ];
    for (const [lines, status] of heads) {
      const answer = await ask(door, ["GET /metrics HTTP/1.1", "Host: storage.example", ...lines]);
      assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `), lines.join());
      assert.equal(answer.includes("secret"), status === 200);
      assert.equal(answer.includes("\r\nWWW-Authenticate: Bearer\r\n"), status === 401);
    }
    assert.match(await ask(door, ["GET / HTTP/1.1", "Host: any"]), /^HTTP\/1.1 200 /);
    assert.match(await ask(door, ["GET /?x HTTP/1.1", "Host: any"]), /^HTTP\/1.1 401 /);
    assert.match(await ask(door, ["GET //feed HTTP/1.1", "Host: any"]), /^HTTP\/1.1 401 /);
  } finally {
    await door.close();
  }
});

Deno.test("a port that is taken is told, and the door has at most so many clients", async () => {
  const door = open();
  const { hostname, port } = new URL(door.url);
  assert.throws(
    () => openMetricsDoor({ portal: { hostname, port: Number(port) }, token: TOKEN, routes: [] }),
    (error: unknown) =>
      error instanceof ControlError &&
      error.message.startsWith(`Cannot show metrics at ${hostname}`),
  );
  const clients: Deno.Conn[] = [];
  try {
    for (let count = 0; count < 16; count++) {
      const conn = await Deno.connect({ hostname, port: Number(port) });
      clients.push(conn);
      await conn.write(new TextEncoder().encode("GET /metrics HTTP/1.1\r\n")); // and no more
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
    const answer = await ask(door, ["GET /metrics HTTP/1.1", "Host: localhost"]);
    assert.match(answer, /^HTTP\/1.1 503 /);
  } finally {
    for (const conn of clients) conn.close();
    await door.close();
  }
});

Deno.test("isLoopback() knows the addresses that only this machine reaches", () => {
  assert.deepEqual(["127.0.0.1", "127.9.8.7", "::1"].map(isLoopback), [true, true, true]);
  assert.deepEqual(["0.0.0.0", "::", "10.0.0.1", "1.127.0.1"].map(isLoopback), [
    false,
    false,
    false,
    false,
  ]);
});
