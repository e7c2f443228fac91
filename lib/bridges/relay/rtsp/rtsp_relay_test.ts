import assert from "node:assert/strict";
import { ClosedError } from "#errors";
import { encodeRtpPacket } from "#protocols/rtp";
import { formatRtspResponse, type RtpPortPair, RtspReader, type RtspRequest } from "#protocols/rtsp";
import type { Carrier } from "#stack";
import { AAC_CONFIG, AAC_FRAME, AUDIO, RelayRig, settled } from "../_rig_test.ts";
import { MAX_REDIRECTS } from "../mod.ts";
import { redirectedRtsp, rtspEndpoint, rtspTarget } from "./rtsp_endpoint.ts";

const SDP = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\n" +
  "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 opus/48000/2\r\na=control:trackID=0\r\n";

/** What a scripted server answers; nothing where it stalls. */
interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Bytes behind the answer. */
  readonly then?: Uint8Array;
}

/** A server that answers by a function, and remembers. */
class ScriptedServer {
  readonly requests: RtspRequest[] = [];
  readonly #answer: (request: RtspRequest) => Answer | undefined;

  constructor(answer: (request: RtspRequest) => Answer | undefined) {
    this.#answer = answer;
  }

  /** Serves one connection. */
  serve(carrier: Carrier): void {
    const reader = new RtspReader({
      request: (request) => {
        this.requests.push(request);
        const answer = this.#answer(request);
        if (answer === undefined) return;
        const { status = 200, headers = {}, body = "" } = answer;
        const all = { CSeq: request.headers.get("cseq"), ...headers };
        carrier.send(formatRtspResponse(status, { headers: all, body }));
        if (answer.then !== undefined) carrier.send(answer.then);
      },
      response() {},
      frame() {},
    });
    carrier.open({ receive: (bytes) => reader.push(bytes), closed() {} });
  }

  get methods(): string {
    return this.requests.map(({ method }) => method).join(" ");
  }
}

/** Plays the made-up track over TCP, or over UDP where it is asked to. */
function playing({ method, headers }: RtspRequest): Answer {
  switch (method) {
    case "DESCRIBE":
      return { body: SDP };
    case "SETUP":
      return { headers: { Session: "1", Transport: `${headers.get("transport")};server_port=6000-6001` } };
    case "PLAY":
      return { then: frameOf(1) };
    default:
      return {};
  }
}

function rtpOf(sequenceNumber: number): Uint8Array {
  return encodeRtpPacket({
    payloadType: 97,
    isMarked: true,
    sequenceNumber,
    timestamp: sequenceNumber * 960,
    ssrc: 7,
    payload: Uint8Array.of(0xfc, 1, 2),
  });
}

function frameOf(sequenceNumber: number): Uint8Array {
  const packet = rtpOf(sequenceNumber);
  return Uint8Array.of(0x24, 0, 0, packet.length, ...packet);
}

/** A port pair whose other end is the test. */
class Pair implements RtpPortPair {
  readonly rtpPort = 5000;
  readonly rtcpPort = 5001;
  isClosed = false;
  reports = 0;
  /** Of RTP that were sent. */
  packets = 0;
  deliver: Parameters<RtpPortPair["receiveWith"]>[0] = () => {};
  receiveWith(receive: Parameters<RtpPortPair["receiveWith"]>[0]): void {
    this.deliver = receive;
  }
  send(bytes: Uint8Array, { isRtcp }: { isRtcp: boolean }): void {
    // one block, of the only source
    if (isRtcp && bytes[1] === 201 && bytes[0] === 0x81) this.reports++;
    if (!isRtcp && bytes.length > 12) this.packets++;
  }
  close(): void {
    this.isClosed = true;
  }
}

/** Lets time pass, in small steps, until something is so. */
async function untilLater(rig: RelayRig, isSo: () => boolean, what: string): Promise<void> {
  for (let turn = 0; turn < 200; turn++) {
    if (isSo()) return;
    rig.clock.advance(200);
    await settled();
  }
  assert.fail(`Waited in vain for ${what}: ${rig.lines().join("\n")}`);
}

