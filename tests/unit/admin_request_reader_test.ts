import assert from "node:assert/strict";
import { HttpError } from "../../lib/admin/control/http_error.ts";
import { HEAD_LIMIT, RequestReader } from "../../lib/admin/control/request_reader.ts";

/** A reader of `text` that comes in pieces of `size` bytes. */
function readerOf(text: string, size = 65536): RequestReader {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  return new RequestReader((into) => {
    const part = bytes.subarray(at, at + Math.min(size, into.length));
    into.set(part);
    at += part.length;
    return Promise.resolve(part.length === 0 ? null : part.length);
  });
}

/** The requests in `text`, as METHOD TARGET BODY, with the status that ends them if there is one. */
async function requestsIn(text: string, size?: number): Promise<string[]> {
  const reader = readerOf(text, size);
  const found: string[] = [];
  try {
    for (;;) {
      const head = await reader.head();
      if (head === undefined) return found;
      const body = new TextDecoder().decode(await reader.body(head, 100));
      found.push(`${head.method} ${head.target} ${body}`);
    }
  } catch (error) {
    assert(error instanceof HttpError, String(error));
    return [...found, String(error.answer.status)];
  }
}

const HOST = "Host: x\r\n";

/** What is sent, and what is understood (RFC 9112). */
const TABLE: readonly (readonly [string, readonly string[]])[] = [
  ["", []],
  [`GET /a HTTP/1.1\r\n${HOST}\r\n`, ["GET /a "]],
  [`\r\nGET /a HTTP/1.1\n${HOST}\n`, ["GET /a "]],
  ["GET /a HTTP/1.0\r\n\r\n", ["GET /a "]],
  [`GET http://x/a?b HTTP/1.1\r\n${HOST}\r\n`, ["GET /a?b "]],
  [`GET http://x HTTP/1.1\r\n${HOST}\r\n`, ["GET / "]],
  [`PUT /a HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\nabcGET`, ["PUT /a abc", "400"]],
  [
    `PUT /a HTTP/1.1\r\n${HOST}Content-Length: 1\r\n\r\nx`.repeat(3),
    ["PUT /a x", "PUT /a x", "PUT /a x"],
  ],
  [
    `PUT /a HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n3;q=1\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: 1\r\n\r\n` +
    `GET /b HTTP/1.1\r\n${HOST}\r\n`,
    ["PUT /a abc0123456789", "GET /b "],
  ],
  [`PUT /a HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n`, ["400"]],
  [`PUT /a HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n-1\r\n`, ["400"]],
  [`PUT /a HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\nffffffffff\r\n`, ["400"]],
  [`PUT /a HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n65\r\n`, ["413"]],
  [`PUT /a HTTP/1.1\r\n${HOST}Transfer-Encoding: gzip, chunked\r\n\r\n`, ["501"]],
  [
    `PUT /a HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc`,
    ["400"],
  ],
  ["PUT /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ["400"]],
  [`PUT /a HTTP/1.1\r\n${HOST}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`, ["400"]],
  [`PUT /a HTTP/1.1\r\n${HOST}Content-Length: -1\r\n\r\n`, ["400"]],
  [`PUT /a HTTP/1.1\r\n${HOST}Content-Length: 1e1\r\n\r\n`, ["400"]],
  [`PUT /a HTTP/1.1\r\n${HOST}Content-Length: 101\r\n\r\n`, ["413"]],
  [`PUT /a HTTP/1.1\r\n${HOST}Content-Length: 999999999999999\r\n\r\n`, ["413"]],
  [`PUT /a HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\nab`, ["400"]],
  ["GET /a HTTP/1.1\r\n\r\n", ["400"]],
  [`GET /a HTTP/1.1\r\n${HOST}${HOST}\r\n`, ["400"]],
  [`GET a HTTP/1.1\r\n${HOST}\r\n`, ["400"]],
  [`GET * HTTP/1.1\r\n${HOST}\r\n`, ["400"]],
  [`GET /a b HTTP/1.1\r\n${HOST}\r\n`, ["400"]],
  [`GET /a HTTP/2.0\r\n${HOST}\r\n`, ["505"]],
  [`GET /a\r\n${HOST}\r\n`, ["400"]],
  [`GET /a HTTP/1.1\r\n${HOST}A : b\r\n\r\n`, ["400"]],
  [`GET /a HTTP/1.1\r\n${HOST} folded\r\n\r\n`, ["400"]],
  [`GET /a HTTP/1.1\r\n${HOST}A: b\rc\r\n\r\n`, ["400"]],
  [`GET /a HTTP/1.1\r\n${HOST}A: b\0\r\n\r\n`, ["400"]],
  [`GET /a HTTP/1.1\r\n${HOST}A: \u00e9\r\n\r\n`, ["GET /a "]],
  [`GET /a HTTP/1.1\r\n${HOST}Expect: magic\r\n\r\n`, ["417"]],
  [`GET /a HTTP/1.1\r\n${HOST}`, ["400"]],
  ["\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n", ["400"]],
  [`GET /a HTTP/1.1\r\n${HOST}${"A: b\r\n".repeat(HEAD_LIMIT / 6)}\r\n`, ["431"]],
  [`GET /${"a".repeat(8192)} HTTP/1.1\r\n${HOST}\r\n`, ["431"]],
  [`GET /${"a".repeat(8100)} HTTP/1.1\r\n${HOST}\r\n`, [`GET /${"a".repeat(8100)} `]],
  ["\r\n".repeat(HEAD_LIMIT), ["431"]],
];

Deno.test("RequestReader understands requests as RFC 9112 has them, and refuses the rest", async () => {
  for (const [text, expected] of TABLE) {
    assert.deepEqual(await requestsIn(text), expected, text.slice(0, 200));
  }
});

Deno.test("RequestReader does not care in which pieces bytes come", async () => {
  for (const [text, expected] of TABLE) {
    for (const size of [1, 2, 7, 100]) {
      assert.deepEqual(await requestsIn(text, size), expected, `${size}: ${text.slice(0, 200)}`);
    }
  }
});
