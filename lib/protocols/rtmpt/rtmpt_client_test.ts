import assert from "node:assert/strict";
import { ManualClock } from "#clock";
import { ClosedError } from "#errors";
import { HttpClientProtocol, HttpServerProtocol } from "#protocols/http";
import { Reactor } from "#netio";
import { type Carrier, Protocol } from "#stack";
import { latin1, ScriptedCarrier, textOf } from "../../../tests/helpers/scripted_carrier.ts";
import {
  CLIENT_POLL_UNIT_MS,
  IDLE_HOLD_MS,
  MAX_CLIENT_TRIES,
  RtmptClientCarrier,
  RtmptProtocol,
  RtmptTunnel,
} from "./mod.ts";

/** Everything that is ready has run. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
}

/** What came out of a session. */
class Taker {
  text = "";
  closedWith: Error | undefined;
  receive(bytes: Uint8Array): void {
    this.text += textOf(bytes);
  }
  closed(error: Error): void {
    this.closedWith = error;
  }
}

/** A client whose HTTP connections end in the test. */
class ClientRig {
  readonly clock = new ManualClock();
  readonly connections: ScriptedCarrier[] = [];
  readonly taker = new Taker();
  isDown = false;
  carrier: RtmptClientCarrier | undefined;

  async open(answer: string = "abc\n"): Promise<void> {
    const opening = RtmptClientCarrier.start({
      clock: this.clock,
      authority: "h:8080",
      openHttp: () => {
        if (this.isDown) return Promise.reject(new Error("refused"));
        const carrier = new ScriptedCarrier();
        this.connections.push(carrier);
        const http = new HttpClientProtocol({ clock: this.clock });
        http.openOn(carrier);
        return Promise.resolve(http);
      },
    });
    opening.catch(() => {});
    await settled();
    this.answer(answer);
    this.carrier = await opening;
    this.carrier.open(this.taker);
    await settled();
  }

  /** The newest connection. */
  get connection(): ScriptedCarrier {
    return this.connections.at(-1)!;
  }

