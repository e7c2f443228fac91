import assert from "node:assert/strict";
import { latin1, ScriptedCarrier } from "../../../tests/helpers/scripted_carrier.ts";
import { ClientLogin, FailedLogins, HttpLogin, type User, UserTable } from "#auth";
import { LiveRtspApplication, MulticastSenders } from "#bridges/rtsp";
import { ManualClock } from "#clock";
import { Logger, MemorySink } from "#log";
import { decodeRtpPacket, encodeRtpPacket } from "#protocols/rtp";
import { parseSdp, type PlayRange, type RtspWish } from "#protocols/rtsp";
import { type Access, STREAM_DEFAULTS, StreamRegistry, type StreamRequest } from "#streaming";
import { framesOf, SDP } from "./_rig_test.ts";

const WISH: RtspWish = {
  appName: "live",
  streamName: "a",
  query: "",
  remote: { address: "192.0.2.7", port: 5 },
  userAgent: "test",
  method: "ANNOUNCE",
  url: "rtsp://h/live/a",
};

function application(
  access: (query: string, user: string | undefined) => Access,
  users: readonly User[] = [],
) {
  const clock = new ManualClock();
  const registry = new StreamRegistry(clock);
  const sink = new MemorySink();
  const answer = ({ query, peer }: StreamRequest) => access(query, peer.user);
  const table = new UserTable(users);
  const app = new LiveRtspApplication({
    registry,
    clock,
    log: new Logger({ sinks: [sink] }),
    access: { play: answer, publish: answer },
    login: new HttpLogin({
      users: () => table,
      realm: () => ({ name: "crtmp" }),
      failedLogins: new FailedLogins(clock),
      clock,
    }),
    senders: new MulticastSenders(clock),
    waitForStreamMs: 0,
  });
  return { app, registry, clock, sink };
}

const GRANT: Access = {
  isGranted: true,
  path: { appName: "live", streamName: "a" },
  options: STREAM_DEFAULTS,
};

Deno.test("LiveRtspApplication joins a publisher to a player", async () => {
  const { app, registry, clock } = application(() => GRANT);
  assert.deepEqual(await app.open(WISH), { status: 404, reason: "nobody publishes it" });
  const recording = await app.announce(WISH, parseSdp(SDP));
  assert.ok("start" in recording);
  assert.equal(recording.start(() => {}, { isOverUdp: false }), undefined);
  const second = await app.announce(WISH, parseSdp(SDP));
  assert.ok("start" in second);
  assert.equal(second.start(() => {}, { isOverUdp: false })?.status, 403, "the name is taken");
  second.stop(false);
  clock.advance(1_000);
  const presentation = await app.open(WISH);
  assert.ok("play" in presentation);
  assert.deepEqual(presentation.controls, ["trackID=0", "trackID=1"]);
  const carrier = new ScriptedCarrier();
  const ended: string[] = [];
  const tracks = [0, 1].map((index) => ({
    index,
    transport: { kind: "tcp", rtpChannel: index * 2, rtcpChannel: index * 2 + 1 } as const,
  }));
  const player = presentation.play({ carrier, tracks, ended: (reason) => ended.push(reason), finished() {} });
  assert.ok("range" in await player.cue(undefined));
  player.start();
  recording.rtp(0, encodeRtpPacket({ ...PACKET, payload: Uint8Array.of(0x65, 1) }));
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  clock.advance(50);
  const got = framesOf(latin1(carrier.take()));
  assert.deepEqual(
    got.filter(({ channel }) => channel === 0).map(({ bytes }) => decodeRtpPacket(bytes).payload[0]! & 0x1f),
    [24, 5],
  );
  recording.stop(false);
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  assert.deepEqual(ended, ["publisher left"]);
  player.stop(undefined);
  assert.deepEqual([registry.size, clock.pending], [0, 0]);
});

