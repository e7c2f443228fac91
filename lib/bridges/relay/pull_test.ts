import assert from "node:assert/strict";
import { AdobeAuthenticator, UserTable } from "#auth";
import { ManualClock } from "#clock";
import { type ConnectRequest, type RtmpApplication, RtmpProtocol } from "#protocols/rtmp";
import {
  AAC_CONFIG,
  AAC_FRAME,
  AUDIO,
  AVC_CONFIG,
  AVC_INTER,
  AVC_KEY,
  RelayRig,
  settled,
  until,
  VIDEO,
} from "./_rig_test.ts";
import { PULL_DEFAULTS } from "./mod.ts";

Deno.test("a pull brings what is published at the other end, and ends and begins with it", async () => {
  await using rig = new RelayRig();
  rig.pull();
  await until(() => rig.farStreams.size === 1, "the pull");
  assert.equal(rig.isLive("a", "here"), false, "no stream is promised");
  const publisher = await rig.publisher("a", "far");
  publisher.sendMedia(VIDEO, 0, AVC_CONFIG);
  publisher.sendMedia(AUDIO, 0, AAC_CONFIG);
  publisher.sendMedia(VIDEO, 40, AVC_KEY);
  publisher.sendMedia(AUDIO, 45, AAC_FRAME);
  publisher.sendMedia(VIDEO, 80, AVC_INTER);
  await until(() => rig.packets("a", "here").length === 3, "the packets");
  assert.deepEqual(rig.packets("a", "here"), ["video! 40", "audio 45", "video 80"]);
  assert.match(rig.streams.list()[0]!.publisher!.origin, /^pull rtmp:\/\/far\/live\/a$/);
  publisher.delete();
  await until(() => !rig.isLive("a", "here"), "the end");
  const next = await rig.publisher("a", "far");
  next.sendMedia(VIDEO, 0, AVC_CONFIG);
  next.sendMedia(VIDEO, 7, AVC_KEY);
  await until(() => rig.isLive("a", "here"), "the next one");
  assert.deepEqual(rig.dials, ["rtmp far"], "over one connection");
});

Deno.test("a pull that cannot connect tries again after 1, 2, 4, 8, 16, 30 s, and says so ever less often", async () => {
  await using rig = new RelayRig();
  rig.isDown = true;
  rig.pull();
  for (const waitMs of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
    const dials = rig.dials.length;
    await until(() => rig.dials.length === dials || rig.dials.length === dials + 1, "an attempt");
    await settled();
    await settled();
    rig.clock.advance(waitMs - 1);
    await settled();
    const before = rig.dials.length;
    rig.clock.advance(1);
    await until(() => rig.dials.length === before + 1, `another attempt after ${waitMs} ms`);
    await settled();
    await settled();
  }
  const lines = rig.lines(/WARNING .*Connection refused/);
  assert.equal(lines.length, 4, lines.join("\n"));
  assert.match(lines[0]!, /WARNING \[pull rtmp:\/\/far\/live\/a\] a: has failed: Connection refused/);
  assert.match(lines[3]!, /has failed, 8 times/);
});

Deno.test("a pull that stood a while begins with the shortest wait again", async () => {
  await using rig = new RelayRig();
  rig.isDown = true;
  rig.pull({ stallTimeoutMs: 60_000 });
  await settled();
  await settled();
  rig.clock.advance(1000);
  await until(() => rig.dials.length === 2, "the second attempt");
  rig.isDown = false;
  await settled();
  rig.clock.advance(2000);
  await until(() => rig.lines(/connected/).length === 1, "the third one stands");
  rig.clock.advance(6000);
  await rig.cut();
  assert.match(rig.lines(/has failed/).at(-1)!, /connection lost/);
  rig.clock.advance(1000);
  await until(() => rig.lines(/connected/).length === 2, "the next one");
});

Deno.test("a pull that gets no media is connected again, and one whose source has stopped waits", async () => {
  await using rig = new RelayRig();
  rig.pull({ stallTimeoutMs: 5000 });
  await until(() => rig.farStreams.size === 1, "the pull");
  const publisher = await rig.publisher("a", "far");
  publisher.sendMedia(VIDEO, 0, AVC_CONFIG);
  publisher.sendMedia(VIDEO, 0, AVC_KEY);
  await until(() => rig.isLive("a", "here"), "media");
  publisher.delete();
  await until(() => !rig.isLive("a", "here"), "the end");
  rig.clock.advance(20_000);
  await settled();
  assert.deepEqual(rig.lines(/has failed/), []);
  const silent = await rig.publisher("a", "far");
  await settled();
  rig.clock.advance(6000);
  await until(() => rig.lines(/has failed: .*has sent no media for \d+ ms/).length === 1, "the stall");
  silent.delete();
  await settled();
});

