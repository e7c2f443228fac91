import assert from "node:assert/strict";
import { ManualClock } from "#clock";
import { Protocol } from "#stack";
import { latin1, ScriptedCarrier, textOf } from "../../../../tests/helpers/scripted_carrier.ts";
import { REFUSED } from "../message/head_cases_test.ts";
import {
  HEAD_TIMEOUT_MS,
  HttpServerProtocol,
  IDLE_TIMEOUT_MS,
  LINGER_TIMEOUT_MS,
  MAX_COLLECTED_BYTES,
  MAX_DISCARDED_BYTES,
  MAX_QUEUED_ANSWER_BYTES,
  NEAR_ANSWER_TIMEOUT_MS,
  PIPELINE_PAUSE_BYTES,
  PROGRESS_TIMEOUT_MS,
} from "../mod.ts";
import type { HttpExchange } from "../mod.ts";
import { DATE, openRig, tell } from "./rig_test.ts";

const HOST = "Host: a\r\n";
const GET = `GET /a HTTP/1.1\r\n${HOST}\r\n`;

/** A whole answer as it is sent. */
function answer(body: string, options: { status?: string; fields?: string; end?: string } = {}): string {
  const { status = "200 OK", fields = "", end = "" } = options;
  return `HTTP/1.1 ${status}\r\n${DATE}${fields}Content-Length: ${body.length}\r\n${end}\r\n${body}`;
}

/** The text without its Date fields. */
function undated(text: string): string {
  return text.replaceAll(/Date: [^\r]*\r\n/g, "");
}

const CLOSE = "Connection: close\r\n";

class NearProtocol extends Protocol {
  readonly tag = "near";
  readonly kind = "endpoint";
  got = "";
  isUp = false;
  end: Error | undefined;
  onGot: (bytes: Uint8Array) => void = () => {};
  protected override onOpened(): void {
    this.isUp = true;
  }
  protected override onReceive(bytes: Uint8Array): void {
    this.got += textOf(bytes);
    this.onGot(bytes);
  }
  protected override onFarClosed(error: Error): void {
    this.end = error;
  }
}

Deno.test("HttpServerProtocol serves pipelined requests in order, at every split and byte by byte", () => {
  const text = `\r\n${GET}POST /b?secret HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\nhello` +
    `PUT /c HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n2;x\r\nab\r\n1\r\nc\r\n0\r\nT: u\r\n\r\n` +
    `HEAD /d HTTP/1.1\r\n${HOST}\r\nGET /e HTTP/1.1\r\n${HOST}Connection: close\r\n\r\nGET /f`;
  const expected = answer("GET /a ") + answer("POST /b hello") + answer("PUT /c abc") +
    answer("HEAD /d ").slice(0, -8) + answer("GET /e ", { end: CLOSE });
  const bytes = latin1(text);
  for (let split = 0; split <= bytes.length; split++) {
    const { carrier, clock } = openRig(tell);
    carrier.deliver(bytes.subarray(0, split));
    carrier.deliver(bytes.subarray(split));
    assert.equal(carrier.text, expected, `split at ${split}`);
    assert.equal(carrier.closedWith?.name, "ClosedError");
    assert.equal(clock.pending, 0);
  }
  const { carrier } = openRig(tell);
  for (const byte of bytes) carrier.deliver(Uint8Array.of(byte));
  assert.equal(carrier.text, expected);
});

