import assert from "node:assert/strict";
import { HttpHeaders } from "#protocols/http";
import type { HttpRequestHead } from "#protocols/http";
import { answerHandshake } from "./handshake.ts";
import { acceptKeyOf, isWebSocketRequest } from "./mod.ts";
import type { HandshakePolicy } from "./mod.ts";

/** The example of RFC 6455 section 1.3. */
const GOOD: Readonly<Record<string, string>> = {
  host: "server.example.com",
  upgrade: "websocket",
  connection: "Upgrade",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  origin: "http://example.com",
  "sec-websocket-protocol": "chat, superchat",
  "sec-websocket-version": "13",
};

function request(
  changes: Record<string, string | undefined>,
  head: Partial<HttpRequestHead> = {},
): HttpRequestHead {
  const fields = Object.entries({ ...GOOD, ...changes }).flatMap(([name, value]) =>
    value === undefined ? [] : [name, value]
  );
  return {
    method: "GET",
    version: "1.1",
    target: "/chat",
    path: "/chat",
    query: "",
    authority: "server.example.com",
    headers: new HttpHeaders(fields),
    framing: { kind: "none" },
    ...head,
  };
}

Deno.test("acceptKeyOf gives the example of RFC 6455", () => {
  assert.equal(acceptKeyOf("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
});

const ANSWERS: readonly [
  name: string,
  request: HttpRequestHead,
  policy: HandshakePolicy,
  answer: string | number,
][] = [
  ["the example", request({}), {}, "none"],
  ["several connection options", request({ connection: "keep-alive, Upgrade" }), {}, "none"],
  ["other case", request({ upgrade: "WebSocket" }), {}, "none"],
  ["best subprotocol", request({}), { subprotocols: ["v2", "superchat", "chat"] }, "superchat"],
  ["no common subprotocol", request({}), { subprotocols: ["v2"] }, "none"],
  ["subprotocols compare by case", request({}), { subprotocols: ["CHAT"] }, "none"],
  ["allowed origin", request({}), { isOriginAllowed: (origin) => origin === "http://example.com" }, "none"],
  [
    "no origin",
    request({ origin: undefined }),
    { isOriginAllowed: (origin) => origin === undefined },
    "none",
  ],
  ["other origin", request({}), { isOriginAllowed: () => false }, 403],
  ["no upgrade", request({ upgrade: undefined }), {}, 426],
  ["other upgrade", request({ upgrade: "h2c" }), {}, 426],
  ["no connection option", request({ connection: "keep-alive" }), {}, 400],
  ["no version", request({ "sec-websocket-version": undefined }), {}, 426],
  ["version 8", request({ "sec-websocket-version": "8" }), {}, 426],
  ["no key", request({ "sec-websocket-key": undefined }), {}, 400],
  ["short key", request({ "sec-websocket-key": "dGhlIHNhbXBsZQ==" }), {}, 400],
  ["key not base64", request({ "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZ!==" }), {}, 400],
  ["POST", request({}, { method: "POST" }), {}, 405],
  ["HTTP/1.0", request({}, { version: "1.0" }), {}, 400],
  ["a body", request({}, { framing: { kind: "chunked" } }), {}, 400],
];

for (const [name, head, policy, expected] of ANSWERS) {
  Deno.test(`answerHandshake: ${name}`, () => {
    const answer = answerHandshake(head, policy);
    if (answer.isAccepted) {
      assert.equal(answer.subprotocol ?? "none", expected);
      assert.equal(answer.headers["Sec-WebSocket-Accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
      assert.equal(answer.headers["Sec-WebSocket-Protocol"], answer.subprotocol);
    } else {
      assert.equal(answer.status, expected);
      assert.match(answer.reason, /^Cannot open WebSocket: /);
    }
  });
}

Deno.test("isWebSocketRequest looks at the Upgrade header alone", () => {
  assert.equal(isWebSocketRequest(request({ connection: undefined })), true);
  assert.equal(isWebSocketRequest(request({ upgrade: "h2c, WebSocket" })), true);
  assert.equal(isWebSocketRequest(request({ upgrade: undefined })), false);
});
