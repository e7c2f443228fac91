/** Answers by a web-standard handler. */
import assert from "node:assert/strict";
import { latin1 } from "../../../../tests/helpers/scripted_carrier.ts";
import { PROGRESS_TIMEOUT_MS } from "../mod.ts";
import type { HttpFetchHandler } from "../mod.ts";
import { DATE, openRig, turns } from "./rig_test.ts";
import type { Rig } from "./rig_test.ts";

const HOST = "Host: a:8080\r\n";
const GET = `GET /a?b=c HTTP/1.1\r\n${HOST}\r\n`;

function openFetch(handler: HttpFetchHandler): Rig {
  return openRig((exchange) => exchange.respondWith(handler));
}

/** What the peer gets from `handler` for `request`. */
async function ask(handler: HttpFetchHandler, request = GET): Promise<Rig & { text: string }> {
  const rig = openFetch(handler);
  rig.carrier.deliver(request);
  await turns();
  return { ...rig, text: rig.carrier.text };
}

/** A stream of pieces that come when the test says so. */
function stepped(): {
  stream: ReadableStream<Uint8Array>;
  push: (text: string) => void;
  end: () => void;
  cancelled: unknown[];
} {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const cancelled: unknown[] = [];
  const stream = new ReadableStream<Uint8Array>({
    start: (given) => {
      controller = given;
    },
    cancel: (reason) => void cancelled.push(reason),
  });
  return {
    stream,
    cancelled,
    push: (text) => controller?.enqueue(latin1(text)),
    end: () => controller?.close(),
  };
}

Deno.test("respondWith makes the request a handler expects", async () => {
  let seen: Request | undefined;
  let remote = "";
  let body = "";
  await ask(
    async (request, context) => {
      seen = request;
      remote = `${context.remote.address} ${context.remote.port}`;
      body = await request.text();
      return new Response();
    },
    `POST /%41/../b?c=%20d HTTP/1.1\r\n${HOST}X: 1\r\nx: 2\r\nCookie: e=f\r\nContent-Length: 5\r\n\r\nhello`,
  );
  assert.equal(seen?.method, "POST");
  assert.equal(seen?.url, "http://a:8080/b?c=%20d");
  assert.equal(seen?.headers.get("x"), "1, 2");
  assert.equal(seen?.headers.get("cookie"), "e=f");
  assert.equal(body, "hello");
  assert.equal(remote, "192.0.2.7 50000");
});

const PLAIN: readonly [name: string, response: () => Response, request: string, expected: string][] = [
  [
    "text has a length",
    () => new Response("hello", { headers: { "x-a": "b" } }),
    GET,
    `200 OK\r\n${DATE}content-type: text/plain;charset=UTF-8\r\nx-a: b\r\nContent-Length: 5\r\n\r\nhello`,
  ],
  ["no body", () => new Response(null), GET, `200 OK\r\n${DATE}Content-Length: 0\r\n\r\n`],
  [
    "empty text",
    () => new Response("", { headers: { "content-type": "a/b" } }),
    GET,
    `200 OK\r\n${DATE}content-type: a/b\r\nContent-Length: 0\r\n\r\n`,
  ],
  ["204", () => new Response(null, { status: 204 }), GET, `204 No Content\r\n${DATE}\r\n`],
  [
    "304",
    () => new Response(null, { status: 304, headers: { etag: '"a"' } }),
    GET,
    `304 Not Modified\r\n${DATE}etag: "a"\r\n\r\n`,
  ],
  [
    "cookies stay apart",
    () => {
      const headers = new Headers();
      headers.append("set-cookie", "a=b");
      headers.append("set-cookie", "c=d");
      return new Response(null, { headers });
    },
    GET,
    `200 OK\r\n${DATE}set-cookie: a=b\r\nset-cookie: c=d\r\nContent-Length: 0\r\n\r\n`,
  ],
  [
    "fields of one hop are left out",
    () =>
      new Response(null, {
        headers: { connection: "x", "keep-alive": "1", "transfer-encoding": "gzip", upgrade: "h2c" },
      }),
    GET,
    `200 OK\r\n${DATE}upgrade: h2c\r\nContent-Length: 0\r\nConnection: upgrade\r\n\r\n`,
  ],
  [
    "a redirect",
    () => Response.redirect("http://a/b", 303),
    GET,
    `303 See Other\r\n${DATE}location: http://a/b\r\nContent-Length: 0\r\n\r\n`,
  ],
  [
    "HEAD with a declared length",
    () => new Response("hello", { headers: { "content-length": "5", "content-type": "a/b" } }),
    GET.replace("GET", "HEAD"),
    `200 OK\r\n${DATE}content-type: a/b\r\nContent-Length: 5\r\n\r\n`,
  ],
  [
    "HEAD without one",
    () => new Response("hello", { headers: { "content-type": "a/b" } }),
    GET.replace("GET", "HEAD"),
    `200 OK\r\n${DATE}content-type: a/b\r\n\r\n`,
  ],
  [
    "an unknown status",
    () => new Response(null, { status: 299 }),
    GET,
    `299 \r\n${DATE}Content-Length: 0\r\n\r\n`,
  ],
];

