import assert from "node:assert/strict";
import { concatBytes } from "#bytes";
import { ManualClock, systemClock, systemRandomBytes } from "#clock";
import { Reactor } from "#netio";
import { HttpClientProtocol, HttpServerProtocol } from "#protocols/http";
import { Protocol } from "#stack";
import { latin1, ScriptedCarrier } from "../../../tests/helpers/scripted_carrier.ts";
import { frameOf } from "./frame_rig_test.ts";
import {
  CLOSE_TIMEOUT_MS,
  OPCODE,
  PING_INTERVAL_MS,
  webSocketFrameBytes,
  WebSocketProtocol,
  writeWebSocketHeaderInto,
} from "./mod.ts";
import type { WebSocketOptions } from "./mod.ts";

/** Keeps what it receives; sends what the test says. */
class KeepingProtocol extends Protocol {
  readonly tag = "keeping";
  readonly kind = "endpoint";
  readonly got: number[][] = [];
  timesOpened = 0;
  onGot: (bytes: Uint8Array) => void = () => {};
  onUp: () => void = () => {};
  protected override onOpened(): void {
    this.timesOpened++;
    this.onUp();
  }
  protected override onReceive(bytes: Uint8Array): void {
    this.got.push([...bytes]);
    this.onGot(bytes);
  }
}

const UPGRADE = "GET /a HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

interface SocketRig {
  readonly carrier: ScriptedCarrier;
  readonly clock: ManualClock;
  readonly near: KeepingProtocol;
  readonly socket: WebSocketProtocol;
  readonly log: string[];
}

/** A socket in a chain `http, websocket, keeping`, after its handshake. */
function openSocket(options: Partial<WebSocketOptions> = {}): SocketRig {
  const carrier = new ScriptedCarrier();
  const clock = new ManualClock();
  const log: string[] = [];
  const near = new KeepingProtocol();
  const socket = new WebSocketProtocol({
    clock,
    log: { info: (line) => log.push(line), warn: (line) => log.push(line) },
    ...options,
  });
  const http = new HttpServerProtocol({ clock });
  http.linkNear(socket);
  socket.linkNear(near);
  http.openOn(carrier);
  assert.equal(near.timesOpened, 0, "not open before the handshake");
  carrier.deliver(UPGRADE);
  assert.match(
    carrier.take(),
    /^HTTP\/1\.1 101 [^]*Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n\r\n$/,
  );
  assert.equal(near.timesOpened, 1);
  return { carrier, clock, near, socket, log };
}

/** A server's frame as text. */
function served(opcode: number, payload: ArrayLike<number>): string {
  return String.fromCharCode(...frameOf(opcode, payload, { isMasked: false }));
}

const { Binary, Close, Continuation, Ping, Pong, Text } = OPCODE;

Deno.test("WebSocketProtocol gives whole messages near, text as UTF-8, and frames what near sends", () => {
  const { carrier, near } = openSocket();
  carrier.deliver(frameOf(Binary, [1, 2, 3]));
  carrier.deliver(concatBytes([
    frameOf(Text, latin1("\xc3"), { isFinal: false }),
    frameOf(Ping, [7]),
    frameOf(Continuation, latin1("\xa4")),
  ]));
  assert.deepEqual(near.got, [[1, 2, 3], [0xc3, 0xa4]]);
  assert.equal(carrier.take(), served(Pong, [7]));
  near.send(Uint8Array.of(9, 8));
  assert.equal(carrier.take(), served(Binary, [9, 8]));
  const large = new Uint8Array(70_000).fill(5);
  near.send(large);
  assert.equal(carrier.take(), served(Binary, large));
});

