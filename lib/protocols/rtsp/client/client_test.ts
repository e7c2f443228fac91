import assert from "node:assert/strict";
import { ScriptedCarrier, textOf } from "../../../../tests/helpers/scripted_carrier.ts";
import { parseDigestCredentials } from "#auth";
import { ManualClock } from "#clock";
import { FormatError, LimitError, ProtocolError } from "#errors";
import {
  baseUrl,
  controlUrls,
  MAX_STRAY_ANSWERS,
  parseTrackStarts,
  type RtpPortPair,
  RtspClientProtocol,
  RtspClientSession,
  type RtspClientSessionOptions,
  RtspRefusalError,
  sessionControl,
  trackStartsOf,
} from "#protocols/rtsp";
import { formatEndpoint } from "#stack";

const SDP = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\na=control:*\r\n" +
  "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:trackID=0\r\n" +
  "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 opus/48000/2\r\na=control:trackID=1\r\n";
const URL = "rtsp://far/live/a";

/** What the server saw of one request. */
interface Seen {
  readonly line: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** A client whose server is the test. */
class ClientRig {
  readonly clock = new ManualClock();
  readonly carrier = new ScriptedCarrier();
  readonly protocol = new RtspClientProtocol({
    clock: this.clock,
    answerTimeoutMs: 5_000,
    userAgent: "test/1",
  });
  readonly packets: string[] = [];
  readonly failures: string[] = [];
  readonly session: RtspClientSession;

  constructor(options: Partial<RtspClientSessionOptions> = {}) {
    this.session = new RtspClientSession({
      protocol: this.protocol,
      url: URL,
      clock: this.clock,
      randomBytes: (length) => new Uint8Array(length).fill(7),
      received: (track, { isRtcp, bytes }) =>
        this.packets.push(`${track}${isRtcp ? "c" : ""}:${textOf(bytes)}`),
      failed: ({ message }) => this.failures.push(message),
      ...options,
    });
    this.protocol.taker = {
      frame: (channel, bytes) => this.session.frame(channel, bytes),
      redirected: (location) => this.failures.push(`moved to ${location}`),
    };
    this.protocol.openOn(this.carrier);
  }

  /** The requests since the last call. */
  seen(): Seen[] {
    return this.carrier.take().split(/(?=^[A-Z_]+ \S+ RTSP\/1\.0\r\n)/m).filter((text) => text !== "").map(
      (text) => {
        const [head = "", body = ""] = text.split("\r\n\r\n");
        const [line = "", ...lines] = head.split("\r\n");
        const headers = new Map(
          lines.map((header) => header.split(/: (.*)/s).slice(0, 2) as [string, string]),
        );
        return { line: line.replace(" RTSP/1.0", ""), headers, body };
      },
    );
  }

  /** The one request since the last call. */
  async next(): Promise<Seen> {
    await settled();
    const seen = this.seen();
    assert.equal(seen.length, 1, seen.map(({ line }) => line).join());
    return seen[0]!;
  }

  /** Answers a request, byte by byte. */
  async answer(
    request: Seen,
    { status = "200 OK", headers = [], body = "" }: {
      status?: string;
      headers?: readonly string[];
      body?: string;
    } = {},
  ): Promise<void> {
    const lines = [`RTSP/1.0 ${status}`, `CSeq: ${request.headers.get("CSeq")}`, ...headers];
    if (body !== "") lines.push(`Content-Length: ${body.length}`);
    for (const byte of `${lines.join("\r\n")}\r\n\r\n${body}`) this.carrier.deliver(byte);
    await settled();
  }

  /** Described, both tracks set up over TCP, playing. */
  async playing(): Promise<void> {
    const described = this.session.describe();
    const headers = [`Content-Base: ${URL}/`, "Content-Type: application/sdp"];
    await this.answer(await this.next(), { headers, body: SDP });
    for (const { control } of await described) {
      const track = Number(control.at(-1));
      const done = this.session.setUp(track, { control, lower: "tcp", isRecord: false });
      const transport = `Transport: RTP/AVP/TCP;unicast;interleaved=${track * 2}-${track * 2 + 1}`;
      await this.answer(await this.next(), { headers: ["Session: 12;timeout=10", transport] });
      await done;
    }
    const played = this.session.play("npt=0.000-");
    await this.answer(await this.next());
    await played;
  }