for (const [name, response, request, expected] of PLAIN) {
  Deno.test(`respondWith writes: ${name}`, async () => {
    const { text, carrier, log, facts } = await ask(response, request);
    assert.equal(text, `HTTP/1.1 ${expected}`);
    assert.equal(carrier.closedWith, undefined);
    assert.deepEqual(log, []);
    assert.equal(facts.length, 1);
    assert.equal(facts[0]?.bytes, text.length);
    assert.equal(facts[0]?.isComplete, true);
  });
}

Deno.test("respondWith sends the head of a stream at once and each piece as it comes", async () => {
  const body = stepped();
  const responses = [new Response(body.stream)];
  const { carrier, clock } = await ask(() => responses.pop() ?? new Response("next"));
  assert.equal(carrier.take(), `HTTP/1.1 200 OK\r\n${DATE}Transfer-Encoding: chunked\r\n\r\n`);
  body.push("hello, world");
  await turns();
  assert.equal(carrier.take(), "c\r\nhello, world\r\n");
  const large = "x".repeat(20_000);
  body.push(large);
  await turns();
  assert.equal(carrier.take(), `4e20\r\n${large}\r\n`);
  carrier.deliver(GET);
  body.end();
  await turns();
  assert.ok(carrier.take().startsWith("0\r\n\r\nHTTP/1.1 200 OK\r\n"), "the next request is served");
  carrier.drop();
  assert.equal(clock.pending, 0);
});

Deno.test("respondWith streams with a declared length, and up to the end for HTTP/1.0", async () => {
  const body = stepped();
  const { carrier } = await ask(() => new Response(body.stream, { headers: { "content-length": "4" } }));
  body.push("ab");
  await turns();
  body.push("cd");
  body.end();
  await turns();
  assert.equal(carrier.text, `HTTP/1.1 200 OK\r\n${DATE}Content-Length: 4\r\n\r\nabcd`);
  const late = stepped();
  const old = await ask(() => new Response(late.stream), "GET / HTTP/1.0\r\n\r\n");
  late.push("ab");
  await turns();
  late.end();
  await turns();
  assert.equal(old.carrier.text, `HTTP/1.1 200 OK\r\n${DATE}Connection: close\r\n\r\nab`);
  assert.ok(old.carrier.closedWith !== undefined);
});

for (const [name, pieces] of [["few", ["ab"]], ["many", ["abc", "de"]]] as const) {
  Deno.test(`respondWith ends the connection on too ${name} bytes for the declared length`, async () => {
    const body = stepped();
    const { carrier, log } = await ask(() =>
      new Response(body.stream, { headers: { "content-length": "4" } })
    );
    for (const piece of pieces) body.push(piece);
    body.end();
    await turns();
    assert.ok(carrier.closedWith !== undefined);
    assert.ok(carrier.text.endsWith("Content-Length: 4\r\n\r\n") || carrier.text.length < 200);
    assert.equal(log.length, 1);
    assert.match(log[0]!, /its Content-Length is 4/);
    assert.ok(!carrier.text.includes("abcde"), "never more than was declared");
  });
}

const FAILURES: readonly [name: string, handler: HttpFetchHandler, log: RegExp][] = [
  ["throws", () => {
    throw new Error("out of luck");
  }, /out of luck/],
  ["rejects", () => Promise.reject(new TypeError("no")), /no$/],
  ["gives Response.error()", () => Response.error(), /status 0/],
  [
    "declares a bad length",
    () => new Response("a", { headers: { "content-length": "x" } }),
    /Content-Length "x"/,
  ],
  ["gives a used body", async () => {
    const response = new Response("a");
    await response.text();
    return response;
  }, /./],
];

for (const [name, handler, line] of FAILURES) {
  Deno.test(`respondWith answers 500 and logs one line when the handler ${name}`, async () => {
    const { text, log, carrier } = await ask(handler);
    assert.match(text, /^HTTP\/1\.1 500 Internal Server Error\r\n/);
    assert.equal(log.length, 1);
    assert.match(log[0]!, /^WARN 192\.0\.2\.7:50000 GET \/a: the handler failed: /);
    assert.match(log[0]!, line);
    assert.equal(carrier.closedWith, undefined);
  });
}

Deno.test("respondWith ends the connection when a body fails midway", async () => {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const { carrier, log, facts } = await ask(() =>
    new Response(
      new ReadableStream<Uint8Array>({
        start: (given) => {
          controller = given;
        },
      }),
    )
  );
  controller?.enqueue(latin1("a"));
  await turns();
  controller?.error(new Error("disk full"));
  await turns();
  assert.ok(carrier.closedWith !== undefined);
  assert.ok(!carrier.text.endsWith("0\r\n\r\n"), "the peer can tell that it is cut");
  assert.equal(log.length, 1);
  assert.equal(facts[0]?.isComplete, false);
});