Deno.test("rtspEndpoint keeps user and password out of what is asked and shown", () => {
  const endpoint = rtspEndpoint("rtsp://joe:s%40crt@CAM:8554/a/b?key=1");
  assert.deepEqual(endpoint, {
    scheme: "rtsp",
    host: "cam",
    port: 8554,
    user: "joe",
    password: "s@crt",
    url: "rtsp://cam:8554/a/b?key=1",
    shown: "rtsp://cam:8554/a/b",
  });
  assert.equal(rtspEndpoint("rtsps://h/a").port, 322);
  assert.throws(() => rtspEndpoint("rtmp://joe:secret@h/a"), {
    message: 'Cannot use "rtmp://joe@h/a": its scheme must be rtsp or rtsps',
  });
});

Deno.test("rtspTarget puts a name behind an address that has none, or where one is given", () => {
  const cases: [uri: string, target: string | undefined, url: string][] = [
    ["rtsp://h/live/x", undefined, "rtsp://h/live/x"],
    ["rtsp://h/live/", undefined, "rtsp://h/live/here"],
    ["rtsp://h", undefined, "rtsp://h/here"],
    ["rtsp://h/live", "a b", "rtsp://h/live/a%20b"],
    ["rtsp://h/live?key=1", "b", "rtsp://h/live/b?key=1"],
  ];
  for (const [uri, target, url] of cases) {
    assert.equal(rtspTarget(uri, { target, local: "here" }).url, url, uri);
  }
});

Deno.test("redirectedRtsp takes user and password to the same host only, and never out of TLS", () => {
  const cases: [from: string, to: string, url: string, user: string][] = [
    ["rtsp://u:p@h/a", "rtsp://h/b", "rtsp://h/b", "u"],
    ["rtsp://u:p@h/a", "rtsp://h:8554/b", "rtsp://h:8554/b", "u"],
    ["rtsp://u:p@h/a", "/b?c=d", "rtsp://h/b?c=d", "u"],
    ["rtsp://u:p@h/a", "rtsps://h/b", "rtsps://h/b", "u"],
    ["rtsp://u:p@h/a", "rtsp://other/b", "rtsp://other/b", ""],
    ["rtsp://u:p@h/a", "rtsp://v:q@other/b", "rtsp://other/b", "v"],
    ["rtsps://u:p@h/a", "rtsp://h/b", "rtsp://h/b", ""],
  ];
  for (const [from, to, url, user] of cases) {
    const next = redirectedRtsp(rtspEndpoint(from), to);
    assert.deepEqual([next.url, next.user], [url, user], `${from} to ${to}`);
  }
  assert.throws(() => redirectedRtsp(rtspEndpoint("rtsp://h/a"), "http://h/b"), /scheme must be rtsp/);
});

Deno.test("a pull over RTSP brings what is published at the other end, and says good-bye when it is stopped", async () => {
  await using rig = new RelayRig();
  const publisher = await rig.publisher("a", "far");
  publisher.sendMedia(AUDIO, 0, AAC_CONFIG);
  publisher.sendMedia(AUDIO, 20, AAC_FRAME);
  const stop = rig.pull({ uri: "rtsp://far/live/a", rtspTransport: "tcp" });
  await untilLater(rig, () => rig.lines(/connected, waits for media over TCP/).length === 1, "the pull");
  publisher.sendMedia(AUDIO, 40, AAC_FRAME);
  publisher.sendMedia(AUDIO, 60, AAC_FRAME);
  await untilLater(rig, () => rig.sounds("a", "here") >= 2, "the packets");
  assert.match(rig.streams.list()[0]!.publisher!.origin, /^pull rtsp:\/\/far\/live\/a$/);
  await stop();
  assert.equal(rig.isLive("a", "here"), false);
  assert.equal(rig.lines(/WARNING/).length, 0, rig.lines().join("\n"));
});

