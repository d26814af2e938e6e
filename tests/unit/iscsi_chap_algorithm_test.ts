/** The algorithms of CHAP against digests that Python's hashlib has computed. */
import assert from "node:assert/strict";
import { CHAP_ALGORITHMS, chapResponse, chooseAlgorithm } from "../../lib/iscsi/chap_algorithm.ts";
import { toHex } from "../harness/hex.ts";

const SECRET = new TextEncoder().encode("secret of joe");

/** Identifier, challenge, and by algorithm the hash of identifier, secret and challenge. */
const VECTORS: readonly [number, Uint8Array, Readonly<Record<string, string>>][] = [
  [0, Uint8Array.from({ length: 32 }, (_, index) => index), {
    "MD5": "a93efe1e7f606b9eea50687830f7dc46",
    "SHA1": "59ec49b60e66d64e8aa657ccbfe966a54b711762",
    "SHA-256": "c3ee37d52f0f18684db0062217a40d987760148e3cdc6a5182cf4babfc9edaa9",
    "SHA3-256": "443934938af1c5953dfdd4c6aaa14213fa878ccb4401102f6d5c61dff7f8017b",
  }],
  [200, new Uint8Array(1024).fill(0xff), {
    "MD5": "f2d289e31497e2254f46242bd7f90a09",
    "SHA1": "8947c73e59294313a146a89ff3bb1c6cb4729c41",
    "SHA-256": "dfbb90f4678d18045ea66021a3a254e150ce5796dfa816c49a8ff89d27c872fb",
    "SHA3-256": "05469b7dd260bb98ac85d0016086619a9f619149dbb8ea2827587b2e13dd5627",
  }],
  [255, new Uint8Array(1), {
    "MD5": "58b465bc26ff71457ecc384991b29513",
    "SHA1": "c655b63fb6ca6fb460564c12f7023d837ee2db85",
    "SHA-256": "a3e79f2534a09a644859788b64abb2ea113ba724b1afdf4069f429151dfab3b2",
    "SHA3-256": "9eb1d4f028fdc51a14eb5a25eee2f3ab76d4bd146ae241b8f93a6aca10f7ce52",
  }],
];

Deno.test("chapResponse() hashes identifier, secret and challenge with every algorithm", () => {
  for (const [identifier, challenge, digests] of VECTORS) {
    assert.deepEqual(Object.keys(digests).sort(), CHAP_ALGORITHMS.map(({ name }) => name).sort());
    for (const algorithm of CHAP_ALGORITHMS) {
      const response = chapResponse(algorithm, identifier, SECRET, challenge);
      assert.equal(toHex(response).replaceAll(" ", ""), digests[algorithm.name], algorithm.name);
    }
  }
});

Deno.test("CHAP_ALGORITHMS has the numbers of IANA", () => {
  const numbers = CHAP_ALGORITHMS.map(({ number, name }) => `${number} ${name}`);
  assert.deepEqual(numbers, ["8 SHA3-256", "7 SHA-256", "6 SHA1", "5 MD5"]);
});

Deno.test("chooseAlgorithm() takes the strongest of an offer, whatever its order", () => {
  const table: [string, number | undefined][] = [
    ["5", 5],
    ["5,6,7,8", 8],
    ["8,7,6,5", 8],
    ["6,7,5", 7],
    ["5,6", 6],
    ["1,2,5,254", 5],
    ["0x7", 7],
    ["x,5,", 5],
    ["", undefined],
    ["4", undefined],
    ["9,255", undefined],
    ["MD5", undefined],
    ["05", undefined],
    ["5 ,6 ", undefined],
    ["None", undefined],
  ];
  for (const [offer, number] of table) {
    assert.equal(chooseAlgorithm(offer)?.number, number, `CHAP_A=${offer}`);
  }
});