Deno.test("a pull on demand is there while somebody plays, and a while longer", async () => {
  await using rig = new RelayRig();
  rig.pull({ onDemand: true, onDemandIdleMs: 5000 });
  const publisher = await rig.publisher("a", "far");
  publisher.sendMedia(VIDEO, 0, AVC_CONFIG);
  publisher.sendMedia(VIDEO, 0, AVC_KEY);
  await settled();
  assert.deepEqual(rig.dials, []);
  const got: number[] = [];
  const player = await rig.client("here", (stream) => stream.play("a"), {
    media: (type) => void got.push(type),
  });
  await until(() => got.length === 2, "media");
  rig.clock.advance(4000);
  player.delete();
  await settled();
  rig.clock.advance(3000);
  await settled();
  assert.equal(rig.isLive("a", "here"), true);
  rig.clock.advance(4000);
  await until(() => !rig.isLive("a", "here"), "the end");
  assert.equal(rig.lines(/has ended: nobody plays it any more/).length, 1);
  rig.clock.advance(60_000);
  await settled();
  assert.deepEqual(rig.dials, ["rtmp far"]);
  assert.equal(rig.relays.list()[0]!.state, "idle");
});

Deno.test("a pull on demand comes for who waits without a stream, and a push is nobody who watches", async () => {
  await using rig = new RelayRig();
  rig.pull({ onDemand: true, onDemandIdleMs: 1000 });
  rig.push({ targetStreamName: "{stream}-copy" });
  const publisher = await rig.publisher("a", "far");
  publisher.sendMedia(VIDEO, 0, AVC_CONFIG);
  publisher.sendMedia(VIDEO, 0, AVC_KEY);
  const waiting = rig.streams.whenLive({ appName: "live", streamName: "a" }, 0);
  await until(() => rig.isLive("a", "here"), "the stream");
  assert.equal(await waiting, true);
  await until(() => rig.isLive("a-copy", "far"), "the push");
  assert.equal(await rig.streams.whenLive({ appName: "live", streamName: "b" }, 0), false);
  for (let second = 0; second < 4; second++) {
    rig.clock.advance(1000);
    await settled();
  }
  await until(() => !rig.isLive("a", "here"), "the end");
});

Deno.test("a pull follows where it is sent, and not for ever", async () => {
  const redirect = (host: string) => ({
    isAccepted: false as const,
    told: "go on",
    reason: "go on",
    redirect: `rtmp://${host}/live`,
  });
  {
    await using rig = new RelayRig({
      connect: (_peer, host) =>
        host === "third" ? { isAccepted: true } : redirect(host === "far" ? "second" : "third"),
    });
    rig.pull();
    await until(() => rig.lines(/connected/).length === 1, "the pull");
    assert.deepEqual(rig.dials, ["rtmp far", "rtmp second", "rtmp third"]);
    assert.equal(rig.lines(/is sent on to rtmp:\/\/(second|third)\/live\/a/).length, 2);
  }
  {
    await using rig = new RelayRig({ connect: (_peer, host) => redirect(host === "far" ? "back" : "far") });
    rig.pull();
    await until(() => rig.lines(/has failed/).length === 1, "the failure");
    assert.match(
      rig.lines(/has failed/)[0]!,
      /Cannot connect: sent on 6 times, more than MAX_REDIRECTS \(5\)/,
    );
    assert.equal(rig.dials.length, 6);
  }
  {
    await using rig = new RelayRig({ connect: () => redirect("x y") });
    rig.pull();
    await until(() => rig.lines(/has failed/).length === 1, "the failure");
    assert.equal(rig.dials.length, 1);
  }
});

Deno.test("a pull that is asked to connect again does, at once where it stood a while, and elsewhere", async () => {
  await using rig = new RelayRig();
  rig.pull({ stallTimeoutMs: 60_000 });
  await until(() => rig.lines(/connected/).length === 1, "the pull");
  const ask = (tcUrl?: string) =>
    rig.servers.at(-1)!.session.sendStatus({
      code: "NetConnection.Connect.ReconnectRequest",
      description: "The server closes",
      ...tcUrl === undefined ? {} : { properties: { tcUrl } },
    });
  rig.clock.advance(6000);
  ask("rtmp://other/live");
  await until(() => rig.lines(/connected/).length === 2, "the next connection");
  assert.deepEqual(rig.dials, ["rtmp far", "rtmp other"]);
  // again and again: not without a wait
  ask();
  await until(() => rig.lines(/has ended: the server asks to connect again/).length === 2, "the second end");
  await settled();
  assert.equal(rig.dials.length, 2);
  rig.clock.advance(1000);
  await until(() => rig.lines(/connected/).length === 3, "the third connection");
  assert.deepEqual(rig.dials.at(-1), "rtmp far");
});

Deno.test("a pull answers Adobe's challenge, and never logs the password", async () => {
  const users = new UserTable([{ name: "anna", password: "hush-hush" }]);
  for (const [password, isRight] of [["hush-hush", true], ["hush-wrong", false]] as const) {
    const adobe = new AdobeAuthenticator(() => users, { clock: new ManualClock() });
    await using rig = new RelayRig({
      connect: ({ query, address }) => {
        const answer = adobe.answer(query, address);
        return answer.isAccepted ? answer : { ...answer, told: answer.description };
      },
    });
    rig.pull({ uri: `rtmp://anna:${password}@far/live/a?token=hush` });
    await until(() => rig.lines(isRight ? /connected/ : /has failed/).length === 1, "the outcome");
    assert.equal(rig.dials.length, 3);
    assert.deepEqual(rig.lines(/hush/), []);
  }
});