Deno.test("a peer that leaves aborts the signal, fails the request body and cancels the response body", async () => {
  const body = stepped();
  let reason: unknown;
  const { carrier, clock, log } = await ask((request) => {
    request.signal.addEventListener("abort", () => reason = request.signal.reason);
    return new Response(body.stream);
  });
  body.push("a");
  await turns();
  carrier.drop();
  await turns();
  assert.equal((reason as Error).name, "ClosedError");
  assert.equal(body.cancelled.length, 1);
  assert.deepEqual(log, []);
  assert.equal(clock.pending, 0);

  let uploadError: unknown;
  const upload = openFetch(async (request) => {
    try {
      await request.text();
    } catch (error) {
      uploadError = error;
    }
    return new Response("too late");
  });
  upload.carrier.deliver(`POST / HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\nhe`);
  await turns();
  upload.carrier.drop();
  await turns();
  assert.equal((uploadError as Error).name, "ClosedError");
  assert.deepEqual(upload.log, []);
});

Deno.test("a response that comes after the peer has left is cancelled", async () => {
  const body = stepped();
  const answer = Promise.withResolvers<Response>();
  const { carrier, log } = await ask(() => answer.promise);
  carrier.drop();
  answer.resolve(new Response(body.stream));
  await turns();
  assert.equal(body.cancelled.length, 1);
  assert.deepEqual(log, []);
});

Deno.test("the signal of a completed request is not aborted", async () => {
  let signal: AbortSignal | undefined;
  const { carrier } = await ask((request) => {
    signal = request.signal;
    return new Response("a");
  });
  carrier.drop();
  assert.equal(signal?.aborted, false);
});

Deno.test("a request body is read only as it is asked for", async () => {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  const { carrier } = await ask((request) => {
    reader = request.body?.getReader();
    return new Promise<Response>(() => {});
  }, `POST / HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: 300000\r\n\r\n`);
  assert.equal(carrier.text, "", "no 100 Continue before the body is wanted");
  let read = reader?.read();
  await turns();
  assert.equal(carrier.text, "HTTP/1.1 100 Continue\r\n\r\n");
  carrier.deliver(new Uint8Array(100_000));
  assert.equal((await read)?.value?.length, 100_000);
  assert.equal(carrier.isPaused, true);
  read = reader?.read();
  await turns();
  assert.equal(carrier.isPaused, false);
  carrier.deliver(new Uint8Array(100_000));
  assert.equal((await read)?.value?.length, 100_000);
});

Deno.test("a response body is read only as the peer takes it, and a peer that stops is dropped", async () => {
  let pulled = 0;
  const { carrier, clock, log } = openFetch(() =>
    new Response(
      new ReadableStream<Uint8Array>({
        pull(controller) {
          if (++pulled === 5) carrier.isStuck = true;
          controller.enqueue(new Uint8Array(30_000));
        },
      }, { highWaterMark: 0 }),
    )
  );
  carrier.deliver(GET);
  await turns(500);
  assert.deepEqual(log, []);
  assert.ok(pulled <= 6, `${pulled} pieces`);
  clock.advance(PROGRESS_TIMEOUT_MS - 1);
  assert.equal(carrier.closedWith, undefined);
  clock.advance(1);
  assert.match(String(carrier.closedWith), /took nothing for 30000 ms/);
  await turns();
  assert.equal(clock.pending, 0);
});

Deno.test("respondWith refuses what the web's Request cannot hold", async () => {
  assert.match((await ask(() => new Response(), `TRACE / HTTP/1.1\r\n${HOST}\r\n`)).text, /^HTTP\/1\.1 405 /);
  const bad = await ask(() => new Response(), "GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n");
  assert.match(bad.text, /^HTTP\/1\.1 400 /);
  const old = await ask((request) => new Response(request.url), "GET /x HTTP/1.0\r\n\r\n");
  assert.ok(old.text.endsWith("http://127.0.0.1:8080/x"), "without Host the address itself");
});

Deno.test("closing this side cuts a response body, so that the peer can tell, and leaves nothing behind", async () => {
  const body = stepped();
  const { carrier, clock, http, facts } = await ask(() => new Response(body.stream));
  carrier.isStuck = true;
  body.push("a");
  await turns();
  http.close("shutdown");
  carrier.isStuck = false;
  carrier.pump();
  await turns();
  assert.ok(carrier.closedWith !== undefined);
  assert.ok(!carrier.text.endsWith("0\r\n\r\n"));
  assert.equal(body.cancelled.length, 1);
  assert.equal(facts[0]?.isComplete, false);
  assert.equal(clock.pending, 0);
});