Deno.test("WebSocketProtocol reads frames that came with the handshake, in any split", () => {
  const bytes = concatBytes([latin1(UPGRADE), frameOf(Binary, [1]), frameOf(Binary, [2])]);
  for (let split = 0; split <= bytes.length; split++) {
    const carrier = new ScriptedCarrier();
    const clock = new ManualClock();
    const http = new HttpServerProtocol({ clock });
    const socket = new WebSocketProtocol({ clock });
    const near = new KeepingProtocol();
    http.linkNear(socket);
    socket.linkNear(near);
    http.openOn(carrier);
    carrier.deliver(bytes.subarray(0, split));
    carrier.deliver(bytes.subarray(split));
    assert.deepEqual(near.got, [[1], [2]], `split at ${split}`);
  }
});

Deno.test("WebSocketProtocol sends text and gives text to onText", () => {
  const texts: string[] = [];
  const { carrier, near, socket } = openSocket({ onText: (text) => texts.push(text) });
  carrier.deliver(frameOf(Text, latin1("\xef\xbb\xbfa")));
  assert.deepEqual(texts, ["\ufeffa"]);
  assert.deepEqual(near.got, []);
  socket.sendText("\u00e4");
  assert.equal(carrier.take(), served(Text, [0xc3, 0xa4]));
});

const CLOSES: readonly [name: string, frame: Uint8Array, answer: ArrayLike<number>][] = [
  ["1000", frameOf(Close, [0x03, 0xe8]), [0x03, 0xe8]],
  ["without a code", frameOf(Close, []), []],
  ["4999", frameOf(Close, [0x13, 0x87, 97]), [0x13, 0x87]],
];

for (const [name, frame, answer] of CLOSES) {
  Deno.test(`WebSocketProtocol answers Close ${name} and closes`, () => {
    const { carrier, clock, near } = openSocket();
    carrier.deliver(concatBytes([frame, frameOf(Binary, [1])]));
    assert.equal(carrier.take(), served(Close, answer));
    assert.equal(carrier.closedWith?.name, "ClosedError");
    assert.deepEqual(near.got, [], "nothing is read after Close");
    assert.equal(near.isClosed, true);
    assert.equal(clock.pending, 0);
  });
}

const FAULTS: readonly [name: string, bytes: Uint8Array, code: number][] = [
  ["an unmasked frame", frameOf(Binary, [1], { isMasked: false }), 1002],
  ["a reserved bit", Uint8Array.of(0xc2, 0x80), 1002],
  ["text that is not UTF-8", frameOf(Text, [0xff]), 1007],
  ["a surrogate in UTF-8", frameOf(Text, [0xed, 0xa0, 0x80]), 1007],
  ["a message over the limit", frameOf(Binary, new Array(101).fill(1)), 1009],
  ["Close of one byte", frameOf(Close, [3]), 1002],
  ["Close 999", frameOf(Close, [0x03, 0xe7]), 1002],
  ["Close 1005", frameOf(Close, [0x03, 0xed]), 1002],
  ["Close 1006", frameOf(Close, [0x03, 0xee]), 1002],
  ["Close 2999", frameOf(Close, [0x0b, 0xb7]), 1002],
  ["a reason that is not UTF-8", frameOf(Close, [0x03, 0xe8, 0xff]), 1007],
];

for (const [name, bytes, code] of FAULTS) {
  Deno.test(`WebSocketProtocol closes with ${code} on ${name}`, () => {
    const { carrier, log } = openSocket({ maxMessageBytes: 100 });
    carrier.deliver(bytes);
    const sent = latin1(carrier.take());
    assert.equal(sent[0], 0x88);
    assert.equal(sent[2]! << 8 | sent[3]!, code);
    assert.ok(carrier.closedWith !== undefined);
    assert.equal(log.length, 1);
    assert.match(log[0]!, new RegExp(`^192\\.0\\.2\\.7:50000: closed with ${code}: Cannot `));
  });
}

