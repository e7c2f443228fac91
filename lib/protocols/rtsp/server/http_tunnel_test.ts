import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1, ScriptedCarrier, textOf } from "../../../../tests/helpers/scripted_carrier.ts";
import { ManualClock } from "#clock";
import { HttpServerProtocol } from "#protocols/http";
import { MAX_TUNNEL_COOKIE_LENGTH, RtspPortProtocol, RtspProtocol, RtspTunnel } from "#protocols/rtsp";
import { Base64Stream } from "./base64_stream.ts";

/** Connections to one port; nothing is there to play. */
function rig() {
  const clock = new ManualClock();
  const application = {
    open: () => Promise.resolve({ status: 404, reason: "" }),
    announce: () => Promise.resolve({ status: 403, reason: "" }),
  };
  const rtsp = () => new RtspProtocol({ clock, application });
  const router = new RtspTunnel(rtsp);
  const http = () => new HttpServerProtocol({ clock, router });
  const connect = () => {
    const carrier = new ScriptedCarrier();
    new RtspPortProtocol({ clock, rtsp, http }).openOn(carrier);
    return carrier;
  };
  return { clock, router, connect };
}

const head = (method: string, cookie: string) =>
  `${method} /live/a HTTP/1.0\r\nx-sessioncookie: ${cookie}\r\n` +
  (method === "POST"
    ? "Content-Type: application/x-rtsp-tunnelled\r\nContent-Length: 8\r\n\r\n"
    : "Accept: application/x-rtsp-tunnelled\r\n\r\n");
const OPTIONS = "OPTIONS * RTSP/1.0\r\nCSeq: 7\r\n\r\n";

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

Deno.test("RtspTunnel answers on the GET what the POST asks in base64, past the length it told", async () => {
  const { router, connect, clock } = rig();
  const get = connect();
  get.deliver(head("GET", "c1"));
  assert.match(
    get.take(),
    /^HTTP\/1\.1 200 OK\r\n[^]*content-type: application\/x-rtsp-tunnelled\r\n[^]*\r\n\r\n$/i,
  );
  const post = connect();
  // each request is padded by itself
  const text = btoa(OPTIONS) + btoa(OPTIONS.replace("7", "10"));
  post.deliver(head("POST", "c1") + text.slice(0, 11));
  for (const character of text.slice(11)) post.deliver(character);
  await settle();
  assert.match(get.take(), /^RTSP\/1\.0 200 OK\r\nCSeq: 7\r\n[^]*RTSP\/1\.0 200 OK\r\nCSeq: 10\r\n/);
  assert.equal(post.take(), "", "the POST is never answered");
  // a client may send what follows over another connection
  post.drop();
  const second = connect();
  second.deliver(head("POST", "c1") + btoa(OPTIONS));
  await settle();
  assert.match(get.take(), /^RTSP\/1\.0 200 OK\r\nCSeq: 7/);
  get.drop();
  assert.deepEqual([router.size, second.closedWith === undefined, clock.pending], [0, false, 0]);
});

Deno.test("RtspTunnel refuses halves that fit no other, and what is no base64 ends its tunnel only", async () => {
  const { router, connect } = rig();
  const first = connect();
  first.deliver(head("GET", "c1"));
  first.take();
  const rows: [text: string, status: number][] = [
    [head("GET", "c1"), 409],
    [head("POST", "c2"), 404],
    [head("GET", "x".repeat(MAX_TUNNEL_COOKIE_LENGTH + 1)), 400],
    ["GET / HTTP/1.1\r\nHost: h\r\n\r\n", 400],
  ];
  for (const [text, status] of rows) {
    const carrier = connect();
    carrier.deliver(text);
    assert.match(carrier.take(), new RegExp(`^HTTP/1\\.1 ${status} `), text.slice(0, 40));
    carrier.drop();
  }
  const second = connect();
  second.deliver(head("GET", "c2"));
  const broken = connect();
  broken.deliver(`${head("POST", "c1")}*`);
  await settle();
  assert.ok(broken.closedWith);
  assert.deepEqual([first.closedWith, second.closedWith, router.size], [undefined, undefined, 2]);
  const nonsense = connect();
  nonsense.deliver(head("POST", "c1") + btoa("nonsense\r\n\r\n"));
  await settle();
  assert.match(first.take(), /RTSP\/1\.0 400/);
  assert.ok(first.closedWith && nonsense.closedWith);
  assert.deepEqual([second.closedWith, router.size], [undefined, 1]);
  second.drop();
});

Deno.test("RtspPortProtocol tells RTSP from HTTP at every split, and waits for neither for ever", async () => {
  for (const method of ["GET_PARAMETER", "OPTIONS", "P", "PLAY"]) {
    const { connect } = rig();
    const text = `${method} rtsp://h/live/a RTSP/1.0\r\nCSeq: 1\r\n\r\n`;
    for (let at = 1; at < 8; at++) {
      const carrier = connect();
      carrier.deliver(text.slice(0, at));
      carrier.deliver(text.slice(at));
      await settle();
      assert.match(carrier.take(), /^RTSP\/1\.0 \d+ [^]*CSeq: 1/, `${method} split at ${at}`);
      carrier.drop();
    }
  }
  const { connect, clock } = rig();
  const silent = connect();
  clock.advance(60_000);
  assert.ok(silent.closedWith);
  assert.equal(clock.pending, 0);
});

Deno.test("Base64Stream decodes texts in any pieces, one after the other", () => {
  const texts = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 5 });
  fc.assert(fc.property(texts, fc.integer({ min: 1, max: 7 }), (parts, step) => {
    const text = latin1(parts.map((part) => part.toBase64()).join("\r\n"));
    const stream = new Base64Stream();
    let decoded = "";
    for (let at = 0; at < text.length; at += step) {
      decoded += textOf(stream.push(text.subarray(at, at + step)));
    }
    assert.equal(decoded, parts.map((part) => textOf(part)).join(""));
  }));
  for (const text of ["*", "QQ==Q", "Q=Q="]) {
    const stream = new Base64Stream();
    if (text === "QQ==Q") assert.equal(textOf(stream.push(latin1(text))), "A");
    else assert.throws(() => stream.push(latin1(text)), /Cannot decode base64/);
  }
});