Deno.test("a push over RTSP publishes at the other end as long as the stream is live", async () => {
  await using rig = new RelayRig();
  rig.push({ targetUri: "rtsp://far/live/" });
  const publisher = await rig.publisher("b", "here");
  publisher.sendMedia(AUDIO, 0, AAC_CONFIG);
  publisher.sendMedia(AUDIO, 20, AAC_FRAME);
  await untilLater(rig, () => rig.lines(/connected and publishing over TCP/).length === 1, "the push");
  publisher.sendMedia(AUDIO, 40, AAC_FRAME);
  publisher.sendMedia(AUDIO, 60, AAC_FRAME);
  await untilLater(rig, () => rig.sounds("b", "far") >= 2, "the packets");
  publisher.delete();
  await untilLater(rig, () => !rig.isLive("b", "far"), "the end");
  assert.equal(rig.lines(/WARNING/).length, 0, rig.lines().join("\n"));
});

Deno.test("a push goes on over UDP where TCP is refused, logs in, and connects again when it is cut off", async () => {
  const challenge = { "WWW-Authenticate": 'Digest realm="r", nonce="n", algorithm=SHA-256, qop="auth"' };
  const server = new ScriptedServer((request) => {
    const isTcp = request.headers.get("transport")?.includes("TCP") === true;
    if (request.method === "ANNOUNCE" && request.headers.get("authorization") === undefined) {
      return { status: 401, headers: challenge };
    }
    return isTcp
      ? { status: 461 }
      : playing(request.method === "PLAY" ? { ...request, method: "RECORD" } : request);
  });
  let far: Carrier | undefined;
  await using rig = new RelayRig({
    accept(carrier) {
      far = carrier;
      server.serve(carrier);
    },
  });
  const pairs = [new Pair(), new Pair()];
  rig.portPairs.push(...pairs);
  rig.push({ targetUri: "rtsp://joe:secret@far/live/" });
  const publisher = await rig.publisher("b", "here");
  publisher.sendMedia(AUDIO, 0, AAC_CONFIG);
  publisher.sendMedia(AUDIO, 20, AAC_FRAME);
  const stood = () => rig.lines(/connected and publishing over UDP/).length;
  await untilLater(rig, () => stood() === 1, "the push");
  assert.equal(rig.lines(/takes no media over TCP; goes on over UDP/).length, 1);
  publisher.sendMedia(AUDIO, 40, AAC_FRAME);
  await untilLater(rig, () => pairs[0]!.packets > 0, "packets over UDP");
  assert.match(server.methods, /^OPTIONS ANNOUNCE ANNOUNCE SETUP SETUP RECORD/);
  const logins = server.requests.map(({ headers }) => headers.get("authorization") ?? "");
  assert.match(logins.at(-1)!, /^Digest username="joe".*algorithm=SHA-256.*qop=auth/);
  far?.abort(new ClosedError("cut"));
  await untilLater(rig, () => stood() === 2, "the push again");
  assert.deepEqual([rig.dials.length, pairs[0]!.isClosed, pairs[1]!.isClosed], [2, true, false]);
  assert.ok(!rig.lines().join("\n").includes("secret"));
  publisher.delete();
  await untilLater(rig, () => pairs[1]!.isClosed, "the end");
  assert.match(server.methods, /TEARDOWN$/);
});

Deno.test("a pull goes on over TCP where no packet comes over UDP, where UDP is refused, and where no port is free", async () => {
  const cases: [name: string, hasPorts: boolean, udp: (request: RtspRequest) => Answer, said: RegExp][] = [
    [
      "silent",
      true,
      (request) => request.method === "PLAY" ? {} : playing(request),
      /no packet comes within 3000 ms/,
    ],
    [
      "refused",
      true,
      (request) => request.method === "SETUP" ? { status: 461 } : playing(request),
      /answers 461 Unsupported Transport.*; goes on over TCP/,
    ],
    [
      "refused in another way",
      true,
      (request) => request.method === "SETUP" ? { status: 500 } : playing(request),
      /answers 500 Internal Server Error; goes on over TCP/,
    ],
    ["no ports", false, playing, /no pair of ports is free here; goes on over TCP/],
  ];
  for (const [name, hasPorts, udp, said] of cases) {
    const servers: ScriptedServer[] = [];
    await using rig = new RelayRig({
      accept: (carrier) => {
        const server = new ScriptedServer(servers.length === 0 ? udp : playing);
        servers.push(server);
        server.serve(carrier);
      },
    });
    const pair = new Pair();
    if (hasPorts) rig.portPairs.push(pair);
    const stop = rig.pull({ uri: "rtsp://far/a" });
    await untilLater(rig, () => rig.isLive("a", "here"), `${name}: the stream`);
    assert.equal(rig.lines(said).length, 1, `${name}: ${rig.lines().join("\n")}`);
    assert.equal(rig.dials.length, 2, name);
    if (hasPorts) assert.equal(pair.isClosed, true, `${name}: ports are free again`);
    await rig.cut();
    await untilLater(rig, () => rig.dials.length === 3, `${name}: the next attempt`);
    await untilLater(rig, () => rig.isLive("a", "here"), `${name}: the stream again`);
    assert.match(
      servers[2]!.requests.find(({ method }) => method === "SETUP")!.headers.get("transport")!,
      /TCP/,
    );
    await stop();
    assert.match(servers[2]!.methods, /^OPTIONS DESCRIBE SETUP PLAY.* TEARDOWN$/);
  }
});