Deno.test("WebSocketProtocol pings, takes any sign of life, and drops a peer without one", () => {
  const { carrier, clock, near } = openSocket();
  clock.advance(PING_INTERVAL_MS);
  assert.equal(carrier.take(), served(Ping, []));
  carrier.deliver(frameOf(Pong, []));
  clock.advance(PING_INTERVAL_MS);
  assert.equal(carrier.take(), served(Ping, []));
  near.send(Uint8Array.of(1, 2, 3));
  clock.advance(PING_INTERVAL_MS);
  assert.equal(carrier.closedWith, undefined, "the peer took bytes, so it lives");
  clock.advance(PING_INTERVAL_MS);
  assert.match(String(carrier.closedWith), /no sign of life for 30000 ms/);
  assert.equal(clock.pending, 0);
});

Deno.test("WebSocketProtocol leaves pongs out while its bytes do not leave", () => {
  const { carrier, near } = openSocket();
  carrier.isStuck = true;
  near.send(new Uint8Array(5_000));
  for (let i = 0; i < 1_000; i++) carrier.deliver(frameOf(Ping, new Array(100).fill(1)));
  assert.ok(carrier.queuedBytes < 5_100, `${carrier.queuedBytes} bytes wait`);
});

Deno.test("WebSocketProtocol says Close, waits for the peer's, and gives up in time", () => {
  const polite = openSocket();
  polite.near.close("the stream has ended");
  assert.equal(polite.carrier.take(), served(Close, [0x03, 0xe8, ...latin1("the stream has ended")]));
  polite.near.send(Uint8Array.of(1));
  assert.equal(polite.carrier.take(), "");
  assert.equal(polite.carrier.closedWith, undefined);
  polite.carrier.deliver(frameOf(Close, [0x03, 0xe8]));
  assert.equal(polite.carrier.take(), "", "one Close is enough");
  assert.ok(polite.carrier.closedWith !== undefined);

  const rude = openSocket();
  rude.near.close("x".repeat(200));
  assert.equal(rude.carrier.take().length, 2 + 2 + 123);
  rude.clock.advance(CLOSE_TIMEOUT_MS);
  assert.ok(rude.carrier.closedWith !== undefined);
  assert.equal(rude.clock.pending, 0);
});

Deno.test("a pre-framed WebSocketProtocol lets shared slices through and sends its own frames between", () => {
  const { carrier, near } = openSocket({ isPreframed: true });
  const log = new Uint8Array(new SharedArrayBuffer(webSocketFrameBytes(3)));
  log.set([1, 2, 3], writeWebSocketHeaderInto(log, 0, 3));
  assert.equal(near.directCarrier, carrier);
  const slices: Uint8Array[] = [log];
  near.setSource({
    isAtBoundary: true,
    nextSlice: () => slices[0],
    accepted: () => void slices.shift(),
    failed: () => {},
  });
  carrier.deliver(frameOf(Ping, [4]));
  assert.equal(carrier.take(), served(Binary, [1, 2, 3]) + served(Pong, [4]));
  near.send(Uint8Array.of(0x82, 1, 5));
  assert.equal(carrier.take(), served(Binary, [5]), "own bytes are frames too");
});

Deno.test("a WebSocketProtocol that is not pre-framed gives no direct carrier", () => {
  assert.equal(openSocket().near.directCarrier, undefined);
});

