import { ManualClock } from "#clock";
import { HttpServerProtocol } from "#protocols/http";
import type { HttpExchange, HttpRequestHead } from "#protocols/http";
import { WebSocketProtocol } from "#protocols/websocket";
import { Protocol } from "#stack";
import { SinkCarrier } from "../../helpers/sink_carrier.ts";
import { seedOf, splitAtRandom } from "../mutate.ts";
import { assertSame, FuzzFailure, isBadInput } from "../target.ts";
import type { FuzzTarget } from "../target.ts";

const HTTP_SEEDS = [
  "GET /live/a.flv HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: Lavf/59\r\nRange: bytes=0-\r\n\r\n",
  "POST /api HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\nHost: a\r\n\r\n",
  "POST /api HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nA: b\r\n\r\n",
  "HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nOPTIONS * HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n",
  "GET /a?b=c%20d HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n",
].map((text) => new TextEncoder().encode(text));

const UPGRADE = new TextEncoder().encode(
  "GET /a HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
);

const FRAME_SEEDS = [
  new Uint8Array([0x82, 0x83, 1, 2, 3, 4, 9, 9, 9, 0x89, 0x80, 0, 0, 0, 0]),
  new Uint8Array([0x01, 0x82, 0, 0, 0, 0, 0x68, 0x69, 0x80, 0x81, 0, 0, 0, 0, 0x21]),
  new Uint8Array([0x82, 0xfe, 0, 200, 5, 6, 7, 8, ...new Uint8Array(200), 0x8a, 0x80, 1, 1, 1, 1]),
  new Uint8Array([0x88, 0x82, 0, 0, 0, 0, 3, 0xe8]),
];

/** HTTP requests: the same requests come out however the input is split. */
export function httpTarget(recorded: readonly Uint8Array[]): FuzzTarget {
  return {
    name: "http",
    seeds: [...recorded, ...HTTP_SEEDS],
    async run(bytes, random) {
      const whole = await readRequests([bytes]);
      assertSame("requests", whole, await readRequests(splitAtRandom(bytes, random)));
    },
  };
}

/** WebSocket frames behind a good upgrade: the same messages come out however the input is split. */
export function webSocketTarget(recorded: readonly Uint8Array[]): FuzzTarget {
  return {
    name: "websocket",
    seeds: [...recorded, ...FRAME_SEEDS],
    async run(bytes, random) {
      const whole = await readFrames([bytes]);
      assertSame("messages", whole, await readFrames(splitAtRandom(bytes, random)));
    },
  };
}

async function readRequests(parts: readonly Uint8Array[]): Promise<string[]> {
  const seen: string[] = [];
  const clock = new ManualClock();
  const http = new HttpServerProtocol({
    clock,
    router: { route: (request, exchange) => answer(request, exchange, seen) },
  });
  await feedAll(http, { parts, clock });
  return seen;
}

function answer(request: HttpRequestHead, exchange: HttpExchange, seen: string[]): void {
  seen.push(`${request.method} ${request.target}`);
  const body: string[] = [];
  exchange.receiveBody({
    receive: (bytes) => void body.push(new TextDecoder("latin1").decode(bytes)),
    ended() {
      const text = body.join("");
      seen.push(`body ${text.length} ${seedOf(new TextEncoder().encode(text))}`);
      exchange.respond({ status: 200, body: "ok" });
    },
  });
}

async function readFrames(parts: readonly Uint8Array[]): Promise<string[]> {
  const seen: string[] = [];
  const clock = new ManualClock();
  const http = new HttpServerProtocol({
    clock,
    router: {
      route(_request, exchange) {
        const socket = new WebSocketProtocol({ clock });
        socket.linkNear(new MessageCollector(seen));
        socket.accept(exchange);
      },
    },
  });
  await feedAll(http, { parts: [UPGRADE, ...parts], clock });
  return seen;
}

async function feedAll(
  http: HttpServerProtocol,
  { parts, clock }: { parts: readonly Uint8Array[]; clock: ManualClock },
): Promise<void> {
  const carrier = new SinkCarrier();
  http.openOn(carrier);
  for (const [index, part] of parts.entries()) {
    carrier.feed(part.slice());
    if (index < 4) await Promise.resolve();
  }
  for (let i = 0; i < 8; i++) await Promise.resolve();
  // Every deadline passes: nothing may stay open.
  for (let i = 0; i < 8; i++) clock.advance(60_000);
  const { end } = carrier;
  if (end === undefined) throw new FuzzFailure("The connection outlived all deadlines");
  if (!isBadInput(end)) throw end;
  if (clock.pending > 0) throw new FuzzFailure(`${clock.pending} timers were left behind`);
}

class MessageCollector extends Protocol {
  readonly tag = "collector";
  readonly kind = "endpoint";
  readonly #seen: string[];

  constructor(seen: string[]) {
    super();
    this.#seen = seen;
  }

  protected override onReceive(bytes: Uint8Array): void {
    this.#seen.push(`${bytes.length} ${seedOf(bytes)}`);
  }
}
