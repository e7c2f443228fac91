import assert from "node:assert/strict";
import { ManualClock } from "#clock";
import { HttpServerProtocol } from "#protocols/http";
import { type Carrier, Protocol } from "#stack";
import { latin1, ScriptedCarrier } from "../../../tests/helpers/scripted_carrier.ts";
import {
  GAP_TIMEOUT_MS,
  IDLE_HOLD_MS,
  MAX_REQUEST_BYTES,
  RtmptProtocol,
  RtmptTunnel,
  SESSION_TIMEOUT_MS,
} from "./mod.ts";

/** The endpoint of a session: answers each input that starts with `?`. */
class NearProtocol extends Protocol {
  readonly tag = "near";
  readonly kind = "endpoint";
  received = "";
  closedWith: Error | undefined;
  protected override onReceive(bytes: Uint8Array): void {
    const text = new TextDecoder().decode(bytes);
    this.received += text;
    if (text.startsWith("?")) this.send(latin1(`!${text.slice(1)}`));
  }
  protected override onFarClosed(error: Error): void {
    this.closedWith = error;
  }
}

interface Answer {
  readonly status: number;
  /** Text of the body; the polling interval of a session's answer is its first character. */
  readonly body: string;
}

class OtherPlace extends ScriptedCarrier {
  override readonly remote = { address: "203.0.113.9", port: 1 };
}

class TunnelRig {
  readonly clock = new ManualClock();
  readonly nears: NearProtocol[] = [];
  readonly tunnel: RtmptTunnel;

  constructor(maxSessions = 100) {
    const open = (carrier: Carrier) => {
      const near = new NearProtocol();
      this.nears.push(near);
      near.openOn(carrier);
    };
    let seed = 0;
    const randomBytes = (length: number) => new Uint8Array(length).fill(++seed);
    this.tunnel = new RtmptTunnel({ clock: this.clock, open, maxSessions, randomBytes });
  }

  /** A connection of the client's. */
  connect(carrier: ScriptedCarrier = new ScriptedCarrier()): ScriptedCarrier {
    const http = new HttpServerProtocol({ clock: this.clock });
    http.linkNear(new RtmptProtocol(this.tunnel));
    http.openOn(carrier);
    return carrier;
  }

  /** Opens a session; returns its id. */
  async open(connection: ScriptedCarrier): Promise<string> {
    post(connection, "/open/1", "\0");
    const { status, body } = (await answers(connection))[0]!;
    assert.equal(status, 200);
    return body.trim();
  }
}

function post(connection: ScriptedCarrier, path: string, body: string): void {
  const head = `POST ${path} HTTP/1.1\r\nHost: h.example:8080\r\nContent-Length: ${body.length}\r\n\r\n`;
  const text = head + body;
  for (let at = 0; at < text.length; at += 65_536) connection.deliver(text.slice(at, at + 65_536));
}

/** What was answered since the last call. */
async function answers(connection: ScriptedCarrier): Promise<Answer[]> {
  for (let turn = 0; turn < 40; turn++) await Promise.resolve();
  const found: Answer[] = [];
  let text = connection.take();
  while (text !== "") {
    const head = /^HTTP\/1\.1 (\d+)[^]*?\r\n\r\n/.exec(text)!;
    const length = Number(/content-length: (\d+)/i.exec(head[0])![1]);
    found.push({ status: Number(head[1]), body: text.slice(head[0].length, head[0].length + length) });
    text = text.slice(head[0].length + length);
  }
  return found;
}

Deno.test("RtmptTunnel opens sessions with ids of their own, and tells where to connect", async () => {
  const rig = new TunnelRig();
  const connection = rig.connect();
  post(connection, "/fcs/ident2", "\0");
  assert.deepEqual(await answers(connection), [{ status: 200, body: "h.example\n" }]);
  const first = await rig.open(connection);
  const second = await rig.open(connection);
  assert.match(first, /^[0-9a-f]{32}$/);
  assert.notEqual(first, second);
  assert.equal(rig.tunnel.size, 2);
});

Deno.test("RtmptTunnel carries input with send, and answers with what it causes", async () => {
  const rig = new TunnelRig();
  const connection = rig.connect();
  const id = await rig.open(connection);
  post(connection, `/send/${id}/0`, "?connect");
  assert.deepEqual(await answers(connection), [{ status: 200, body: "\x01!connect" }]);
  post(connection, `/send/${id}/1`, "media");
  assert.deepEqual(await answers(connection), [{ status: 200, body: "\x01" }]);
  assert.equal(rig.nears[0]!.received, "?connectmedia");
});

