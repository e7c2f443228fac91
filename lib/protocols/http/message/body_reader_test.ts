import fc from "fast-check";
import assert from "node:assert/strict";
import { concatBytes } from "#bytes";
import { ProtocolError } from "#errors";
import { latin1, textOf } from "../../../../tests/helpers/scripted_carrier.ts";
import { MAX_CHUNK_LINE_BYTES, MAX_TRAILER_BYTES } from "../mod.ts";
import type { HttpBodyFraming } from "../mod.ts";
import { HttpBodyReader } from "./body_reader.ts";

const MAX_BYTES = 1_000;
const CHUNKED: HttpBodyFraming = { kind: "chunked" };

/** Reads `pieces`; gives the body, how many bytes were taken, and whether it ended. */
function readBody(
  framing: HttpBodyFraming,
  pieces: Uint8Array[],
): [body: string, taken: number, isEnded: boolean] {
  const reader = new HttpBodyReader(framing, { maxBytes: MAX_BYTES });
  const parts: Uint8Array[] = [];
  let taken = 0;
  for (const piece of pieces) taken += reader.read(piece, (bytes) => parts.push(bytes.slice()));
  return [textOf(concatBytes(parts)), taken, reader.isEnded];
}

const READ: readonly [name: string, framing: HttpBodyFraming, text: string, body: string][] = [
  ["no body", { kind: "none" }, "", ""],
  ["length", { kind: "length", lengthBytes: 5 }, "hello", "hello"],
  ["one chunk", CHUNKED, "5\r\nhello\r\n0\r\n\r\n", "hello"],
  ["several chunks", CHUNKED, "2\r\nhe\r\n003\r\nllo\r\n0\r\n\r\n", "hello"],
  [
    "upper and lower case",
    CHUNKED,
    "A\r\n0123456789\r\na\r\n0123456789\r\n00\r\n\r\n",
    "01234567890123456789",
  ],
  ["extensions", CHUNKED, '5;a=b;c="d;\t"\r\nhello\r\n0;x\r\n\r\n', "hello"],
  ["trailers", CHUNKED, "5\r\nhello\r\n0\r\nExpires: never\r\nX: y\r\n\r\n", "hello"],
  ["chunk with line ends in it", CHUNKED, "4\r\n\r\n0\r\r\n0\r\n\r\n", "\r\n0\r"],
];

for (const [name, framing, text, body] of READ) {
  Deno.test(`HttpBodyReader reads at every split: ${name}`, () => {
    const bytes = latin1(text + "NEXT");
    const expected = [body, text.length, true];
    for (let split = 0; split <= text.length; split++) {
      assert.deepEqual(readBody(framing, [bytes.subarray(0, split), bytes.subarray(split)]), expected);
    }
    assert.deepEqual(
      readBody(framing, Array.from(bytes.subarray(0, text.length), (byte) => Uint8Array.of(byte))),
      expected,
    );
  });
}

const REFUSED: readonly [name: string, text: string, status: number][] = [
  ["0x", "0x5\r\nhello\r\n0\r\n\r\n", 400],
  ["sign", "+5\r\nhello\r\n0\r\n\r\n", 400],
  ["negative", "-5\r\nhello", 400],
  ["no digits", "\r\nhello", 400],
  ["no digits but an extension", ";a\r\n", 400],
  ["blank before the size", " 5\r\nhello", 400],
  ["blank after the size", "5 \r\nhello", 400],
  ["no hexadecimal digit", "g\r\n", 400],
  ["underscore", "1_0\r\n", 400],
  ["bare LF after the size", "5\nhello", 400],
  ["bare CR after the size", "5\rhello", 400],
  ["bare LF in an extension", "5;a\nhello", 400],
  ["NUL in an extension", "5;\0\r\nhello", 400],
  ["too long a chunk", "5\r\nhello!\r\n0\r\n\r\n", 400],
  ["LF alone after a chunk", "5\r\nhello\n0\r\n\r\n", 400],
  ["no end after a chunk", "5\r\nhello0\r\n\r\n", 400],
  ["overflow of 64 bits", "10000000000000005\r\nhello", 413],
  ["overflow of 32 bits", "100000005\r\nhello", 413],
  ["over the limit", "3e9\r\n", 413],
  ["over the limit in several chunks", `3e8\r\n${"a".repeat(1_000)}\r\n1\r\n`, 413],
  ["endless zeros", "0".repeat(MAX_CHUNK_LINE_BYTES + 1), 400],
  ["endless extension", `5;${"a".repeat(MAX_CHUNK_LINE_BYTES)}`, 400],
  ["endless trailer", `0\r\n${"a: b\r\n".repeat(MAX_TRAILER_BYTES / 6 + 1)}`, 400],
  ["bare LF in a trailer", "0\r\na: b\n\r\n", 400],
  ["bare CR in a trailer", "0\r\na: b\rc", 400],
  ["NUL in a trailer", "0\r\na: \0\r\n", 400],
  ["CR CR LF at the end", "0\r\n\r\r\n", 400],
];

for (const [name, text, status] of REFUSED) {
  Deno.test(`HttpBodyReader refuses: ${name}`, () => {
    const refused = (error: unknown): boolean => {
      assert.ok(error instanceof ProtocolError);
      assert.equal(error.cause, status, error.message);
      return true;
    };
    const bytes = latin1(text);
    assert.throws(() => readBody(CHUNKED, [bytes]), refused);
    assert.throws(() => readBody(CHUNKED, Array.from(bytes, (byte) => Uint8Array.of(byte))), refused);
  });
}

Deno.test("HttpBodyReader refuses a length over the limit before a byte of it", () => {
  assert.throws(() => readBody({ kind: "length", lengthBytes: MAX_BYTES + 1 }, []), /maxBodyBytes \(1000\)/);
  assert.throws(() => readBody({ kind: "close" }, [new Uint8Array(MAX_BYTES + 1)]), /maxBodyBytes \(1000\)/);
});

Deno.test("HttpBodyReader gives back what was sent in chunks, however it is cut", () => {
  const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 8 });
  fc.assert(fc.property(chunks, fc.array(fc.nat(400), { maxLength: 12 }), (parts, cuts) => {
    const sent = [...parts.map((part) => `${part.length.toString(16)}\r\n${textOf(part)}\r\n`), "0\r\n\r\n"]
      .join("");
    const bytes = latin1(sent);
    const edges = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
    const pieces = edges.slice(1).map((edge, i) => bytes.subarray(edges[i], edge));
    assert.deepEqual(readBody(CHUNKED, pieces), [textOf(concatBytes(parts)), bytes.length, true]);
  }));
});