for (const [name, text, status, reason] of REFUSED) {
  Deno.test(`HttpServerProtocol answers ${status} and closes: ${name}`, () => {
    const { carrier, clock, log, requests } = openRig(tell);
    carrier.deliver(`${GET}${text}`);
    carrier.deliver("\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
    const got = carrier.text.slice(answer("GET /a ").length);
    assert.match(got, new RegExp(`^HTTP/1\\.1 ${status} [A-Z][^\\r]+\r\n`));
    assert.match(got, /\r\nConnection: close\r\n\r\n/);
    assert.match(got.slice(got.indexOf("\r\n\r\n")), reason);
    assert.deepEqual(requests.map((request) => request.path), ["/a"], "nothing after it is served");
    assert.equal(log.length, 1);
    assert.match(log[0]!, new RegExp(`^192\\.0\\.2\\.7:50000: answered ${status}: Cannot `));
    clock.advance(LINGER_TIMEOUT_MS);
    assert.equal(carrier.closedWith?.name, "ClosedError");
    assert.equal(clock.pending, 0);
  });
}

Deno.test("HttpServerProtocol gives a head 10 s as a whole, however slowly it comes", () => {
  const { carrier, clock } = openRig(tell);
  clock.advance(IDLE_TIMEOUT_MS - 1);
  for (let i = 0; i < 9; i++) {
    carrier.deliver("G");
    clock.advance(HEAD_TIMEOUT_MS / 10);
  }
  assert.equal(carrier.text, "");
  clock.advance(HEAD_TIMEOUT_MS / 10);
  assert.match(carrier.text, /^HTTP\/1\.1 408 [^]*not complete within 10000 ms\n$/);
  clock.advance(LINGER_TIMEOUT_MS);
  assert.ok(carrier.closedWith !== undefined);
  assert.equal(clock.pending, 0);
});

Deno.test("HttpServerProtocol closes an idle connection without a word, before and after requests", () => {
  const fresh = openRig(tell);
  fresh.clock.advance(IDLE_TIMEOUT_MS);
  assert.equal(fresh.carrier.text, "");
  assert.ok(fresh.carrier.closedWith !== undefined);
  const used = openRig(tell);
  used.clock.advance(IDLE_TIMEOUT_MS - 1);
  used.carrier.deliver(GET);
  used.clock.advance(IDLE_TIMEOUT_MS - 1);
  assert.equal(used.carrier.closedWith, undefined);
  used.clock.advance(1);
  assert.ok(used.carrier.closedWith !== undefined);
  assert.equal(undated(used.carrier.text), undated(answer("GET /a ")));
  assert.equal(used.clock.pending, 0);
});

Deno.test("HttpServerProtocol gives up on a body that stops, but not on one that is paused", () => {
  let exchange: HttpExchange | undefined;
  const { carrier, clock } = openRig((asked, request) => {
    exchange = asked;
    tell(asked, request);
  });
  carrier.deliver(`POST /a HTTP/1.1\r\n${HOST}Content-Length: 10\r\n\r\n`);
  clock.advance(PROGRESS_TIMEOUT_MS - 1);
  carrier.deliver("abc");
  clock.advance(PROGRESS_TIMEOUT_MS - 1);
  exchange?.pauseBody(true);
  assert.equal(carrier.isPaused, true);
  clock.advance(10 * PROGRESS_TIMEOUT_MS);
  exchange?.pauseBody(false);
  assert.equal(carrier.isPaused, false);
  clock.advance(PROGRESS_TIMEOUT_MS);
  assert.match(carrier.text, /^HTTP\/1\.1 408 [^]*nothing came for 30000 ms\n$/);
});

const PERSISTENCE: readonly [name: string, head: string, field: string, isKept: boolean][] = [
  ["1.1", `GET / HTTP/1.1\r\n${HOST}\r\n`, "", true],
  ["1.1 close", `GET / HTTP/1.1\r\n${HOST}Connection: x, Close\r\n\r\n`, CLOSE, false],
  ["1.0", "GET / HTTP/1.0\r\n\r\n", CLOSE, false],
  ["1.0 keep-alive", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "Connection: keep-alive\r\n", true],
];

for (const [name, head, field, isKept] of PERSISTENCE) {
  Deno.test(`HttpServerProtocol keeps or closes the connection: ${name}`, () => {
    const { carrier } = openRig(tell);
    carrier.deliver(head);
    assert.equal(carrier.text, answer("GET / ", { end: field }));
    assert.equal(carrier.closedWith === undefined, isKept);
  });
}

Deno.test("HttpServerProtocol sends 100 Continue when the body is asked for, and not when it is refused", () => {
  const head = `POST /a HTTP/1.1\r\n${HOST}Expect: 100-Continue\r\nContent-Length: 3\r\n\r\n`;
  const wanted = openRig(tell);
  wanted.carrier.deliver(head);
  assert.equal(wanted.carrier.take(), "HTTP/1.1 100 Continue\r\n\r\n");
  wanted.carrier.deliver("abc");
  assert.equal(wanted.carrier.take(), answer("POST /a abc"));
  const refused = openRig((exchange) => exchange.respond({ status: 403, body: "no" }));
  refused.carrier.deliver(head);
  assert.equal(refused.carrier.take(), answer("no", { status: "403 Forbidden", end: CLOSE }));
  const other = openRig(tell);
  other.carrier.deliver(head.replace("100-Continue", "200-ok"));
  assert.match(other.carrier.take(), /^HTTP\/1\.1 417 /);
});

Deno.test("HttpServerProtocol drops a small body nobody reads, and closes before a large one", () => {
  const small = openRig((exchange) => exchange.respond({ status: 404 }));
  small.carrier.deliver(`POST /a HTTP/1.1\r\n${HOST}Content-Length: ${MAX_DISCARDED_BYTES}\r\n\r\n`);
  small.carrier.deliver(new Uint8Array(MAX_DISCARDED_BYTES));
  small.carrier.deliver(GET);
  assert.equal(small.carrier.text, answer("", { status: "404 Not Found" }).repeat(2));
  const large = openRig((exchange) => exchange.respond({ status: 404 }));
  large.carrier.deliver(`POST /a HTTP/1.1\r\n${HOST}Content-Length: ${MAX_DISCARDED_BYTES + 1}\r\n\r\n`);
  assert.equal(large.carrier.text, answer("", { status: "404 Not Found", end: CLOSE }));
  assert.equal(large.carrier.closedWith, undefined, "the peer may still read the answer");
  large.carrier.deliver(new Uint8Array(MAX_DISCARDED_BYTES + 1));
  assert.equal(large.carrier.isPaused, true);
  large.clock.advance(LINGER_TIMEOUT_MS);
  assert.ok(large.carrier.closedWith !== undefined);
});

Deno.test("HttpServerProtocol refuses a body over its limit, announced or not", () => {
  const { carrier, facts } = openRig(tell, { maxBodyBytes: 10 });
  carrier.deliver(`POST /a HTTP/1.1\r\n${HOST}Content-Length: 11\r\n\r\n`);
  assert.match(carrier.take(), /^HTTP\/1\.1 413 [^]*maxBodyBytes \(10\)\n$/);
  assert.equal(facts[0]?.status, 413);
  const chunked = openRig(tell, { maxBodyBytes: 10 });
  chunked.carrier.deliver(
    `POST /a HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n8\r\n12345678\r\n3\r\n`,
  );
  assert.match(chunked.carrier.take(), /^HTTP\/1\.1 413 /);
});

Deno.test("HttpServerProtocol answers strictly in order, and pauses a peer that asks on and on", () => {
  const waiting: HttpExchange[] = [];
  const { carrier, requests } = openRig((exchange) => waiting.push(exchange));
  carrier.deliver(GET.repeat(3));
  assert.equal(requests.length, 1);
  carrier.deliver(GET.repeat(PIPELINE_PAUSE_BYTES / GET.length));
  assert.equal(carrier.isPaused, true);
  let served = 0;
  for (let exchange = waiting.shift(); exchange !== undefined; exchange = waiting.shift()) {
    exchange.respond({ status: 200, body: String(served++) });
  }
  assert.equal(carrier.isPaused, false);
  assert.ok(carrier.text.startsWith(answer("0") + answer("1") + answer("2")));
  assert.equal(served, requests.length);
});

Deno.test("HttpServerProtocol holds few answers for a peer that does not read, then drops it", () => {
  const { carrier, clock, requests } = openRig((exchange) =>
    exchange.respond({ status: 200, body: "x".repeat(1000) })
  );
  carrier.isStuck = true;
  for (let i = 0; i < 50; i++) carrier.deliver(GET.repeat(10));
  assert.ok(carrier.queuedBytes < MAX_QUEUED_ANSWER_BYTES + 2_000, `${carrier.queuedBytes} bytes wait`);
  assert.ok(requests.length < 100);
  const before = requests.length;
  carrier.isStuck = false;
  carrier.pump();
  assert.ok(requests.length > before, "it goes on when the peer does");
  carrier.isStuck = true;
  for (let i = 0; i < 50; i++) carrier.deliver(GET.repeat(10));
  clock.advance(PROGRESS_TIMEOUT_MS);
  assert.match(String(carrier.closedWith), /took nothing for 30000 ms/);
  assert.equal(clock.pending, 0);
});

Deno.test("a large answer leaves as a whole before the connection closes", () => {
  const { carrier } = openRig((exchange) =>
    exchange.respond({ status: 200, body: new Uint8Array(1_000_000) })
  );
  carrier.isStuck = true;
  carrier.deliver(`GET / HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`);
  assert.equal(carrier.closedWith, undefined);
  carrier.isStuck = false;
  carrier.pump();
  assert.ok(carrier.text.length > 1_000_000);
  assert.ok(carrier.closedWith !== undefined);
});

Deno.test("startBody with framing close makes HTTP transparent and drops what the peer sends", () => {
  const near = new NearProtocol();
  const { carrier, clock, http, facts } = openRig((exchange) => {
    assert.equal(http.isTransparent, false);
    assert.equal(exchange.startBody({ status: 200, headers: { A: "b" }, framing: "close", near }), true);
  });
  carrier.deliver(`GET /live/a.flv?key=secret HTTP/1.1\r\n${HOST}\r\nmore`);
  assert.equal(carrier.take(), `HTTP/1.1 200 OK\r\n${DATE}A: b\r\n${CLOSE}\r\n`);
  assert.equal(near.isUp, true);
  assert.equal(near.directCarrier, carrier);
  near.send(latin1("FLV"));
  carrier.deliver(new Uint8Array(2_000_000).subarray(0, 1_000_000));
  assert.equal(carrier.take(), "FLV");
  assert.equal(near.got, "");
  assert.equal(carrier.isPaused, false);
  carrier.statistics.bytesOut += 5_000;
  clock.advance(7);
  carrier.drop();
  assert.equal(near.end?.name, "ClosedError");
  const [fact] = facts;
  assert.equal(facts.length, 1);
  assert.equal(fact?.path, "/live/a.flv");
  assert.equal(fact?.durationMs, 7);
  assert.equal(fact?.isComplete, true);
  assert.equal(fact?.bytes, carrier.statistics.bytesOut);
  assert.equal(clock.pending, 0);
});

Deno.test("startBody with framing chunked wraps each send, and endBody keeps the connection", () => {
  let exchange: HttpExchange | undefined;
  const near = new NearProtocol();
  const { carrier, http } = openRig((asked, request) => {
    if (request.path !== "/live") return tell(asked, request);
    exchange = asked;
    asked.startBody({ status: 200, framing: "chunked", near });
  });
  carrier.deliver(`GET /live HTTP/1.1\r\n${HOST}\r\n${GET}`);
  assert.equal(near.directCarrier, undefined);
  near.send(latin1("hello, world"));
  near.send(new Uint8Array(0));
  near.send(latin1("!"));
  exchange?.endBody();
  assert.equal(
    carrier.text,
    `HTTP/1.1 200 OK\r\n${DATE}Transfer-Encoding: chunked\r\n\r\nc\r\nhello, world\r\n1\r\n!\r\n0\r\n\r\n` +
      answer("GET /a "),
  );
  assert.equal(near.end?.name, "ClosedError");
  assert.equal(http.near, undefined);
});

Deno.test("a near protocol that closes ends its chunked body properly", () => {
  const near = new NearProtocol();
  const { carrier } = openRig((exchange) =>
    void exchange.startBody({ status: 200, framing: "chunked", near })
  );
  carrier.deliver(GET);
  near.send(latin1("a"));
  near.close();
  assert.ok(carrier.text.endsWith("1\r\na\r\n0\r\n\r\n"));
  assert.ok(carrier.closedWith !== undefined);
});

Deno.test("startBody to HTTP/1.0 is up to the end, and to HEAD is the head alone", () => {
  const near = new NearProtocol();
  const old = openRig((exchange) => void exchange.startBody({ status: 200, framing: "chunked", near }));
  old.carrier.deliver("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  near.send(latin1("a"));
  assert.equal(old.carrier.text, `HTTP/1.1 200 OK\r\n${DATE}${CLOSE}\r\na`);
  const results: boolean[] = [];
  const head = openRig((exchange) => {
    results.push(exchange.startBody({ status: 200, framing: "chunked", near: new NearProtocol() }));
  });
  head.carrier.deliver(`HEAD / HTTP/1.1\r\n${HOST}\r\n`);
  assert.deepEqual(results, [false]);
  assert.equal(head.carrier.text, `HTTP/1.1 200 OK\r\n${DATE}Transfer-Encoding: chunked\r\n\r\n`);
  assert.equal(head.http.near, undefined);
});

Deno.test("upgrade passes bytes both ways, those that came early too", () => {
  const near = new NearProtocol();
  let exchange: HttpExchange | undefined;
  const { carrier, http } = openRig((asked) => exchange = asked);
  carrier.deliver(`${GET}early`);
  exchange?.upgrade({ protocol: "x", headers: { Y: "z" }, near });
  assert.equal(
    carrier.take(),
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\nY: z\r\n\r\n",
  );
  carrier.deliver(" and late");
  near.send(latin1("back"));
  assert.equal(near.got, "early and late");
  assert.equal(carrier.take(), "back");
  assert.equal(http.isTransparent, true);
});

Deno.test("no line of the log holds a query or a header's value", () => {
  const secrets = [
    `GET /a?key=s3cret  HTTP/1.1\r\n${HOST}\r\n`,
    `GET /a?key=s3cret HTTP/3.0\r\n${HOST}\r\n`,
    `GET /a?key=s3cret HTTP/1.1\r\n\r\n`,
    `GET /a HTTP/1.1\r\n${HOST}Authorization s3cret\r\n\r\n`,
    `GET /a HTTP/1.1\r\n${HOST}Authorization: s3cret\x01\r\n\r\n`,
    `GET /a#s3cret HTTP/1.1\r\n${HOST}\r\n`,
    `GET http://s3cret@a/ HTTP/1.1\r\n${HOST}\r\n`,
    `POST /a?key=s3cret HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\nx`,
  ];
  for (const text of secrets) {
    const { carrier, log, facts } = openRig(tell);
    carrier.deliver(text);
    assert.equal(log.length, 1, text);
    assert.ok(!log[0]!.includes("s3cret") && !JSON.stringify(facts).includes("s3cret"), log[0]);
  }
});

Deno.test("a router that throws is answered 500 and logged without the query", () => {
  const { carrier, log } = openRig(() => {
    throw new Error("no such table");
  });
  carrier.deliver(`GET /a?key=secret HTTP/1.1\r\n${HOST}\r\n`);
  assert.match(carrier.text, /^HTTP\/1\.1 500 /);
  assert.deepEqual(log, ["WARN 192.0.2.7:50000 GET /a: the router failed: no such table"]);
});

Deno.test("an exchange is answered once, with a status and fields that cannot break the head", () => {
  const { carrier } = openRig((exchange) => {
    assert.throws(() => exchange.respond({ status: 101 }), RangeError);
    assert.throws(() => exchange.respond({ status: 200, headers: { "Content-Length": "1" } }), TypeError);
    assert.throws(() => exchange.respond({ status: 200, headers: { a: "b\r\nc: d" } }), TypeError);
    assert.throws(() => exchange.respond({ status: 200, headers: { "a b": "c" } }), TypeError);
    assert.throws(() => exchange.respond({ status: 200, headers: { a: "\u0100" } }), TypeError);
    exchange.respond({ status: 200, headers: { "Set-Cookie": ["a=b", "c=d"] } });
    assert.throws(() => exchange.respond({ status: 200 }), TypeError);
    assert.equal(exchange.isAnswered, true);
  });
  carrier.deliver(GET);
  assert.equal(carrier.text, answer("", { fields: "Set-Cookie: a=b\r\nSet-Cookie: c=d\r\n" }));
});

Deno.test("an answer after the peer went away is ignored, and whenEnded tells of it", () => {
  let exchange: HttpExchange | undefined;
  let ended = 0;
  const { carrier, facts } = openRig((asked) => {
    exchange = asked;
    asked.whenEnded(() => ended++);
  });
  carrier.deliver(GET);
  carrier.drop();
  assert.equal(ended, 1);
  assert.equal(exchange?.isAnswered, true);
  exchange?.respond({ status: 200 });
  exchange?.startBody({ status: 200, framing: "close", near: new NearProtocol() });
  exchange?.upgrade({ protocol: "x", near: new NearProtocol() });
  exchange?.whenEnded(() => ended++);
  assert.equal(ended, 2);
  assert.deepEqual(facts.map((fact) => [fact.status, fact.isComplete]), [[0, false]]);
});

Deno.test("an error in a body whose answer has begun ends the connection", () => {
  const { carrier } = openRig((exchange) => {
    exchange.receiveBody({ receive() {}, ended() {} });
    exchange.startBody({ status: 200, framing: "chunked" });
  });
  carrier.deliver(`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\nx\r\n`);
  assert.equal(carrier.closedWith?.name, "ProtocolError");
  assert.ok(!carrier.text.includes("400"));
});

/** A connection whose requests go to a protocol that knows no HTTP. */
function openNear(): { carrier: ScriptedCarrier; clock: ManualClock; near: NearProtocol } {
  const carrier = new ScriptedCarrier();
  const clock = new ManualClock();
  const near = new NearProtocol();
  const http = new HttpServerProtocol({ clock });
  http.linkNear(near);
  http.openOn(carrier);
  return { carrier, clock, near };
}

const TYPE = "Content-Type: application/octet-stream\r\n";

Deno.test("without a router the protocol on top gets bodies, and what it sends is the answer", () => {
  const { carrier, near } = openNear();
  near.onGot = (bytes) => near.send(latin1(`ECHO ${textOf(bytes)}`));
  carrier.deliver(
    `POST /a HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\nabcPOST /b HTTP/1.1\r\n${HOST}Content-Length: 1\r\n\r\n`,
  );
  carrier.deliver("d");
  carrier.deliver(GET);
  assert.equal(
    carrier.text,
    answer("ECHO abc", { fields: TYPE }) + answer("ECHO d", { fields: TYPE }) +
      `HTTP/1.1 204 No Content\r\n${DATE}\r\n`,
  );
});

Deno.test("without a router a late answer is waited for, not for ever, and a large one is streamed", () => {
  const { carrier, clock, near } = openNear();
  const post = `POST /a HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\nabc`;
  carrier.deliver(post);
  assert.equal(carrier.take(), "");
  near.send(latin1("late"));
  assert.equal(carrier.take(), answer("late", { fields: TYPE }));
  carrier.deliver(post);
  clock.advance(NEAR_ANSWER_TIMEOUT_MS);
  assert.match(carrier.take(), /^HTTP\/1\.1 504 /);
  near.onGot = (bytes) => near.send(bytes.slice());
  const half = MAX_COLLECTED_BYTES;
  carrier.deliver(`POST /a HTTP/1.1\r\n${HOST}Content-Length: ${2 * half}\r\n\r\n`);
  carrier.deliver(new Uint8Array(half).fill(97));
  assert.equal(carrier.take(), "");
  carrier.deliver(new Uint8Array(half - 1).fill(97));
  carrier.deliver("b");
  const size = (2 * half - 1).toString(16);
  const got = undated(carrier.take());
  assert.ok(got.startsWith(`HTTP/1.1 200 OK\r\n${TYPE}Transfer-Encoding: chunked\r\n\r\n${size}\r\naaa`));
  assert.ok(got.endsWith(`aaa\r\n1\r\nb\r\n0\r\n\r\n`));
  assert.throws(() => near.send(latin1("unasked")), /no request waits/);
});

Deno.test("HttpServerProtocol needs a router or a protocol on top", () => {
  const http = new HttpServerProtocol({ clock: new ManualClock() });
  assert.throws(() => http.openOn(new ScriptedCarrier()), /needs a router/);
});
