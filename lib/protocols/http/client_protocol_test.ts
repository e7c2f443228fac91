import assert from "node:assert/strict";
import { ManualClock, systemClock } from "#clock";
import { Reactor } from "#netio";
import { latin1, ScriptedCarrier, textOf } from "../../../tests/helpers/scripted_carrier.ts";
import { HttpClientProtocol, HttpServerProtocol, PROGRESS_TIMEOUT_MS } from "./mod.ts";
import type { HttpRequestMessage, HttpResponseReceiver } from "./mod.ts";
import { tell } from "./server/rig_test.ts";

const GET: HttpRequestMessage = { method: "GET", target: "/a", authority: "b:80" };

/** Writes down what a response does. */
class Recorder implements HttpResponseReceiver {
  readonly steps: string[] = [];
  body = "";
  head(head: { status: number }): void {
    this.steps.push(`head ${head.status}`);
  }
  receive(bytes: Uint8Array): void {
    this.body += textOf(bytes);
  }
  ended(): void {
    this.steps.push("ended");
  }
  failed(error: Error): void {
    this.steps.push(`failed ${error.message}`);
  }
}

interface ClientRig {
  readonly carrier: ScriptedCarrier;
  readonly clock: ManualClock;
  readonly http: HttpClientProtocol;
  readonly got: Recorder;
}

function openClient(message: HttpRequestMessage = GET): ClientRig {
  const carrier = new ScriptedCarrier();
  const clock = new ManualClock();
  const http = new HttpClientProtocol({ clock });
  const got = new Recorder();
  http.openOn(carrier);
  http.request(message, got);
  return { carrier, clock, http, got };
}

Deno.test("HttpClientProtocol writes requests", () => {
  assert.equal(openClient().carrier.text, "GET /a HTTP/1.1\r\nHost: b:80\r\n\r\n");
  const post = openClient({ ...GET, method: "POST", headers: { X: "y" }, body: "\u00e4" });
  assert.equal(
    post.carrier.text,
    "POST /a HTTP/1.1\r\nHost: b:80\r\nX: y\r\nContent-Length: 2\r\n\r\n\xc3\xa4",
  );
  for (
    const bad of [{ method: "G T" }, { target: "/ a" }, { target: "/\r\nX: y" }, { authority: "a\r\nX: y" }]
  ) {
    assert.throws(() => openClient({ ...GET, ...bad }), TypeError, JSON.stringify(bad));
  }
});

const OK = "HTTP/1.1 200 OK\r\n";
const RESPONSES: readonly [name: string, text: string, body: string, isKept: boolean][] = [
  ["length", `${OK}Content-Length: 5\r\n\r\nhello`, "hello", true],
  ["chunked", `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n`, "hello", true],
  ["empty", `${OK}Content-Length: 0\r\n\r\n`, "", true],
  [
    "interim first",
    `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nA: b\r\n\r\n${OK}Content-Length: 1\r\n\r\na`,
    "a",
    true,
  ],
  ["close", `${OK}Connection: close\r\nContent-Length: 5\r\n\r\nhello`, "hello", false],
  ["1.0", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", false],
];

for (const [name, text, body, isKept] of RESPONSES) {
  Deno.test(`HttpClientProtocol reads at every split: ${name}`, () => {
    for (let split = 0; split <= text.length; split++) {
      const { carrier, http, got } = openClient();
      carrier.deliver(text.slice(0, split));
      carrier.deliver(text.slice(split));
      assert.deepEqual(got.steps, ["head 200", "ended"]);
      assert.equal(got.body, body);
      assert.equal(http.isIdle, isKept);
    }
  });
}

Deno.test("HttpClientProtocol reads a body up to the end of the connection, and tells a lost one", () => {
  const whole = openClient();
  whole.carrier.deliver(`${OK}\r\nhel`);
  whole.carrier.deliver("lo");
  whole.carrier.drop();
  assert.deepEqual(whole.got.steps, ["head 200", "ended"]);
  assert.equal(whole.got.body, "hello");
  const cut = openClient();
  cut.carrier.deliver(`${OK}Content-Length: 5\r\n\r\nhel`);
  cut.carrier.drop();
  assert.deepEqual(cut.got.steps, ["head 200", "failed closed by the peer"]);
});

const FAULTS: readonly [name: string, text: string, reason: RegExp][] = [
  ["not HTTP", "ICY 200 OK\r\n\r\n", /status line/],
  ["switches unasked", "HTTP/1.1 101 A\r\nUpgrade: x\r\n\r\n", /unasked/],
  ["two lengths", `${OK}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`, /Content-Length/],
  ["bad chunk", `${OK}Transfer-Encoding: chunked\r\n\r\nx`, /chunk size/],
  ["body over the limit", `${OK}Content-Length: 99999999\r\n\r\n`, /maxBodyBytes/],
];

for (const [name, text, reason] of FAULTS) {
  Deno.test(`HttpClientProtocol fails on a server that breaks HTTP: ${name}`, () => {
    const { carrier, got, clock } = openClient();
    carrier.deliver(text);
    assert.equal(carrier.closedWith?.name, "ProtocolError");
    assert.match(got.steps.at(-1) ?? "", /^failed/);
    assert.match(got.steps.at(-1) ?? "", reason);
    assert.equal(clock.pending, 0);
  });
}

Deno.test("HttpClientProtocol refuses bytes without a request, and a second request", () => {
  const { carrier, http, got } = openClient();
  assert.throws(() => http.request(GET, got), /busy or closed/);
  carrier.deliver(`${OK}Content-Length: 0\r\n\r\n`);
  carrier.deliver("x");
  assert.match(String(carrier.closedWith), /without a request/);
  assert.throws(() => http.request(GET, got), /busy or closed/);
});

Deno.test("HttpClientProtocol waits for a head and for each piece of a body, not for ever", () => {
  const silent = openClient();
  silent.clock.advance(PROGRESS_TIMEOUT_MS);
  assert.deepEqual(silent.got.steps, ["failed Cannot read response: nothing came for 30000 ms"]);
  const slow = openClient();
  slow.carrier.deliver(`${OK}Content-Length: 9\r\n\r\n`);
  slow.clock.advance(PROGRESS_TIMEOUT_MS - 1);
  slow.carrier.deliver("a");
  slow.clock.advance(PROGRESS_TIMEOUT_MS - 1);
  assert.equal(slow.carrier.closedWith, undefined);
  slow.clock.advance(1);
  assert.deepEqual(slow.got.steps, ["head 200", "failed Cannot read body: nothing came for 30000 ms"]);
  assert.equal(slow.clock.pending, 0);
});

Deno.test("HttpClientProtocol and HttpServerProtocol understand each other over a connection in memory", async () => {
  const reactor = new Reactor();
  const [left, right] = reactor.memoryPair();
  new HttpServerProtocol({
    clock: systemClock,
    router: { route: (request, exchange) => tell(exchange, request) },
  }).openOn(right);
  const http = new HttpClientProtocol({ clock: systemClock });
  http.openOn(left);
  for (const body of ["", "a", "b".repeat(200_000)]) {
    const got = new Recorder();
    const done = Promise.withResolvers<void>();
    const ended = got.ended.bind(got);
    got.ended = () => {
      ended();
      done.resolve();
    };
    http.request({ method: "PUT", target: "/x", authority: "a", body: latin1(body) }, got);
    await done.promise;
    assert.equal(got.body, `PUT /x ${body}`);
  }
  http.close();
  reactor.close();
});