  [Symbol.dispose](): void {
    this.session.close();
    this.carrier.drop();
    assert.equal(this.clock.pending, 0, "timers are left");
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await Promise.resolve();
}

/** A port pair that remembers. */
class Pair implements RtpPortPair {
  readonly rtpPort = 5000;
  readonly rtcpPort = 5001;
  readonly sent: string[] = [];
  isClosed = false;
  #receive: Parameters<RtpPortPair["receiveWith"]>[0] = () => {};
  receiveWith(receive: Parameters<RtpPortPair["receiveWith"]>[0]): void {
    this.#receive = receive;
  }
  send(bytes: Uint8Array, { isRtcp, to }: Parameters<RtpPortPair["send"]>[1]): void {
    this.sent.push(`${isRtcp ? "c" : ""}${bytes.length}>${formatEndpoint(to)}`);
  }
  close(): void {
    this.isClosed = true;
  }
  deliver(text: string, from: { address: string; port: number; isRtcp?: boolean }): void {
    const { isRtcp = false, ...endpoint } = from;
    this.#receive({ isRtcp, bytes: new TextEncoder().encode(text), from: endpoint });
  }
}

Deno.test("baseUrl believes the first header that is an RTSP URL", () => {
  const cases: [Record<string, string>, string][] = [
    [{}, URL],
    [{ "content-base": "rtsp://b/x/" }, "rtsp://b/x/"],
    [{ "content-base": "rtsp://b/x/", "content-location": "rtsp://l/x" }, "rtsp://b/x/"],
    [{ "content-location": "rtsp://l/x" }, "rtsp://l/x"],
    [{ "content-base": "/x/", "content-location": "rtsp://l/x" }, "rtsp://l/x"],
    [{ "content-base": "http://0.0.0.0/" }, URL],
    [{ "content-base": "rtsp://b/ x" }, URL],
  ];
  for (const [headers, wanted] of cases) assert.equal(baseUrl(new Map(Object.entries(headers)), URL), wanted);
});

Deno.test("sessionControl reads what stands before the first media section", () => {
  assert.equal(sessionControl(SDP), "*");
  assert.equal(sessionControl("v=0\na=control: rtsp://h/x \nm=audio 0 RTP/AVP 0\n"), "rtsp://h/x");
  assert.equal(sessionControl("v=0\r\nm=audio 0 RTP/AVP 0\r\na=control:1\r\n"), "");
});

Deno.test("controlUrls reads control attributes as servers mean them", () => {
  const camera = "rtsp://cam/cam/realmonitor?channel=1&subtype=0";
  const cases: [base: string, control: string, wanted: string[]][] = [
    [URL, "", [URL]],
    [URL, "*", [URL]],
    [URL, "trackID=1", [`${URL}/trackID=1`]],
    [`${URL}/`, "trackID=1", [`${URL}/trackID=1`]],
    [`${URL}/`, "a/b?c=d", [`${URL}/a/b?c=d`]],
    [URL, "rtsp://far/live/a/track1", ["rtsp://far/live/a/track1"]],
    ["rtsp://1.2.3.4:554/a", "rtsp://192.168.0.9/a/t1", [
      "rtsp://192.168.0.9/a/t1",
      "rtsp://1.2.3.4:554/a/t1",
    ]],
    [camera, "trackID=0", [
      `${camera}/trackID=0`,
      "rtsp://cam/cam/realmonitor/trackID=0?channel=1&subtype=0",
    ]],
    [`${camera}/`, "trackID=0", [
      `${camera}/trackID=0`,
      "rtsp://cam/cam/realmonitor/trackID=0?channel=1&subtype=0/",
    ]],
    [URL, "?track=1", [`${URL}?track=1`]],
    [URL, "/live/a/1", ["rtsp://far/live/a/1", `${URL}/live/a/1`]],
    ["rtsp://far", "track1", ["rtsp://far/track1"]],
  ];
  for (const [base, control, wanted] of cases) {
    assert.deepEqual(controlUrls(base, control), wanted, `${base} + ${control}`);
  }
});

Deno.test("trackStartsOf finds tracks by control, or by place where no address is known", () => {
  const times = (text: string, controls: string[]) =>
    trackStartsOf(parseTrackStarts(text), controls).map((info) => info?.rtpTimestamp);
  const two = ["stream=0", "stream=1"];
  const cases: [text: string, controls: string[], wanted: (number | undefined)[]][] = [
    ["url=rtsp://h/a/stream=1;seq=1;rtptime=11,url=rtsp://h/a/stream=0;seq=2;rtptime=10", two, [10, 11]],
    ["url=stream=0;rtptime=4294967295, url=stream=1;seq=4", two, [4294967295, undefined]],
    ["url=rtsp://h/x;rtptime=5,url=rtsp://h/y;rtptime=6", two, [5, 6]],
    ["url=rtsp://h/x;rtptime=5", two, [undefined, undefined]],
    ["url=rtsp://h/a?b=c,d;e/trackID=1;seq=1;rtptime=7", ["trackID=1"], [7]],
    ["url=rtsp://h/a/stream=0;rtptime=99999999999", ["stream=0"], [undefined]],
    ["", two, [undefined, undefined]],
  ];
  for (const [text, controls, wanted] of cases) assert.deepEqual(times(text, controls), wanted, text);
});

Deno.test("RtspClientSession plays over TCP, keeps the session alive and says good-bye", async () => {
  using rig = new ClientRig();
  const asked = rig.session.options();
  const options = await rig.next();
  assert.equal(options.line, `OPTIONS ${URL}`);
  assert.equal(options.headers.get("User-Agent"), "test/1");
  await rig.answer(options, { headers: ["Public: OPTIONS, DESCRIBE, GET_PARAMETER"] });
  await asked;
  await rig.playing();
  rig.carrier.deliver("$\x00\x00\x02ab$\x03\x00\x01c$\x09\x00\x01x");
  assert.deepEqual(rig.packets, ["0:ab", "1c:c"]);
  assert.equal(rig.session.transports.dropped.strayFrames, 1);
  rig.clock.advance(5_000);
  const alive = await rig.next();
  assert.equal(alive.line, `GET_PARAMETER ${URL}/`);
  assert.equal(alive.headers.get("Session"), "12");
  rig.clock.advance(5_000);
  assert.equal(await rig.next().catch(() => "nothing"), "nothing", "one at a time");
  rig.session.transports.send(1, { isRtcp: true, bytes: Uint8Array.of(1, 2) });
  assert.equal(rig.carrier.take(), "$\x03\x00\x02\x01\x02");
  const paused = rig.session.pause();
  await rig.answer(await rig.next());
  await paused;
  rig.session.close();
  assert.equal((await rig.next()).line, `TEARDOWN ${URL}/`);
});

Deno.test("RtspClientSession announces and records", async () => {
  using rig = new ClientRig();
  const announced = rig.session.announce(SDP);
  const announce = await rig.next();
  assert.deepEqual([announce.line, announce.body], [`ANNOUNCE ${URL}`, SDP]);
  await rig.answer(announce);
  await announced;
  const done = rig.session.setUp(0, { control: "trackID=0", lower: "tcp", isRecord: true });
  const setup = await rig.next();
  assert.equal(setup.line, `SETUP ${URL}/trackID=0`);
  assert.equal(setup.headers.get("Transport"), "RTP/AVP/TCP;unicast;interleaved=0-1;mode=record");
  await rig.answer(setup, { headers: ["Session: 9", "Transport: RTP/AVP/TCP;interleaved=6-7;mode=record"] });
  await done;
  assert.deepEqual(rig.session.transports.tracks.get(0), { kind: "tcp", rtpChannel: 6, rtcpChannel: 7 });
  const recorded = rig.session.record();
  const record = await rig.next();
  assert.deepEqual([record.line, record.headers.get("Session")], [`RECORD ${URL}`, "9"]);
  await rig.answer(record);
  await recorded;
});

Deno.test("RtspClientSession tries other readings of a control attribute where the first is not known", async () => {
  using rig = new ClientRig();
  const control = "/live/a/1";
  const done = rig.session.setUp(0, { control, lower: "tcp", isRecord: false });
  const first = await rig.next();
  assert.equal(first.line, "SETUP rtsp://far/live/a/1");
  await rig.answer(first, { status: "404 Not Found" });
  const second = await rig.next();
  assert.equal(second.line, `SETUP ${URL}/live/a/1`);
  await rig.answer(second, { headers: ["Session: 1"] });
  await done;
  const refused = rig.session.setUp(1, { control, lower: "tcp", isRecord: false });
  for (let left = 2; left > 0; left--) await rig.answer(await rig.next(), { status: "404 Not Found" });
  await assert.rejects(refused, {
    message: /^Cannot SETUP: the server answers 404 Not Found; look at the path/,
  });
});

Deno.test("RtspClientSession answers challenges, renews its nonce, and never shows the password", async () => {
  using rig = new ClientRig({ login: { user: "u", password: "geheim" } });
  const described = rig.session.describe();
  const first = await rig.next();
  assert.equal(first.headers.has("Authorization"), false);
  const challenge = (nonce: string) => `WWW-Authenticate: Digest realm="r", nonce="${nonce}", qop="auth"`;
  await rig.answer(first, {
    status: "401 Unauthorized",
    headers: ["WWW-Authenticate: Basic realm=x", challenge("n")],
  });
  const second = await rig.next();
  const credentials = parseDigestCredentials(second.headers.get("Authorization")!)!;
  assert.deepEqual([credentials.user, credentials.nonce, credentials.uri], ["u", "n", URL]);
  await rig.answer(second, { headers: [`Content-Base: ${URL}/`], body: SDP });
  await described;
  const setUp = rig.session.setUp(0, { control: "trackID=0", lower: "tcp", isRecord: false });
  const third = await rig.next();
  assert.equal(parseDigestCredentials(third.headers.get("Authorization")!)?.count?.nc, "00000002");
  await rig.answer(third, { status: "401 Unauthorized", headers: [challenge("m")] });
  const fourth = await rig.next();
  assert.equal(parseDigestCredentials(fourth.headers.get("Authorization")!)?.nonce, "m");
  await rig.answer(fourth, { status: "401 Unauthorized", headers: [challenge("o")] });
  await assert.rejects(setUp, (error: Error) => {
    assert.match(error.message, /^Cannot SETUP: .* 401 Unauthorized; it does not know this user/);
    assert.ok(!error.message.includes("geheim"));
    return true;
  });
});

Deno.test("RtspClientSession is challenged for a bounded number of times", async () => {
  using rig = new ClientRig({ login: { user: "u", password: "p" } });
  const described = rig.session.describe();
  described.catch(() => {});
  let requests = 0;
  for (let request = await rig.next(); requests < 10; request = rig.seen()[0]!) {
    requests++;
    const headers = [`WWW-Authenticate: Digest realm="r", nonce="${requests}", stale=true`];
    await rig.answer(request, { status: "401 Unauthorized", headers });
    if (rig.carrier.text === "") break;
  }
  assert.equal(requests, 4);
  await assert.rejects(described, RtspRefusalError);
});

Deno.test("RtspClientSession says what was asked, what was answered and what to do", async () => {
  const cases: [status: string, RegExp, headers?: string[]][] = [
    [
      "401 Unauthorized",
      /^Cannot DESCRIBE: the server answers 401 Unauthorized; it wants to know who asks, as in/,
    ],
    ["453 Not Enough Bandwidth", /453 Not Enough Bandwidth; it has no room/],
    ["599", /^Cannot DESCRIBE: the server answers 599$/],
    ["404 \x1b[31mred", /404 \?\[31mred; look at the path/],
    ["302 Moved", /302 Moved$/, ["Location: rtsp://other/b"]],
  ];
  for (const [status, wanted, headers = []] of cases) {
    using rig = new ClientRig();
    const described = rig.session.describe();
    await rig.answer(await rig.next(), { status, headers });
    const error = await described.then(() => assert.fail("was described"), (error) => error);
    assert.ok(error instanceof RtspRefusalError);
    assert.match(error.message, wanted);
    assert.equal(error.location, headers.length === 0 ? undefined : "rtsp://other/b");
  }
});

Deno.test("RtspClientSession over UDP punches holes, takes what comes from its server only, and follows it", async () => {
  const pair = new Pair();
  using rig = new ClientRig({ ports: { open: () => Promise.resolve(pair) } });
  const done = rig.session.setUp(0, { control: "trackID=0", lower: "udp", isRecord: false });
  const setup = await rig.next();
  assert.equal(setup.headers.get("Transport"), "RTP/AVP;unicast;client_port=5000-5001");
  const transport = "Transport: RTP/AVP;unicast;client_port=5000-5001;server_port=6000-6001;source=192.0.2.9";
  await rig.answer(setup, { headers: ["Session: 1", transport] });
  await done;
  assert.deepEqual(pair.sent, ["12>192.0.2.7:6000", "c8>192.0.2.7:6001"]);
  pair.deliver("a", { address: "192.0.2.7", port: 6000 });
  pair.deliver("b", { address: "::ffff:192.0.2.9", port: 6000 });
  pair.deliver("evil", { address: "192.0.2.8", port: 6000 });
  pair.deliver("r", { address: "192.0.2.9", port: 7001, isRtcp: true });
  assert.deepEqual(rig.packets, ["0:a", "0:b", "0c:r"]);
  assert.equal(rig.session.transports.dropped.foreignDatagrams, 1);
  rig.session.transports.send(0, { isRtcp: true, bytes: Uint8Array.of(1) });
  assert.equal(pair.sent.at(-1), "c1>192.0.2.9:7001");
  rig.session.close();
  assert.equal(pair.isClosed, true);
});

Deno.test("RtspClientSession takes TCP where it asked for UDP, and nothing that it did not offer", async () => {
  const cases: [lower: "tcp" | "udp", transport: string, wanted: RegExp | "tcp"][] = [
    ["udp", "RTP/AVP/TCP;unicast;interleaved=0-1", "tcp"],
    ["tcp", "", "tcp"],
    ["tcp", "RTP/AVP;unicast;client_port=1-2", /answers with UDP, asked for TCP/],
    ["udp", "RTP/AVP;multicast;destination=239.1.1.1;port=5-6", /answers with multicast/],
    ["tcp", "RTP/AVP/TCP;unicast;interleaved=300-301", "tcp"],
  ];
  for (const [lower, transport, wanted] of cases) {
    const pair = new Pair();
    using rig = new ClientRig({ ports: { open: () => Promise.resolve(pair) } });
    const done = rig.session.setUp(0, { control: "", lower, isRecord: false });
    done.catch(() => {});
    const headers = ["Session: 1", ...transport === "" ? [] : [`Transport: ${transport}`]];
    await rig.answer(await rig.next(), { headers });
    if (wanted === "tcp") {
      await done;
      assert.equal(rig.session.transports.tracks.get(0)?.kind, "tcp");
    } else {
      await assert.rejects(done, wanted);
    }
    assert.equal(pair.isClosed, lower === "udp", transport);
  }
  using rig = new ClientRig();
  for (const track of [0, 1]) {
    const done = rig.session.setUp(track, { control: "", lower: "tcp", isRecord: false });
    const headers = ["Session: 1", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"];
    done.catch(() => {});
    await rig.answer(await rig.next(), { headers });
    if (track === 1) await assert.rejects(done, /channel 0, which another track has/);
  }
});

Deno.test("RtspClientProtocol gives up on an answer that does not come, at every step", async () => {
  const steps: ((session: RtspClientSession) => Promise<unknown>)[] = [
    (session) => session.options(),
    (session) => session.describe(),
    (session) => session.announce(SDP),
    (session) => session.setUp(0, { control: "", lower: "tcp", isRecord: false }),
    (session) => session.play(),
    (session) => session.record(),
  ];
  for (const step of steps) {
    using rig = new ClientRig();
    const stalled = step(rig.session);
    stalled.catch(() => {});
    await settled();
    const [{ line }] = rig.seen() as [Seen];
    rig.carrier.deliver("RTSP/1.0 100 Continue\r\nCSeq: 1\r\n\r\nRTSP/1.0 200 OK\r\nCSeq: 1\r\nX: ");
    rig.clock.advance(5_000);
    const method = line.split(" ")[0];
    await assert.rejects(stalled, {
      name: "ProtocolError",
      message: `Cannot ${method}: the server does not answer within 5000 ms`,
    });
  }
});

Deno.test("RtspClientProtocol ends a connection that answers what was not asked", async () => {
  const cases: [text: string, error: typeof ProtocolError | typeof LimitError, RegExp][] = [
    [
      "RTSP/1.0 200 OK\r\nCSeq: 7\r\n\r\n",
      ProtocolError,
      /CSeq "7", and no request waits for it \(the last was 1\)/,
    ],
    ["RTSP/1.0 200 OK\r\nCSeq: x\r\n\r\n", ProtocolError, /CSeq "x"/],
    ["RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n".repeat(MAX_STRAY_ANSWERS + 2), ProtocolError, /CSeq "1"/],
    ["RTSP/1.0 200 OK\r\n\r\n".repeat(2), ProtocolError, /no CSeq/],
    ["HTTP/1.1 200 OK\r\n\r\n", ProtocolError, /first line/],
    [`RTSP/1.0 200 OK\r\nX: ${"x".repeat(20_000)}`, LimitError, /MAX_RTSP_HEAD_BYTES/],
    ["RTSP/1.0 200 OK\r\nContent-Length: 999999999\r\n\r\n", LimitError, /MAX_RTSP_BODY_BYTES/],
  ];
  for (const [text, error, message] of cases) {
    using rig = new ClientRig();
    const asked = rig.protocol.request({ method: "OPTIONS", url: URL });
    asked.catch(() => {});
    rig.carrier.deliver(text);
    assert.ok(rig.carrier.closedWith instanceof error, text.slice(0, 60));
    assert.match(rig.carrier.closedWith.message, message);
    await settled();
  }
});

Deno.test("RtspClientProtocol takes an answer without a number, and drops one that comes late", async () => {
  using rig = new ClientRig();
  const first = rig.protocol.request({ method: "OPTIONS", url: URL });
  first.catch(() => {});
  rig.clock.advance(5_000);
  await assert.rejects(first);
  const second = rig.protocol.request({ method: "OPTIONS", url: URL });
  rig.carrier.deliver("RTSP/1.0 500 Late\r\nCSeq: 1\r\n\r\nRTSP/1.0 200 OK\r\n\r\n");
  assert.equal((await second).status, 200);
});

Deno.test("RtspClientProtocol answers what servers ask, and tells of a redirect", async () => {
  using rig = new ClientRig();
  rig.carrier.deliver("OPTIONS * RTSP/1.0\r\nCSeq: 5\r\n\r\nPLAY * RTSP/1.0\r\nCSeq: 6\r\n\r\n");
  assert.equal(
    rig.carrier.take(),
    "RTSP/1.0 200 OK\r\nCSeq: 5\r\nPublic: OPTIONS, GET_PARAMETER, SET_PARAMETER, REDIRECT\r\n\r\n" +
      "RTSP/1.0 501 Not Implemented\r\nCSeq: 6\r\n\r\n",
  );
  rig.carrier.deliver("REDIRECT * RTSP/1.0\r\nCSeq: 7\r\nLocation: rtsp://there/a\r\n\r\n");
  assert.deepEqual(rig.failures, ["moved to rtsp://there/a"]);
  rig.carrier.isStuck = true;
  for (let asked = 0; asked < 5_000; asked++) rig.carrier.deliver("OPTIONS * RTSP/1.0\r\nCSeq: 5\r\n\r\n");
  assert.ok(rig.carrier.closedWith instanceof LimitError);
  await settled();
});

Deno.test("RtspClientSession tells when the server has forgotten it", async () => {
  using rig = new ClientRig();
  await rig.playing();
  rig.clock.advance(5_000);
  const alive = await rig.next();
  assert.equal(alive.line, `OPTIONS ${URL}/`, "the server did not say that it knows GET_PARAMETER");
  await rig.answer(alive, { status: "454 Session Not Found" });
  assert.match(
    rig.failures[0]!,
    /^Cannot go on: Cannot OPTIONS: the server answers 454 .*forgotten the session/,
  );
});

Deno.test("RtspClientSession refuses a description that is none", async () => {
  using rig = new ClientRig();
  const described = rig.session.describe();
  await rig.answer(await rig.next(), { body: "v=0\r\ns=nothing\r\n" });
  await assert.rejects(described, FormatError);
});
