import { concatBytes } from "#bytes";
import { ManualClock } from "#clock";
import { HttpServerProtocol } from "#protocols/http";
import { RtmpProtocol } from "#protocols/rtmp";
import type { NetStreamClient } from "#protocols/rtmp";
import { WebSocketProtocol } from "#protocols/websocket";
import { Protocol } from "#stack";
import { command, encodeMessage, type0Header } from "../helpers/rtmp_chunks.ts";
import { clientHello } from "../helpers/rtmp_client.ts";
import { testProtocolContract } from "./protocol_contract.ts";

const NO_STREAM: NetStreamClient = { publish() {}, play() {}, media() {}, data() {}, stop() {} };

const UPGRADE = text(
  "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
);

testProtocolContract("RTMP", () => {
  const clock = new ManualClock();
  const protocol = new RtmpProtocol({
    clock,
    randomBytes: (length) => new Uint8Array(length),
    application: { connect: () => ({ isAccepted: true }), createStream: () => NO_STREAM },
  });
  const connect = encodeMessage(command("connect", 1, [{ app: "live" }]), 128);
  return {
    protocol,
    clock,
    greeting: concatBytes([clientHello(), new Uint8Array(1_536), connect]),
    nonsense: type0Header({ typeId: 9, length: 0xffffff }),
  };
});

testProtocolContract("HTTP", () => {
  const clock = new ManualClock();
  const protocol = new HttpServerProtocol({
    clock,
    router: { route: (_request, exchange) => exchange.respond({ status: 200, body: "ok" }) },
  });
  return {
    protocol,
    clock,
    greeting: text("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    nonsense: text("\x00\x01 x\r\n\r\n"),
  };
});

testProtocolContract("WebSocket on HTTP", () => {
  const clock = new ManualClock();
  const protocol = new HttpServerProtocol({
    clock,
    router: {
      route(_request, exchange) {
        const socket = new WebSocketProtocol({ clock });
        socket.linkNear(new SilentProtocol());
        socket.accept(exchange);
      },
    },
  });
  // An unmasked frame: RFC 6455, section 5.1.
  return { protocol, clock, greeting: UPGRADE, nonsense: Uint8Array.of(0x82, 1, 1) };
});

class SilentProtocol extends Protocol {
  readonly tag = "silent";
  readonly kind = "endpoint";
  protected override onReceive(): void {}
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}
