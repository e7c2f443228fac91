/** What holds for any bytes a peer may send. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes } from "#bytes";
import { ManualClock } from "#clock";
import { HttpServerProtocol, IDLE_TIMEOUT_MS, LINGER_TIMEOUT_MS } from "../mod.ts";
import { openRig, tell } from "./rig_test.ts";
import { REFUSED } from "../message/head_cases_test.ts";
import { latin1, ScriptedCarrier } from "../../../../tests/helpers/scripted_carrier.ts";

const HOST = "Host: a\r\n";
const PIECES = [
  `GET /a HTTP/1.1\r\n${HOST}\r\n`,
  `HEAD /b HTTP/1.0\r\nConnection: keep-alive\r\n\r\n`,
  `POST /c HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\nabc`,
  `PUT /d HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n`,
  `POST /e HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: 1\r\n\r\nx`,
  "\r\n",
  "garbage\r\n\r\n",
  "3\r\nabc\r\n",
  ...REFUSED.map(([, text]) => text).filter((text) => text.length < 200),
];

const script = fc.array(
  fc.oneof({ arbitrary: fc.constantFrom(...PIECES), weight: 4 }, fc.string({ maxLength: 20 })),
  {
    minLength: 1,
    maxLength: 6,
  },
).map((pieces) => latin1(pieces.join("")));

/** What the peer gets for `bytes`, cut at `cuts`, once every deadline has passed. */
function answersTo(bytes: Uint8Array, cuts: readonly number[]): string {
  const { carrier, clock } = openRig(tell);
  const edges = [...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  let at = 0;
  for (const edge of edges) {
    if (edge > at) carrier.deliver(bytes.subarray(at, edge));
    at = Math.max(at, edge);
  }
  const text = carrier.text;
  clock.advance(2 * IDLE_TIMEOUT_MS + LINGER_TIMEOUT_MS);
  assert.ok(carrier.closedWith !== undefined, "every connection ends in time");
  assert.equal(clock.pending, 0, "and leaves no timer");
  return text;
}

Deno.test("HttpServerProtocol answers the same however the input is cut, and ends every connection", () => {
  fc.assert(
    fc.property(script, fc.array(fc.nat(2_000), { maxLength: 10 }), (bytes, cuts) => {
      assert.equal(answersTo(bytes, cuts), answersTo(bytes, []));
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("HttpServerProtocol gives a body to the near side that is what the chunks held, and nothing else", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { minLength: 1, maxLength: 6 }),
      (parts) => {
        const got: Uint8Array[] = [];
        const carrier = new ScriptedCarrier();
        new HttpServerProtocol({
          clock: new ManualClock(),
          router: {
            route: (_request, exchange) =>
              exchange.receiveBody({
                receive: (bytes) => got.push(bytes.slice()),
                ended: () => exchange.respond({ status: 204 }),
              }),
          },
        }).openOn(carrier);
        carrier.deliver(`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`);
        for (const part of parts) {
          carrier.deliver(`${part.length.toString(16)}\r\n`);
          carrier.deliver(part);
          carrier.deliver("\r\n");
        }
        assert.equal(carrier.text, "");
        carrier.deliver("0\r\n\r\n");
        assert.deepEqual(concatBytes(got), concatBytes(parts));
        assert.match(carrier.text, /^HTTP\/1\.1 204 /);
      },
    ),
    { numRuns: 200 },
  );
});