  answer(body: string, status = "200 OK"): void {
    this.connection.deliver(`HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  }

  /** Paths and bodies of the requests since the last call. */
  async requests(): Promise<string[]> {
    await settled();
    return this.connection.take().split("POST ").slice(1).map((text) => {
      const [head = "", body = ""] = text.split("\r\n\r\n");
      return `${head.split(" ")[0]} ${body}`;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.carrier?.abort(new ClosedError("over"));
    await settled();
    assert.equal(this.clock.pending, 0, "timers are left");
  }
}

Deno.test("RtmptClientCarrier opens a session, sends, and polls as soon as the server asks", async () => {
  await using rig = new ClientRig();
  await rig.open();
  assert.match(
    rig.connection.text,
    /^POST \/open\/1 HTTP\/1.1\r\nHost: h:8080\r\nContent-Type: application\/x-fcs/,
  );
  rig.connection.take();
  rig.carrier!.send(latin1("one"));
  rig.carrier!.send(latin1("two"));
  assert.deepEqual(await rig.requests(), ["/send/abc/0 onetwo"]);
  rig.answer("\x01hello");
  await settled();
  rig.clock.advance(0);
  assert.deepEqual(await rig.requests(), ["/idle/abc/1 \0"]);
  assert.equal(rig.taker.text, "hello");
  rig.answer("\x05");
  await settled();
  rig.clock.advance(4 * CLIENT_POLL_UNIT_MS - 1);
  assert.deepEqual(await rig.requests(), []);
  rig.clock.advance(1);
  assert.deepEqual(await rig.requests(), ["/idle/abc/2 \0"]);
  rig.answer("\x01");
  await settled();
  rig.carrier!.send(latin1("at once"));
  assert.deepEqual(await rig.requests(), ["/send/abc/3 at once"]);
});

Deno.test("RtmptClientCarrier asks again over another connection, and delivers each byte once", async () => {
  await using rig = new ClientRig();
  await rig.open();
  rig.carrier!.send(latin1("x"));
  assert.deepEqual((await rig.requests()).at(-1), "/send/abc/0 x");
  rig.connection.deliver("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n\x01abc");
  rig.connection.drop();
  await settled();
  assert.equal(rig.connections.length, 2);
  assert.deepEqual(await rig.requests(), ["/send/abc/0 x"]);
  rig.answer("\x01abcdef");
  await settled();
  rig.clock.advance(0);
  assert.deepEqual(await rig.requests(), ["/idle/abc/1 \0"]);
  assert.equal(rig.taker.text, "abcdef");
  // a server that keeps no connection
  rig.connection.deliver("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n\x01g");
  await settled();
  rig.clock.advance(0);
  await settled();
  assert.equal(rig.connections.length, 3);
  assert.deepEqual(await rig.requests(), ["/idle/abc/2 \0"]);
  assert.equal(rig.taker.text, "abcdefg");
});

Deno.test("RtmptClientCarrier gives up a session that the server has ended, or that cannot be reached", async () => {
  {
    await using rig = new ClientRig();
    await rig.open();
    rig.carrier!.send(latin1("x"));
    await settled();
    rig.answer("no such session", "404 Not Found");
    await settled();
    assert.match(
      rig.taker.closedWith!.message,
      /RTMPT session lost: Cannot go on: the server answered 404 to send/,
    );
    assert.equal(rig.connections.length, 1);
  }
  {
    await using rig = new ClientRig();
    await rig.open();
    for (let tries = 0; tries < MAX_CLIENT_TRIES; tries++) {
      rig.carrier!.send(latin1("x"));
      await settled();
      assert.equal(rig.taker.closedWith, undefined);
      rig.connection.drop();
      await settled();
    }
    assert.match(rig.taker.closedWith!.message, /RTMPT session lost: closed by the peer/);
    assert.equal(rig.connections.length, MAX_CLIENT_TRIES);
  }
});

Deno.test("RtmptClientCarrier says so when the connection of its first request is lost at once", async () => {
  const clock = new ManualClock();
  const http = new HttpClientProtocol({ clock });
  const carrier = new ScriptedCarrier();
  http.openOn(carrier);
  carrier.drop();
  const openHttp = () => Promise.resolve(http);
  await assert.rejects(RtmptClientCarrier.start({ clock, authority: "h", openHttp }), {
    name: "ClosedError",
    message: "Connection lost before the request",
  });
});

const NO_IDS: readonly [name: string, id: string][] = [
  ["empty", ""],
  ["a path", "../fcs"],
  ["a head", "a b\r\nX: y"],
  ["endless", "a".repeat(10_000)],
];

for (const [name, id] of NO_IDS) {
  Deno.test(`RtmptClientCarrier takes no session id that is ${name}`, async () => {
    await using rig = new ClientRig();
    await assert.rejects(rig.open(id), /the server's answer is no session id/);
    assert.notEqual(rig.connection.closedWith, undefined);
  });
}

Deno.test("RtmptClientCarrier gives up an opening that is not answered, when it is told to", async () => {
  const clock = new ManualClock();
  const giveUp = new AbortController();
  const connection = new ScriptedCarrier();
  const opening = RtmptClientCarrier.start({
    clock,
    authority: "h",
    signal: giveUp.signal,
    openHttp: () => {
      const http = new HttpClientProtocol({ clock });
      http.openOn(connection);
      return Promise.resolve(http);
    },
  });
  const failure = assert.rejects(opening, /no answer in 3000 ms/);
  await settled();
  assert.match(connection.text, /^POST \/open\/1 /);
  giveUp.abort(new Error("no answer in 3000 ms"));
  await failure;
  assert.match(String(connection.closedWith), /given up/);
  assert.equal(clock.pending, 0, "timers are left");
});

Deno.test("RtmptClientCarrier waits with polling while it is paused, and closes the session it leaves", async () => {
  await using rig = new ClientRig();
  await rig.open();
  rig.carrier!.pause(true);
  // a poll was on its way
  await rig.requests();
  rig.clock.advance(0);
  await settled();
  rig.clock.advance(10_000);
  assert.deepEqual(await rig.requests(), []);
  rig.carrier!.pause(false);
  rig.clock.advance(0);
  assert.deepEqual(await rig.requests(), ["/idle/abc/0 \0"]);
  rig.carrier!.send(latin1("bye"));
  rig.carrier!.close();
  rig.answer("\x01");
  assert.deepEqual(await rig.requests(), ["/send/abc/1 bye"]);
  rig.answer("\x01");
  assert.deepEqual(await rig.requests(), ["/close/abc/2 \0"]);
  rig.answer("\x01");
  await settled();
  assert.equal(rig.taker.closedWith?.name, "ClosedError");
});

/** Sends each input back. */
class EchoProtocol extends Protocol {
  readonly tag = "echo";
  readonly kind = "endpoint";
  protected override onReceive(bytes: Uint8Array): void {
    this.send(bytes.slice());
  }
}

Deno.test("RtmptClientCarrier and RtmptTunnel carry everything once and in order while connections break", async () => {
  const clock = new ManualClock();
  const reactor = new Reactor({ clock });
  const open = (carrier: Carrier) => new EchoProtocol().openOn(carrier);
  const tunnel = new RtmptTunnel({ clock, open });
  const ends: Carrier[] = [];
  const taker = new Taker();
  const carrier = await RtmptClientCarrier.start({
    clock,
    authority: "h",
    openHttp: () => {
      const [near, far] = reactor.memoryPair({ capacityBytes: 1 << 20 });
      ends.push(far);
      const server = new HttpServerProtocol({ clock });
      server.linkNear(new RtmptProtocol(tunnel));
      server.openOn(far);
      const http = new HttpClientProtocol({ clock });
      http.openOn(near);
      return Promise.resolve(http);
    },
  });
  carrier.open(taker);
  let sent = "";
  for (let round = 0; round < 60; round++) {
    const text = `${round},`.repeat(1 + round * 7 % 50);
    sent += text;
    carrier.send(latin1(text));
    await settled();
    clock.advance(round % 3 * CLIENT_POLL_UNIT_MS);
    if (round % 4 === 3) ends.at(-1)!.abort(new ClosedError("cut"));
  }
  for (let round = 0; round < 5; round++) {
    await settled();
    clock.advance(IDLE_HOLD_MS);
  }
  await settled();
  assert.equal(taker.closedWith, undefined);
  assert.equal(taker.text, sent);
  assert.ok(ends.length >= 10, `${ends.length} connections`);
  carrier.abort(new ClosedError("over"));
  clock.advance(60_000);
  await settled();
  for (const end of ends) end.abort(new ClosedError("over"));
  await reactor.close();
});