Deno.test("pulls and pushes connect as who they are told to be", async () => {
  const heard: ConnectRequest[] = [];
  const application: RtmpApplication = {
    connect(_session, request) {
      heard.push(request);
      return { isAccepted: false, description: "enough" };
    },
    createStream: () => assert.fail("nobody is let in"),
  };
  await using rig = new RelayRig({ accept: (carrier) => new RtmpProtocol({ application }).openOn(carrier) });
  const identity = {
    swfUrl: "http://player.example/a.swf",
    pageUrl: "http://player.example/",
    tcUrl: "rtmp://origin.example/other",
  };
  rig.pull({ keepAlive: false });
  await until(() => heard.length === 1, "a pull");
  rig.pull({ keepAlive: false, localStreamName: "b", emulateUserAgent: "WIN 32,0,0,465", ...identity });
  await until(() => heard.length === 2, "another pull");
  rig.push({ keepAlive: false, emulateUserAgent: "Wirecast", ...identity });
  const publisher = await rig.publisher("c", "here");
  publisher.sendMedia(VIDEO, 0, AVC_CONFIG);
  publisher.sendMedia(VIDEO, 0, AVC_KEY);
  await until(() => heard.length === 3, "a push");
  assert.deepEqual(
    heard.map(({ appName, flashVer, swfUrl, pageUrl, tcUrl }) => [appName, flashVer, swfUrl, pageUrl, tcUrl]),
    [
      ["live", PULL_DEFAULTS.emulateUserAgent, "", "", "rtmp://far/live"],
      ["live", "WIN 32,0,0,465", ...Object.values(identity)],
      ["live", "Wirecast", ...Object.values(identity)],
    ],
  );
});

Deno.test("a pull leaves a name alone that somebody publishes here", async () => {
  await using rig = new RelayRig();
  const here = await rig.publisher("a", "here");
  here.sendMedia(VIDEO, 0, AVC_CONFIG);
  rig.pull();
  await until(() => rig.farStreams.size === 1, "the pull");
  const far = await rig.publisher("a", "far");
  far.sendMedia(VIDEO, 0, AVC_CONFIG);
  far.sendMedia(VIDEO, 0, AVC_KEY);
  await until(() => rig.lines(/has failed: .*a is already published here by rtmp/).length === 1, "the line");
  assert.equal(rig.isLive("a", "here"), true);
});

Deno.test("a pull that is not kept alive is tried once", async () => {
  await using rig = new RelayRig();
  rig.isDown = true;
  rig.pull({ keepAlive: false });
  await until(() => rig.lines(/has failed/).length === 1, "the failure");
  rig.clock.advance(60_000);
  await settled();
  assert.equal(rig.dials.length, 1);
});

/** One chunk with a command message. */
function commandChunk(payload: Uint8Array): Uint8Array {
  return Uint8Array.of(3, 0, 0, 0, 0, 0, payload.length, 20, 0, 0, 0, 0, ...payload);
}

/** What answers in place of a server, and what the pull's line says. */
const NONSENSE: readonly [name: string, bytes: Uint8Array, line: RegExp, waitMs?: number][] = [
  ["nothing", new Uint8Array(), /Cannot connect: no answer in 10000 ms/, 10_000],
  [
    "a web server",
    new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"),
    /first byte must be 3, is 72/,
  ],
  [
    "half a handshake",
    new Uint8Array(2000).fill(3),
    /no answer in 10000 ms|Cannot complete handshake/,
    10_000,
  ],
  [
    "chunks of garbage",
    new Uint8Array(8000).fill(0xff).fill(3, 0, 3073),
    /has failed: Cannot call connect: the connection ended: Cannot read chunk: type 3 on chunk stream 63/,
  ],
  [
    "an endless text",
    new Uint8Array([
      ...new Uint8Array(3073).fill(3),
      ...commandChunk(Uint8Array.of(0x0c, 0xff, 0xff, 0xff, 0xff, 1)),
    ]),
    /has failed: .* 4294967295 exceeds MAX_AMF_STRING_BYTES/,
  ],
  [
    "a message without an end",
    new Uint8Array([...new Uint8Array(3073).fill(3), 3, 0, 0, 0, 0xff, 0xff, 0xff, 20, 0, 0, 0, 0]),
    /has failed: .*MAX_MESSAGE_BYTES/,
  ],
];

for (const [name, bytes, line, waitMs] of NONSENSE) {
  Deno.test(`a pull from ${name} ends that attempt with one line`, async () => {
    await using rig = new RelayRig({
      accept: (carrier) => {
        carrier.open({ receive() {}, closed() {} });
        if (bytes.length > 0) carrier.send(bytes);
      },
    });
    rig.pull();
    await until(() => rig.dials.length === 1, "the attempt");
    await settled();
    await settled();
    if (waitMs !== undefined) rig.clock.advance(waitMs);
    await until(() => rig.lines(/has failed/).length === 1, "the line");
    assert.match(rig.lines(/has failed/)[0]!, line);
  });
}
