/** PERSISTENT RESERVE IN, byte for byte (SPC-4 6.15), and the TransportIDs in it (SPC-4 7.6.4.6). */
import assert from "node:assert/strict";
import { decodeTransportId, encodeTransportId } from "../../lib/scst/transport_id.ts";
import { exchange, exchangeGood } from "../harness/exchange.ts";
import { hexBytes, toHex } from "../harness/hex.ts";
import { PrHost } from "../harness/pr_host.ts";
import { Rig } from "../harness/rig.ts";
import { PrIn, prIn, PrOut, transportId } from "../initiator/reservations.ts";

const A = "iqn.2026-11.org.scst.test:a";
const B = "iqn.2026-11.org.scst.test:bb";

function hex(...parts: string[]): string {
  return toHex(hexBytes(parts.join("")));
}

function text(name: string): string {
  return toHex(new TextEncoder().encode(name));
}

Deno.test("PERSISTENT RESERVE IN says what is registered and what is reserved", () => {
  using rig = new Rig();
  const [a, b] = [new PrHost(rig, A, 0x1_0002), new PrHost(rig, B)];
  const answers = () =>
    [PrIn.READ_KEYS, PrIn.READ_RESERVATION, PrIn.REPORT_CAPABILITIES, PrIn.FULL_STATUS]
      .map((action) => toHex(b.in(action)));
  const none = hex("00000000 00000000");
  assert.deepEqual(answers(), [none, none, hex("0008 1d b0 ea01 0000"), none]);

  a.out(PrOut.REGISTER, { actionKey: 0x0123456789abcdefn, aptpl: true });
  b.out(PrOut.REGISTER, { actionKey: 0xff00000000000000n, aptpl: true });
  a.out(PrOut.RESERVE, { key: 0x0123456789abcdefn }, 6);
  // Names and ISIDs with the NULs that fill them up.
  const [first, second] = [text(`${A},i,0x000000010002`), text(`${B},i,0x000000000001`)];
  assert.deepEqual(answers(), [
    hex("00000002 00000010 0123456789abcdef ff00000000000000"),
    hex("00000002 00000010 0123456789abcdef 00000000 00 06 0000"),
    hex("0008 1d b1 ea01 0000"),
    hex(
      "00000002 00000098",
      ...[
        "0123456789abcdef 00000000 01 06 00000000 0001 00000034",
        "45 00 0030",
        first,
        "00000000",
      ],
      ...["ff00000000000000 00000000 00 00 00000000 0001 00000034", "45 00 0030", second, "000000"],
    ),
  ]);
  a.out(PrOut.RELEASE, { key: 0x0123456789abcdefn }, 6);
  b.attentions();
  a.out(PrOut.RESERVE, { key: 0x0123456789abcdefn }, 8);
  const all = hex("00000002 00000010 0000000000000000 00000000 00 08 0000");
  assert.equal(toHex(b.in(PrIn.READ_RESERVATION)), all);
});

Deno.test("PERSISTENT RESERVE IN is cut off at the allocation length, what it announces is not", () => {
  using rig = new Rig();
  const a = new PrHost(rig, A);
  a.out(PrOut.REGISTER, { actionKey: 5n });
  a.out(PrOut.RESERVE, { key: 5n }, 1);
  for (const action of Object.values(PrIn)) {
    const whole = a.in(action);
    for (let length = 0; length <= whole.length; length++) {
      const data = exchangeGood(a.peer, prIn(action, length), { read: length });
      assert.deepEqual(data, whole.subarray(0, length));
    }
    assert.equal(exchange(a.peer, prIn(action, 4096), { read: 8 }).residual, whole.length - 8);
  }
});

Deno.test("encodeTransportId() ends names with one to four NULs and has at least 24 bytes", () => {
  for (let length = 1; length <= 223; length++) {
    const name = "n".repeat(length);
    const port = `${name},i,0x0123456789ab`;
    const bytes = encodeTransportId(port);
    assert.equal(bytes.length % 4, 0);
    assert(bytes.length >= 24 && bytes.length - 4 > port.length && bytes.length <= port.length + 8);
    assert.deepEqual(bytes, transportId(name, "0123456789ab"));
    const decoded = decodeTransportId(bytes, 0, bytes.length);
    assert.deepEqual(decoded, { node: name, port, length: bytes.length });
  }
});

Deno.test("decodeTransportId() knows one that is cut off at any byte", () => {
  const bytes = transportId(A, "23d000000");
  const padded = new Uint8Array([1, 2, ...bytes, 3]);
  for (let end = 2; end < 2 + bytes.length; end++) {
    assert.equal(decodeTransportId(padded, 2, end), "cut", `${end}`);
  }
  assert.deepEqual(decodeTransportId(padded, 2, padded.length), {
    node: A,
    port: `${A},i,0x00023d000000`,
    length: bytes.length,
  });
  assert.deepEqual(decodeTransportId(transportId(A), 0, 32), {
    node: A,
    port: undefined,
    length: 32,
  });
});
