import fc from "fast-check";
import assert from "node:assert/strict";
import { ProtocolError } from "#errors";
import { latin1 } from "../../../../tests/helpers/scripted_carrier.ts";
import { MAX_HEADERS, MAX_TARGET_BYTES } from "../mod.ts";
import type { HttpBodyFraming, HttpVersion } from "../mod.ts";
import { REFUSED } from "./head_cases_test.ts";
import { decodeRequestHead, decodeResponseHead, HeadScanner } from "./head_reader.ts";

interface Accepted {
  readonly name: string;
  readonly text: string;
  readonly method?: string;
  readonly version?: HttpVersion;
  readonly target?: string;
  readonly path?: string;
  readonly query?: string;
  readonly authority?: string;
  readonly framing?: HttpBodyFraming;
  readonly headers?: [string, string][];
}

const ACCEPTED: readonly Accepted[] = [
  {
    name: "plain",
    text: "GET /live/a.flv?token=1&b=? HTTP/1.1\r\nHost: example.org:8080\r\nAccept: */*\r\n\r\n",
    method: "GET",
    version: "1.1",
    target: "/live/a.flv?token=1&b=?",
    path: "/live/a.flv",
    query: "token=1&b=?",
    authority: "example.org:8080",
    framing: { kind: "none" },
    headers: [["host", "example.org:8080"], ["accept", "*/*"]],
  },
  { name: "1.0 without Host", text: "GET / HTTP/1.0\r\n\r\n", version: "1.0", authority: "", headers: [] },
  { name: "IPv6 Host", text: "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", authority: "[::1]:80" },
  { name: "empty Host", text: "GET / HTTP/1.1\r\nHost:\r\n\r\n", authority: "", headers: [["host", ""]] },
  {
    name: "absolute form of the same authority",
    text: "GET http://Example.org/a?b HTTP/1.1\r\nHost: example.org\r\n\r\n",
    target: "/a?b",
    path: "/a",
  },
  {
    name: "absolute form without path",
    text: "GET http://example.org?b HTTP/1.1\r\nHost: example.org\r\n\r\n",
    target: "/?b",
  },
  { name: "asterisk", text: "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", target: "*", path: "*" },
  {
    name: "raw bytes and backslash in the target",
    text: "GET /\xc3\xa4\\b HTTP/1.1\r\nHost: a\r\n\r\n",
    target: "/%C3%A4%5Cb",
  },
  {
    name: "length",
    text: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 007\r\n\r\n",
    framing: { kind: "length", lengthBytes: 7 },
  },
  {
    name: "length 0",
    text: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    framing: { kind: "none" },
  },
  {
    name: "chunked",
    text: "POST / HTTP/1.1\r\nHost: a\r\ntransfer-encoding: Chunked\r\n\r\n",
    framing: { kind: "chunked" },
  },
  {
    name: "blanks around values",
    text: "GET / HTTP/1.1\r\nHost:a\r\nX: \t a \t b \t \r\nY:\r\n\r\n",
    headers: [["host", "a"], ["x", "a \t b"], ["y", ""]],
  },
  {
    name: "bytes above ASCII in a value",
    text: "GET / HTTP/1.1\r\nHost: a\r\nX: \xe4\x80\r\n\r\n",
    headers: [["host", "a"], ["x", "\xe4\x80"]],
  },
  {
    name: "as many headers as may be",
    text: `GET / HTTP/1.1\r\nHost: a\r\n${"a: b\r\n".repeat(MAX_HEADERS - 1)}\r\n`,
    method: "GET",
  },
  {
    name: "the longest target",
    text: `GET /${"a".repeat(MAX_TARGET_BYTES - 1)} HTTP/1.1\r\nHost: a\r\n\r\n`,
    method: "GET",
  },
  {
    name: "odd method",
    text: "!#$%&'*+-.^_`|~Az09 / HTTP/1.1\r\nHost: a\r\n\r\n",
    method: "!#$%&'*+-.^_`|~Az09",
  },
];

function readHead(text: string): ReturnType<typeof decodeRequestHead> {
  const bytes = latin1(text);
  const length = new HeadScanner().scan(bytes);
  assert.equal(length, bytes.length, "the head ends where the text does");
  return decodeRequestHead(bytes);
}