Deno.test("LiveRtspApplication tells a player where it begins, by the clock where that is asked for", async () => {
  const { app, clock } = application(() => GRANT);
  const recording = await app.announce(WISH, parseSdp(SDP));
  assert.ok("start" in recording);
  recording.start(() => {}, { isOverUdp: false });
  const key = { ...PACKET, payload: Uint8Array.of(0x65, 1) };
  recording.rtp(0, encodeRtpPacket(key));
  clock.advance(1_000);
  recording.rtp(0, encodeRtpPacket({ ...key, sequenceNumber: 2, timestamp: 90_000 }));
  const presentation = await app.open(WISH);
  assert.ok("play" in presentation);
  const play = async (range: PlayRange | undefined) => {
    const carrier = new ScriptedCarrier();
    const transport = { kind: "tcp", rtpChannel: 0, rtcpChannel: 1 } as const;
    const player = presentation.play({
      carrier,
      tracks: [{ index: 0, transport }],
      ended() {},
      finished() {},
    });
    const cue = await player.cue(range);
    assert.ok("range" in cue);
    assert.equal(carrier.take(), "", "nothing before the answer");
    player.start();
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    clock.advance(100);
    const first = framesOf(latin1(carrier.take())).find(({ channel }) => channel === 0)!;
    const { sequenceNumber, timestamp } = decodeRtpPacket(first.bytes);
    assert.deepEqual(cue.tracks, [{ index: 0, sequenceNumber, timestamp }]);
    player.stop(undefined);
    return cue.range;
  };
  assert.equal(await play(undefined), "npt=now-");
  assert.equal(await play({ kind: "npt", startUs: 5_000_000, endUs: undefined }), "npt=now-");
  assert.match(await play({ kind: "clock", startMs: 0 }), /^clock=\d{8}T\d{6}(\.\d+)?Z-$/);
  recording.stop(false);
});

const PACKET = { payloadType: 96, isMarked: true, sequenceNumber: 1, timestamp: 0, ssrc: 1 };

Deno.test("LiveRtspApplication asks who it is, and refuses what it cannot take", async () => {
  const { app } = application((query) =>
    query === "k=1&user=a%20b&pass=c" ? GRANT : { isGranted: false, reason: "no rule" }
  );
  const status = async (wish: Partial<RtspWish>, sdp = SDP) => {
    const answer = await app.announce({ ...WISH, ...wish }, parseSdp(sdp));
    return "status" in answer ? answer.status : 200;
  };
  const authorization = `Basic ${btoa("a b:c")}`;
  assert.equal(await status({}), 401);
  assert.equal(await status({ authorization }), 403);
  assert.equal(await status({ authorization, query: "k=1" }), 200);
  const unknown = "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 theora/90000\r\n";
  assert.equal(await status({ authorization, query: "k=1" }, unknown), 415);
});

Deno.test("LiveRtspApplication knows its users, and asks again where they are wrong", async () => {
  const { app, sink } = application(
    (_query, user) => user === "anna" ? GRANT : { isGranted: false, reason: "no rule" },
    [{ name: "anna", password: "secret" }, { name: "bert", password: "other" }],
  );
  const ask = async (authorization?: string) => {
    const answer = await app.announce(
      { ...WISH, ...authorization !== undefined && { authorization } },
      parseSdp(SDP),
    );
    return "status" in answer ? answer : { status: 200, reason: "" };
  };
  const asked = await ask();
  const challenges = asked.headers?.["WWW-Authenticate"];
  assert.ok(asked.status === 401 && Array.isArray(challenges) && challenges.length === 3);
  const digest = async (user: string, password: string) => {
    const login = new ClientLogin({ user, password });
    login.challenge(String((await ask()).headers?.["WWW-Authenticate"]));
    return login.authorization({ method: WISH.method, uri: WISH.url })!;
  };
  const right = await digest("anna", "secret");
  assert.equal((await ask(right)).status, 200);
  const again = await ask(right);
  assert.equal(again.status, 401, "an answer that was overheard");
  assert.match(String(again.headers?.["WWW-Authenticate"]), /stale=true/);
  const wrong = await ask(await digest("anna", "guess"));
  assert.equal(wrong.status, 401);
  assert.doesNotMatch(String(wrong.headers?.["WWW-Authenticate"]), /stale/);
  assert.equal((await ask(await digest("bert", "other"))).status, 403);
  assert.equal((await ask(`Basic ${btoa("anna:secret")}`)).status, 200);
  assert.ok(sink.lines().some((line) => line.includes("login refused")));
});

Deno.test("LiveRtspApplication answers 503 where the application does not decide", async () => {
  const clock = new ManualClock();
  const never = () => new Promise<Access>(() => {});
  const app = new LiveRtspApplication({
    registry: new StreamRegistry(clock),
    clock,
    log: new Logger({ sinks: [] }),
    access: { play: never, publish: never },
    waitForStreamMs: 0,
  });
  const answers = [app.open(WISH), app.announce(WISH, parseSdp(SDP))];
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  clock.advance(30_000);
  for (const answer of await Promise.all(answers)) assert.equal("status" in answer && answer.status, 503);
  assert.equal(clock.pending, 0);
});