Deno.test("a pull takes media over UDP, and reports how it comes", async () => {
  const server = new ScriptedServer((request) => request.method === "PLAY" ? {} : playing(request));
  await using rig = new RelayRig({ accept: (carrier) => server.serve(carrier) });
  const pair = new Pair();
  rig.portPairs.push(pair);
  const stop = rig.pull({ uri: "rtsp://far/a", rtspTransport: "udp" });
  await untilLater(rig, () => server.methods.includes("PLAY"), "PLAY");
  const address = rig.carriers[0]!.local.address;
  for (const number of [1, 2]) {
    pair.deliver({ isRtcp: false, bytes: rtpOf(number), from: { address, port: 6000 } });
  }
  pair.deliver({ isRtcp: false, bytes: rtpOf(9), from: { address: "192.0.2.66", port: 6000 } });
  await untilLater(rig, () => rig.sounds("a", "here") === 3, "the packets");
  await untilLater(rig, () => pair.reports > 0, "a report");
  await stop();
  assert.equal(rig.lines(/waits for media over UDP/).length, 1);
  assert.equal(rig.lines(/1 from elsewhere/).length, 1, rig.lines().join("\n"));
});

Deno.test("a pull follows redirects, a bounded number of them, and takes its password to its own host only", async () => {
  for (const status of [301, 302, 305]) {
    const seen: string[] = [];
    let hops = 0;
    const server = new ScriptedServer(({ method, headers }) => {
      if (method !== "DESCRIBE") return {};
      const authorization = headers.get("authorization");
      if (authorization === undefined && hops === 0) {
        return { status: 401, headers: { "WWW-Authenticate": 'Basic realm="r"' } };
      }
      seen.push(`${authorization === undefined ? "nobody" : "joe"}`);
      hops++;
      return { status, headers: { Location: `rtsp://host${hops}/loop` } };
    });
    await using rig = new RelayRig({ accept: (carrier) => server.serve(carrier) });
    rig.pull({ uri: "rtsp://joe:geheim@host0/a", rtspTransport: "tcp" });
    await untilLater(rig, () => rig.lines(/WARNING/).length === 1, "the failure");
    assert.match(rig.lines(/WARNING/)[0]!, /sent on 6 times, more than MAX_REDIRECTS \(5\)/);
    assert.deepEqual(seen, ["joe", ...Array(MAX_REDIRECTS).fill("nobody")]);
    assert.equal(rig.dials.length, MAX_REDIRECTS + 1);
    assert.ok(!rig.lines().join().includes("geheim"));
  }
});

Deno.test("a pull that is stalled at any step fails in time, says at which, and waits before it comes again", async () => {
  for (const step of ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"]) {
    const server = new ScriptedServer((request) => request.method === step ? undefined : playing(request));
    await using rig = new RelayRig({ accept: (carrier) => server.serve(carrier) });
    rig.pull({ uri: "rtsp://far/a", rtspTransport: "tcp" });
    await untilLater(rig, () => rig.lines(/WARNING/).length === 1, step);
    assert.match(
      rig.lines(/WARNING/)[0]!,
      new RegExp(`Cannot ${step}: the server does not answer within 8000 ms`),
    );
    assert.equal(rig.dials.length, 1, step);
    assert.equal(rig.relays.list()[0]!.state, "waiting", step);
  }
});