Deno.test("RtmptTunnel lets idle wait for output, and not for long", async () => {
  const rig = new TunnelRig();
  const connection = rig.connect();
  const id = await rig.open(connection);
  post(connection, `/idle/${id}/5`, "\0");
  assert.deepEqual(await answers(connection), []);
  rig.nears[0]!.send(latin1("news"));
  assert.deepEqual(await answers(connection), [{ status: 200, body: "\x01news" }]);
  post(connection, `/idle/${id}/6`, "\0");
  assert.deepEqual(await answers(connection), []);
  rig.clock.advance(IDLE_HOLD_MS);
  assert.deepEqual(await answers(connection), [{ status: 200, body: "\x01" }]);
});

Deno.test("RtmptTunnel asks to be polled less often while there is nothing, and often again once there is", async () => {
  const rig = new TunnelRig();
  const connection = rig.connect();
  const id = await rig.open(connection);
  for (let sequence = 0; sequence < 65; sequence++) {
    post(connection, `/idle/${id}/${sequence}`, "\0");
    await answers(connection);
    rig.clock.advance(IDLE_HOLD_MS);
  }
  post(connection, `/send/${id}/65`, "x");
  assert.equal((await answers(connection))[0]!.body, "\x21");
  post(connection, `/send/${id}/66`, "?x");
  assert.equal((await answers(connection))[0]!.body, "\x01!x");
});

Deno.test("RtmptTunnel puts requests of several connections in order", async () => {
  const rig = new TunnelRig();
  const [a, b, c] = [rig.connect(), rig.connect(), rig.connect()];
  const id = await rig.open(a);
  post(a, `/send/${id}/1`, "1");
  await answers(a);
  post(c, `/send/${id}/4`, "4");
  post(b, `/send/${id}/3`, "3");
  assert.deepEqual([await answers(b), await answers(c)], [[], []]);
  post(a, `/send/${id}/2`, "2");
  const all = [await answers(a), await answers(b), await answers(c)];
  assert.deepEqual(all.map(([answer]) => answer?.status), [200, 200, 200]);
  assert.equal(rig.nears[0]!.received, "1234");
});

Deno.test("RtmptTunnel lets a held idle go when the next request comes", async () => {
  const rig = new TunnelRig();
  const [a, b] = [rig.connect(), rig.connect()];
  const id = await rig.open(a);
  post(a, `/idle/${id}/1`, "\0");
  assert.deepEqual(await answers(a), []);
  post(b, `/send/${id}/2`, "?now");
  assert.deepEqual(await answers(a), [{ status: 200, body: "\x01" }]);
  assert.deepEqual(await answers(b), [{ status: 200, body: "\x01!now" }]);
});

Deno.test("RtmptTunnel answers the last request again as before, and delivers it once", async () => {
  const rig = new TunnelRig();
  const [a, b] = [rig.connect(), rig.connect()];
  const id = await rig.open(a);
  post(a, `/send/${id}/1`, "?once");
  await answers(a);
  post(b, `/send/${id}/1`, "?once");
  assert.deepEqual(await answers(b), [{ status: 200, body: "\x01!once" }]);
  assert.equal(rig.nears[0]!.received, "?once");
});

Deno.test("RtmptTunnel refuses sequence numbers that are over or far off, and the session lives on", async () => {
  const rig = new TunnelRig();
  const [a, b] = [rig.connect(), rig.connect()];
  const id = await rig.open(a);
  for (const sequence of [5, 6]) post(a, `/send/${id}/${sequence}`, String(sequence));
  await answers(a);
  for (const sequence of [4, 5, 99, 4_294_967_295]) {
    post(b, `/send/${id}/${sequence}`, "x");
    assert.deepEqual(await answers(b), [
      { status: 400, body: `Cannot take request ${sequence}: the next one is 7.\n` },
    ]);
  }
  post(b, `/send/${id}/7`, "7");
  assert.equal((await answers(b))[0]!.status, 200);
  assert.equal(rig.nears[0]!.received, "567");
});

Deno.test("RtmptTunnel ends a session whose request never comes", async () => {
  const rig = new TunnelRig();
  const [a, b] = [rig.connect(), rig.connect()];
  const id = await rig.open(a);
  post(a, `/send/${id}/1`, "1");
  await answers(a);
  post(b, `/send/${id}/3`, "3");
  rig.clock.advance(GAP_TIMEOUT_MS);
  assert.match(String(rig.nears[0]!.closedWith), /request 2 did not come in 10000 ms/);
  assert.deepEqual(await answers(b), [{ status: 404, body: "The session has ended.\n" }]);
  assert.equal(rig.tunnel.size, 0);
});