Deno.test("a refused handshake leaves the connection for the next request", () => {
  const carrier = new ScriptedCarrier();
  const clock = new ManualClock();
  const http = new HttpServerProtocol({ clock });
  const socket = new WebSocketProtocol({ clock });
  const near = new KeepingProtocol();
  http.linkNear(socket);
  socket.linkNear(near);
  http.openOn(carrier);
  carrier.deliver("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  assert.match(carrier.take(), /^HTTP\/1\.1 426 [^]*Upgrade: websocket\r\n[^]*Connection: upgrade\r\n/);
  carrier.deliver(UPGRADE);
  assert.match(carrier.take(), /^HTTP\/1\.1 101 /);
  assert.equal(near.timesOpened, 1);
});

/** A server that says each message back; text as text. */
function serveEcho(options: Partial<WebSocketOptions> = {}): Disposable & { port: number } {
  const reactor = new Reactor();
  const live = new Set<Protocol>();
  const listener = reactor.listenTcp({ address: "127.0.0.1", port: 0 }, (carrier) => {
    const http: HttpServerProtocol = new HttpServerProtocol({
      clock: systemClock,
      router: {
        route(_request, exchange) {
          const socket: WebSocketProtocol = new WebSocketProtocol({
            clock: systemClock,
            onText: (text) => socket.sendText(text),
            ...options,
          });
          const near = new KeepingProtocol();
          near.onGot = (bytes) => near.send(bytes.slice());
          socket.linkNear(near);
          socket.accept(exchange);
        },
      },
    });
    live.add(http);
    http.whenClosed(() => live.delete(http));
    http.openOn(carrier);
  });
  return {
    port: listener.local.port,
    [Symbol.dispose]() {
      for (const http of live) http.abort(new Error("the test has ended"));
      reactor.close();
    },
  };
}

Deno.test("the runtime's WebSocket client talks with WebSocketProtocol, in all sizes, both kinds", async () => {
  using server = serveEcho({ subprotocols: ["b"] });
  const client = new WebSocket(`ws://127.0.0.1:${server.port}/a?b`, ["a", "b"]);
  client.binaryType = "arraybuffer";
  const next = (): Promise<MessageEvent> =>
    new Promise((resolve, reject) => {
      client.onmessage = resolve;
      client.onerror = reject;
    });
  await new Promise((resolve) => client.onopen = resolve);
  assert.equal(client.protocol, "b");
  for (const size of [0, 1, 125, 126, 65_535, 65_536, 300_000]) {
    const payload = Uint8Array.from({ length: size }, (_, i) => i * 7 & 0xff);
    const answer = next();
    client.send(payload);
    assert.deepEqual(new Uint8Array((await answer).data), payload);
  }
  const answer = next();
  client.send("\u00e4\ud83d\ude00");
  assert.equal((await answer).data, "\u00e4\ud83d\ude00");
  const closed = new Promise<CloseEvent>((resolve) => client.onclose = resolve);
  client.close(3001, "enough");
  const event = await closed;
  assert.equal(event.wasClean, true);
  assert.equal(event.code, 3001);
});

Deno.test("WebSocketProtocol talks with itself as client, over the HTTP client", async () => {
  using server = serveEcho();
  const reactor = new Reactor();
  const http = new HttpClientProtocol({ clock: systemClock });
  const socket = new WebSocketProtocol({ clock: systemClock, randomBytes: systemRandomBytes });
  const near = new KeepingProtocol();
  socket.linkNear(near);
  const done = Promise.withResolvers<void>();
  near.onUp = () => near.send(Uint8Array.of(1, 2, 3));
  near.onGot = () => near.close("done");
  near.whenClosed(() => done.resolve());
  http.openOn(await reactor.connectTcp({ address: "127.0.0.1", port: server.port }));
  socket.connect(http, { authority: `127.0.0.1:${server.port}`, target: "/" });
  await done.promise;
  assert.deepEqual(near.got, [[1, 2, 3]]);
  reactor.close();
});

Deno.test("WebSocketProtocol as client refuses a server that does not know the key", () => {
  const carrier = new ScriptedCarrier();
  const clock = new ManualClock();
  const http = new HttpClientProtocol({ clock });
  const socket = new WebSocketProtocol({ clock, randomBytes: (length) => new Uint8Array(length) });
  const near = new KeepingProtocol();
  socket.linkNear(near);
  http.openOn(carrier);
  socket.connect(http, { authority: "a", target: "/" });
  assert.match(
    carrier.take(),
    /^GET \/ HTTP\/1\.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n/,
  );
  carrier.deliver(
    "HTTP/1.1 101 A\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: a\r\n\r\n",
  );
  assert.match(String(carrier.closedWith), /Sec-WebSocket-Accept does not match/);
  assert.equal(near.timesOpened, 0);
});