Deno.test("a pull that is refused, lied to or sent nonsense fails with a clear line, and this pull only", async () => {
  const cases: [name: string, answer: (request: RtspRequest) => Answer, said: RegExp][] = [
    [
      "not found",
      () => ({ status: 404 }),
      /Cannot DESCRIBE: the server answers 404 Not Found; look at the path/,
    ],
    ["no media", () => ({ body: "v=0\r\n" }), /it has no media over RTP/],
    [
      "unknown codec",
      () => ({ body: SDP.replace("opus", "vorbis") }),
      /Cannot play: of audio VORBIS nothing is known here/,
    ],
    [
      "nowhere",
      () => ({ status: 302, headers: { Location: "http://x/" } }),
      /sends us to no address of RTSP/,
    ],
    [
      "no RTSP",
      () => ({ body: SDP, then: new TextEncoder().encode("HTTP/1.0 200 OK\r\n\r\n") }),
      /first line is/,
    ],
    ["never ends", () => ({ body: SDP, then: new Uint8Array(20_000).fill(65) }), /MAX_RTSP_HEAD_BYTES/],
  ];
  for (const [name, answer, said] of cases) {
    const server = new ScriptedServer((request) => request.method === "OPTIONS" ? {} : answer(request));
    await using rig = new RelayRig({ accept: (carrier) => server.serve(carrier) });
    const bystander = await rig.publisher("b", "here");
    rig.pull({ uri: "rtsp://far/a", rtspTransport: "tcp" });
    await untilLater(rig, () => rig.lines(/WARNING .*has failed/).length > 0, name);
    assert.match(rig.lines(/WARNING .*has failed/)[0]!, said, name);
    assert.equal(rig.isLive("b", "here"), true, name);
    bystander.delete();
  }
});

Deno.test("a pull of a source that falls silent, says good-bye or wants its clients elsewhere connects again", async () => {
  const bye = Uint8Array.of(0x24, 1, 0, 8, 0x81, 203, 0, 1, 0, 0, 0, 7);
  const redirect = new TextEncoder().encode(
    "REDIRECT * RTSP/1.0\r\nCSeq: 1\r\nLocation: rtsp://there/a\r\n\r\n",
  );
  const cases: [name: string, then: Uint8Array, said: RegExp, dial: string][] = [
    ["silent", new Uint8Array(0), /has sent no media for 10\d\d\d ms/, "rtsp far"],
    ["bye", bye, /has ended: the source has said good-bye/, "rtsp far"],
    ["redirect", redirect, /has ended: the server asks to connect again/, "rtsp there"],
  ];
  for (const [name, then, said, dial] of cases) {
    const server = new ScriptedServer((request) =>
      request.method === "PLAY"
        ? { then: Uint8Array.of(...frameOf(1), ...frameOf(2), ...then) }
        : playing(request)
    );
    await using rig = new RelayRig({ accept: (carrier) => server.serve(carrier) });
    rig.pull({ uri: "rtsp://far/a", rtspTransport: "tcp" });
    await untilLater(rig, () => rig.dials.length === 2, name);
    assert.equal(rig.lines(said).length, 1, `${name}: ${rig.lines().join("\n")}`);
    assert.equal(rig.dials[1], dial, name);
  }
});

Deno.test("a pull over RTSP on demand comes with the first player and goes after the last", async () => {
  const server = new ScriptedServer(playing);
  await using rig = new RelayRig({ accept: (carrier) => server.serve(carrier) });
  rig.pull({ uri: "rtsp://far/a", rtspTransport: "tcp", onDemand: true });
  await settled();
  assert.equal(rig.dials.length, 0);
  const player = await rig.client("here", (stream) => stream.play("a"));
  await untilLater(rig, () => rig.isLive("a", "here"), "the stream");
  player.delete();
  await untilLater(rig, () => rig.lines(/nobody plays it any more/).length === 1, "the end");
  assert.match(server.methods, /TEARDOWN$/);
});