Deno.test("RtmptTunnel knows no session that was guessed, stolen, expired or closed", async () => {
  const rig = new TunnelRig();
  const here = rig.connect();
  const there = rig.connect(new OtherPlace());
  const id = await rig.open(here);
  const unknown = { status: 404, body: "There is no such session.\n" };
  for (
    const path of [`/send/${"0".repeat(32)}/1`, "/send/abc/1", `/idle/${id}x/1`, "/nothing", "/send/../1"]
  ) {
    post(here, path, "x");
    assert.deepEqual(await answers(here), [unknown], path);
  }
  post(there, `/send/${id}/1`, "stolen");
  assert.deepEqual(await answers(there), [unknown]);
  assert.equal(rig.nears[0]!.received, "");
  post(here, `/close/${id}/1`, "the last");
  assert.equal((await answers(here))[0]!.status, 200);
  assert.match(String(rig.nears[0]!.closedWith), /closed by the peer/);
  assert.equal(rig.nears[0]!.received, "the last");
  post(here, `/send/${id}/2`, "x");
  assert.deepEqual(await answers(here), [unknown]);
  const expired = await rig.open(rig.connect());
  rig.clock.advance(SESSION_TIMEOUT_MS + SESSION_TIMEOUT_MS / 4);
  assert.match(String(rig.nears[1]!.closedWith), /expired/);
  const late = rig.connect();
  post(late, `/idle/${expired}/1`, "\0");
  assert.deepEqual(await answers(late), [unknown]);
});

Deno.test("RtmptTunnel refuses a body that is too large, and delivers nothing of it", async () => {
  const rig = new TunnelRig();
  const connection = rig.connect();
  const id = await rig.open(connection);
  post(connection, `/send/${id}/1`, "x".repeat(MAX_REQUEST_BYTES + 1));
  assert.equal((await answers(connection))[0]!.status, 413);
  assert.equal(rig.nears[0]!.received, "");
});

Deno.test("RtmptTunnel has as many sessions as it may, and POST only", async () => {
  const rig = new TunnelRig(2);
  const connection = rig.connect();
  await rig.open(connection);
  await rig.open(connection);
  post(connection, "/open/1", "\0");
  assert.equal((await answers(connection))[0]!.status, 503);
  connection.deliver("GET /open/1 HTTP/1.1\r\nHost: h\r\n\r\n");
  assert.equal((await answers(connection))[0]!.status, 405);
});

Deno.test("RtmptTunnel takes nothing from pages", async () => {
  const rig = new TunnelRig();
  const connection = rig.connect();
  for (const origin of ["https://example.com", "http://h.example:8080", "null"]) {
    connection.deliver(
      `POST /open/1 HTTP/1.1\r\nHost: h.example:8080\r\nOrigin: ${origin}\r\nContent-Length: 0\r\n\r\n`,
    );
    assert.equal((await answers(connection))[0]!.status, 403, origin);
  }
  assert.equal(rig.tunnel.size, 0);
});

Deno.test("RtmptTunnel gives the last output of a session that closes, then forgets it", async () => {
  const rig = new TunnelRig();
  const connection = rig.connect();
  const id = await rig.open(connection);
  rig.nears[0]!.send(latin1("bye"));
  rig.nears[0]!.close("done");
  assert.equal(rig.tunnel.size, 1);
  post(connection, `/idle/${id}/1`, "\0");
  assert.deepEqual(await answers(connection), [{ status: 200, body: "\x01bye" }]);
  assert.equal(rig.tunnel.size, 0);
});

Deno.test("RtmptTunnel does not wait for a client that never asks for the last output", async () => {
  const rig = new TunnelRig();
  await rig.open(rig.connect());
  rig.nears[0]!.send(latin1("bye"));
  rig.nears[0]!.close("done");
  rig.clock.advance(2_000);
  assert.equal(rig.tunnel.size, 0);
  assert.match(String(rig.nears[0]!.closedWith), /did not take the rest/);
});

Deno.test("RtmptTunnel keeps a session whose connection is lost", async () => {
  const rig = new TunnelRig();
  const first = rig.connect();
  const id = await rig.open(first);
  post(first, `/idle/${id}/1`, "\0");
  first.drop();
  const second = rig.connect();
  post(second, `/send/${id}/2`, "?still here");
  assert.deepEqual(await answers(second), [{ status: 200, body: "\x01!still here" }]);
});