for (const { name, text, headers, ...expected } of ACCEPTED) {
  Deno.test(`decodeRequestHead reads: ${name}`, () => {
    const head = readHead(text);
    for (const [key, value] of Object.entries(expected)) {
      assert.deepEqual(head[key as keyof typeof head], value, key);
    }
    if (headers !== undefined) assert.deepEqual([...head.headers], headers);
  });
}

Deno.test("HeadScanner finds the end at every split and byte by byte", () => {
  for (const { text } of ACCEPTED.filter((row) => row.text.length < 200)) {
    const bytes = latin1(text + "NEXT");
    for (let split = 0; split <= text.length; split++) {
      const scanner = new HeadScanner();
      const first = scanner.scan(bytes.subarray(0, split));
      assert.equal(first ?? scanner.scan(bytes), text.length);
    }
    const scanner = new HeadScanner();
    for (let end = 1; end < text.length; end++) {
      assert.equal(scanner.scan(bytes.subarray(0, end)), undefined);
    }
    assert.equal(scanner.scan(bytes.subarray(0, text.length)), text.length);
    assert.equal(scanner.isInside, false);
  }
});

for (const [name, text, status, reason] of REFUSED) {
  Deno.test(`a request head is refused: ${name}`, () => {
    const bytes = latin1(text);
    const read = (): void => {
      const length = new HeadScanner().scan(bytes);
      assert.notEqual(length, undefined, "the scanner waits for more");
      decodeRequestHead(bytes.subarray(0, length));
    };
    assert.throws(read, (error: unknown) => {
      assert.ok(error instanceof ProtocolError);
      assert.equal(error.cause, status, error.message);
      assert.match(error.message, reason);
      return true;
    });
  });
}

Deno.test("HeadScanner and decodeRequestHead throw nothing but refusals", () => {
  const piece = fc.constantFrom(
    "GET ",
    "/",
    " HTTP/1.1",
    "\r\n",
    "\r",
    "\n",
    ":",
    " ",
    "Host: a",
    "\0",
    "chunked",
    "Transfer-Encoding: ",
    "Content-Length: ",
    "4",
    "\xff",
    "http://a",
    "*",
    "OPTIONS ",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const bytes = latin1(pieces.join(""));
      try {
        const length = new HeadScanner().scan(bytes);
        if (length !== undefined) assert.ok(decodeRequestHead(bytes.subarray(0, length)).method.length > 0);
      } catch (error) {
        assert.ok(error instanceof ProtocolError && typeof error.cause === "number", String(error));
      }
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("decodeRequestHead returns what was written", () => {
  const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,20}$/).filter((text) =>
    !/^(?:host|content-length|transfer-encoding)$/i.test(text)
  );
  const value = fc.stringMatching(/^[!-~](?:[ -~]{0,30}[!-~])?$/);
  fc.assert(fc.property(fc.array(fc.tuple(name, value), { maxLength: 20 }), (fields) => {
    const text = fields.map(([key, field]) => `${key}: ${field}\r\n`).join("");
    const head = readHead(`GET / HTTP/1.1\r\nHost: a\r\n${text}\r\n`);
    assert.deepEqual([...head.headers].slice(1), fields.map(([key, field]) => [key.toLowerCase(), field]));
  }));
});

Deno.test("decodeResponseHead tells how the body ends", () => {
  const cases: [string, string, HttpBodyFraming][] = [
    ["GET", "HTTP/1.1 200 OK\r\n\r\n", { kind: "close" }],
    ["GET", "HTTP/1.1 200\r\nContent-Length: 5\r\n\r\n", { kind: "length", lengthBytes: 5 }],
    ["GET", "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n", { kind: "chunked" }],
    ["HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", { kind: "none" }],
    ["GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", { kind: "none" }],
    ["POST", "HTTP/1.1 204 No Content\r\n\r\n", { kind: "none" }],
    ["GET", "HTTP/1.1 100 Continue\r\n\r\n", { kind: "none" }],
  ];
  for (const [method, text, framing] of cases) {
    assert.deepEqual(decodeResponseHead(latin1(text), method).framing, framing, text);
  }
  for (const text of ["ICY 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 600 X\r\n\r\n"]) {
    assert.throws(() => decodeResponseHead(latin1(text), "GET"), ProtocolError);
  }
});
