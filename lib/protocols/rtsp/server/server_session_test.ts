import assert from "node:assert/strict";
import { latin1, ScriptedCarrier, textOf } from "../../../../tests/helpers/scripted_carrier.ts";
import { ManualClock } from "#clock";
import { ClosedError, LimitError } from "#errors";
import { RtspProtocol } from "#protocols/rtsp";
import { MAX_RTSP_TRACKS } from "../limits.ts";
import type { RtpGroups, RtpPortPair, RtspPlayContext, RtspWish } from "#protocols/rtsp";

/** A server whose application plays two tracks of any stream but `none`, and takes what is announced. */
function rig(options: { hasPorts?: boolean | "none"; needsLogin?: boolean; groups?: RtpGroups } = {}) {
  const clock = new ManualClock();
  const log: string[] = [];
  const wishes: RtspWish[] = [];
  const plays: RtspPlayContext[] = [];
  const sent: string[] = [];
  let receive: Parameters<RtpPortPair["receiveWith"]>[0] = () => {};
  const refusal = (wish: RtspWish) =>
    options.needsLogin && wish.authorization === undefined
      ? {
        status: 401,
        reason: "who?",
        headers: { "WWW-Authenticate": ['Digest realm="r"', 'Basic realm="r"'] },
      }
      : wish.streamName === "none"
      ? { status: 404, reason: "not there" }
      : wish.streamName === "slow"
      ? { status: 503, reason: "no decision" }
      : undefined;
  const protocol = new RtspProtocol({
    clock,
    randomBytes: (length) => new Uint8Array(length).fill(0xab),
    application: {
      open: (wish) => {
        wishes.push(wish);
        return Promise.resolve(
          refusal(wish) ?? {
            sdp: "v=0\r\n",
            controls: ["trackID=0", "trackID=1"],
            play(context) {
              plays.push(context);
              log.push("play");
              return {
                cue: (range) =>
                  Promise.resolve(
                    range?.kind === "smpte" ? { status: 457, reason: "" } : {
                      range: "npt=now-",
                      tracks: [{ index: 0, sequenceNumber: 7, timestamp: 9 }, { index: 1 }],
                    },
                  ),
                start: () => log.push("start"),
                pause: () => log.push("pause"),
                sayGoodBye: () => log.push("bye"),
                rtcp: (track, bytes) => log.push(`rtcp ${track} ${bytes.length}`),
                stop: (error) => log.push(`stop ${error?.message}`),
              };
            },
          },
        );
      },
      announce: (wish) =>
        Promise.resolve(
          refusal(wish) ?? {
            start: () =>
              wish.streamName === "busy" ? { status: 403, reason: "busy" } : void log.push("record"),
            rtp: (track, bytes) => log.push(`rtp ${track} ${textOf(bytes)}`),
            rtcp: (track, bytes) => log.push(`rtcp ${track} ${textOf(bytes)}`),
            report: (track) => track === 0 ? latin1("RR") : undefined,
            stop: (isLost) => log.push(`end ${isLost}`),
          },
        ),
    },
    ...(options.groups && { groups: options.groups }),
    ...(options.hasPorts
      ? {
        ports: {
          open: () =>
            Promise.resolve(
              options.hasPorts === "none" ? undefined : {
                rtpPort: 6000,
                rtcpPort: 6001,
                receiveWith: (given) => receive = given,
                send: (bytes, { isRtcp, to }) => sent.push(`${isRtcp} ${to.port} ${bytes.length}`),
                close: () => log.push("closed ports"),
              } satisfies RtpPortPair,
            ),
        },
      }
      : {}),
  });
  const carrier = new ScriptedCarrier();
  protocol.openOn(carrier);
  let cseq = 0;
  const ask = async (method: string, url: string, headers: Record<string, string> = {}, body = "") => {
    carrier.take();
    const lines = Object.entries({ CSeq: String(++cseq), ...headers }).map(([name, value]) =>
      `${name}: ${value}`
    );
    if (body !== "") lines.push(`Content-Length: ${body.length}`);
    carrier.deliver(`${method} ${url} RTSP/1.0\r\n${lines.join("\r\n")}\r\n\r\n${body}`);
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    return carrier.take();
  };
  const status = async (...request: Parameters<typeof ask>) => Number((await ask(...request)).split(" ")[1]);
  return {
    clock,
    carrier,
    protocol,
    ask,
    status,
    log,
    wishes,
    plays,
    sent,
    receive: (d: Parameters<typeof receive>[0]) => receive(d),
  };
}

const URL_A = "rtsp://h/live/a";
const TCP = { Transport: "RTP/AVP/TCP;unicast;interleaved=0-1" };
const SDP = "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:streamid=0\r\n" +
  "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 opus/48000/2\r\na=control:streamid=1\r\n";
const ANNOUNCE = { "Content-Type": "application/sdp" };

Deno.test("RtspProtocol plays: DESCRIBE, SETUP of each track, PLAY, PAUSE, TEARDOWN", async () => {
  const { ask, status, log, plays, carrier, wishes } = rig();
  assert.match(
    await ask("OPTIONS", "*"),
    /^RTSP\/1\.0 200 OK\r\nCSeq: 1\r\nServer: crtmp\r\nPublic: OPTIONS, DESCRIBE, /,
  );
  const described = await ask("DESCRIBE", `${URL_A}?k=1`, { Accept: "application/sdp" });
  assert.match(
    described,
    /Content-Base: rtsp:\/\/h\/live\/a\/\r\nContent-Type: application\/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n$/,
  );
  assert.match(
    await ask("SETUP", `${URL_A}/trackID=0`, TCP),
    /Transport: RTP\/AVP\/TCP;unicast;interleaved=0-1\r\nSession: abababababababab;timeout=60/,
  );
  // the same channels again: others are given
  assert.match(await ask("SETUP", `${URL_A}/trackID=1`, TCP), /interleaved=2-3/);
  assert.equal(wishes.length, 1, "access is decided once");
  const played = await ask("PLAY", URL_A, { Session: "abababababababab", Range: "npt=0-" });
  assert.match(
    played,
    /200 OK[^]*Range: npt=now-\r\nRTP-Info: url=rtsp:\/\/h\/live\/a\/trackID=0;seq=7;rtptime=9,url=rtsp:\/\/h\/live\/a\/trackID=1/,
  );
  assert.deepEqual(plays[0]!.tracks.map(({ transport }) => transport), [
    { kind: "tcp", rtpChannel: 0, rtcpChannel: 1 },
    { kind: "tcp", rtpChannel: 2, rtcpChannel: 3 },
  ]);
  carrier.deliver("$\x03\x00\x02rr$\x09\x00\x01x");
  assert.equal(await status("PLAY", URL_A), 200);
  assert.equal(await status("PAUSE", URL_A), 200);
  assert.equal(await status("PLAY", URL_A), 200);
  assert.equal(await status("GET_PARAMETER", URL_A), 200);
  assert.equal(await status("TEARDOWN", URL_A), 200);
  assert.deepEqual(log, ["play", "start", "rtcp 1 2", "pause", "start", "stop undefined"]);
  assert.equal(carrier.closedWith, undefined);
});

Deno.test("RtspProtocol records: ANNOUNCE, SETUP, RECORD, frames, reports, and a connection that is lost", async () => {
  const { ask, status, log, carrier, clock } = rig();
  assert.equal(await status("ANNOUNCE", URL_A, ANNOUNCE, SDP), 200);
  assert.match(
    await ask("SETUP", `${URL_A}/streamid=0`, { Transport: "RTP/AVP/TCP;interleaved=0-1;mode=record" }),
    /interleaved=0-1;mode=record/,
  );
  assert.equal(
    await status("SETUP", `${URL_A}/streamid=1`, { Transport: "RTP/AVP/TCP;interleaved=2-3;mode=record" }),
    200,
  );
  assert.equal(await status("RECORD", URL_A), 200);
  carrier.deliver("$\x02\x00\x01A$\x00\x00\x01V$\x01\x00\x01R$\x08\x00\x01?");
  clock.advance(5_000);
  assert.equal(carrier.take(), "$\x01\x00\x02RR");
  assert.equal(await status("PAUSE", URL_A), 200);
  carrier.deliver("$\x00\x00\x01P");
  assert.equal(await status("RECORD", URL_A), 200);
  carrier.deliver("$\x00\x00\x01W");
  carrier.drop();
  assert.deepEqual(log, ["record", "rtp 1 A", "rtp 0 V", "rtcp 0 R", "rtp 0 W", "end true"]);
});

Deno.test("RtspProtocol carries media over UDP, from and to the client's address only", async () => {
  const { ask, status, log, receive, sent, clock, carrier } = rig({ hasPorts: true });
  await ask("ANNOUNCE", URL_A, ANNOUNCE, SDP);
  const udp = { Transport: "RTP/AVP;unicast;client_port=5000-5001;mode=record" };
  assert.match(
    await ask("SETUP", `${URL_A}/streamid=0`, udp),
    /client_port=5000-5001;server_port=6000-6001;mode=record/,
  );
  assert.equal(await status("SETUP", `${URL_A}/streamid=1`, TCP), 461, "all tracks go the same way");
  assert.equal(await status("RECORD", URL_A), 200);
  receive({ isRtcp: false, bytes: latin1("V"), from: { address: "192.0.2.7", port: 5000 } });
  receive({ isRtcp: false, bytes: latin1("W"), from: { address: "203.0.113.1", port: 5000 } });
  clock.advance(5_000);
  assert.deepEqual(sent, ["false 5000 12", "true 5001 8", "true 5001 2"]);
  assert.equal(await status("TEARDOWN", URL_A), 200);
  receive({ isRtcp: false, bytes: latin1("X"), from: { address: "192.0.2.7", port: 5000 } });
  clock.advance(200);
  assert.deepEqual(log, ["record", "rtp 0 V", "rtp 0 X", "end false", "closed ports"]);
  carrier.drop();
});

Deno.test("RtspProtocol sends by multicast to a group of its own choice, while there is one", async () => {
  const log: string[] = [];
  const free = ["239.255.0.1"];
  const groups: RtpGroups = {
    acquire(stream, local) {
      log.push(`acquire ${stream} at ${local}`);
      const address = free[0];
      return Promise.resolve(
        address === undefined ? undefined : {
          ...{ address, ttl: 3, portOf: (track: number) => 5004 + 2 * track, send() {} },
          release: () => log.push(`release ${address}`),
        },
      );
    },
  };
  const { ask, status, carrier } = rig({ groups });
  const wanted = { Transport: "RTP/AVP;multicast;destination=239.9.9.9;port=7000-7001;ttl=255" };
  assert.match(
    await ask("SETUP", `${URL_A}/trackID=0`, wanted),
    /Transport: RTP\/AVP;multicast;destination=239\.255\.0\.1;port=5004-5005;ttl=3\r\n/,
  );
  assert.match(await ask("SETUP", `${URL_A}/trackID=1`, wanted), /port=5006-5007;/);
  assert.equal(await status("TEARDOWN", URL_A), 200);
  assert.deepEqual(log, [
    ...Array(2).fill("acquire live/a/ at 127.0.0.1"),
    ...Array(2).fill("release 239.255.0.1"),
  ]);
  free.pop();
  assert.equal(await status("SETUP", `${URL_A}/trackID=0`, wanted), 461, "no group is left");
  const either = { Transport: `${wanted.Transport},${TCP.Transport}` };
  assert.match(await ask("SETUP", `${URL_A}/trackID=0`, either), /Transport: RTP\/AVP\/TCP;/);
  assert.equal(await status("TEARDOWN", URL_A), 200);
  assert.equal(await status("ANNOUNCE", URL_A, ANNOUNCE, SDP), 200);
  assert.equal(
    await status("SETUP", `${URL_A}/streamid=0`, { Transport: "RTP/AVP;multicast;mode=record" }),
    461,
    "nobody publishes by multicast",
  );
  carrier.drop();
});

Deno.test("RtspProtocol takes what is asked of one track of a session for all of them", async () => {
  const { status, log, carrier } = rig();
  const track = `${URL_A}/trackID=1`;
  assert.equal(await status("SETUP", track, TCP), 200);
  const methods = ["PLAY", "PAUSE", "PLAY", "GET_PARAMETER", "TEARDOWN"];
  for (const method of methods) assert.equal(await status(method, track), 200, method);
  assert.equal(await status("TEARDOWN", `${URL_A}/trackID=0`), 454, "it has ended");
  assert.deepEqual(log, ["play", "start", "pause", "start", "stop undefined"]);
  carrier.drop();
});

Deno.test("RtspProtocol bounds the tracks of a session, and of SETUPs that never end", async () => {
  const media = "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:t";
  const sdp = `v=0\r\n${Array.from({ length: 40 }, (_, at) => `${media}${at}\r\n`).join("")}`;
  const { status, carrier, log } = rig({ hasPorts: true });
  assert.equal(await status("ANNOUNCE", URL_A, ANNOUNCE, sdp), 200);
  const udp = { Transport: "RTP/AVP;unicast;client_port=5000-5001;mode=record" };
  const statuses = [];
  for (let at = 0; at < 40; at++) statuses.push(await status("SETUP", `${URL_A}/t${at}`, udp));
  const taken = statuses.filter((each) => each === 200).length;
  assert.equal(taken, MAX_RTSP_TRACKS);
  assert.deepEqual([...new Set(statuses.slice(taken))].filter((each) => each !== 455 && each !== 404), []);
  assert.equal(await status("TEARDOWN", URL_A), 200);
  assert.equal(log.filter((line) => line === "closed ports").length, taken);
  carrier.drop();
});

Deno.test("RtspProtocol drops frames of channels that were not set up, and keeps to what a frame may hold", async () => {
  const { status, log, carrier } = rig();
  assert.equal(await status("ANNOUNCE", URL_A, ANNOUNCE, SDP), 200);
  assert.equal(await status("SETUP", `${URL_A}/streamid=0`, TCP), 200);
  const frame = (channel: number, bytes: number) =>
    `$${String.fromCharCode(channel)}\xff\xff${"x".repeat(bytes)}`;
  carrier.deliver(frame(0, 0xffff));
  assert.equal(log.length, 0, "nothing is recorded before RECORD");
  assert.equal(await status("RECORD", URL_A), 200);
  carrier.deliver(frame(9, 0xffff) + frame(1, 0xffff));
  // the end of a frame is the start of the next message, whatever is in it
  carrier.deliver(frame(0, 0x7fff));
  carrier.deliver("OPTIONS * RTSP/1.0\r\nCSeq: 9\r\n\r\n".padEnd(0x8000, "x"));
  assert.deepEqual(log.map((line) => line.slice(0, 9)), ["record", "rtcp 0 xx", "rtp 0 xxx"]);
  assert.equal(log[2]!.length, "rtp 0 ".length + 0xffff);
  assert.equal(await status("TEARDOWN", URL_A), 200);
  carrier.drop();
});

Deno.test("RtspProtocol frees ports that open after the client has gone", async () => {
  const opening = Promise.withResolvers<RtpPortPair>();
  let closed = 0;
  const protocol = new RtspProtocol({
    clock: new ManualClock(),
    application: {
      open: () => Promise.resolve({ status: 404, reason: "" }),
      announce: () =>
        Promise.resolve({ start: () => undefined, rtp() {}, rtcp() {}, report: () => undefined, stop() {} }),
    },
    ports: { open: () => opening.promise },
  });
  const carrier = new ScriptedCarrier();
  protocol.openOn(carrier);
  const udp = "Transport: RTP/AVP;unicast;client_port=5000-5001;mode=record";
  carrier.deliver(
    `ANNOUNCE ${URL_A} RTSP/1.0\r\nCSeq: 1\r\nContent-Type: application/sdp\r\nContent-Length: ${SDP.length}\r\n\r\n${SDP}` +
      `SETUP ${URL_A}/streamid=0 RTSP/1.0\r\nCSeq: 2\r\n${udp}\r\n\r\n`,
  );
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  carrier.drop();
  opening.resolve({ rtpPort: 2, rtcpPort: 3, receiveWith() {}, send() {}, close: () => closed++ });
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  assert.equal(closed, 1);
});

/** What clients may be told: each has a row that shows it. */
const STATUSES = [400, 401, 403, 404, 405, 406, 415, 451, 453, 454, 455, 457, 459, 461, 501, 503, 551];

Deno.test("RtspProtocol answers what is wrong with the right status", async () => {
  const { status, carrier } = rig();
  const seen = new Set<number>();
  const rows: [expected: number, ...request: Parameters<typeof status>][] = [
    [400, "OPTIONS", "*", { CSeq: "x" }],
    [501, "FETCH", URL_A],
    [405, "REDIRECT", URL_A],
    [551, "OPTIONS", "*", { Require: "implicit-play" }],
    [404, "DESCRIBE", "rtsp://h/live/none"],
    [400, "DESCRIBE", "*"],
    [406, "DESCRIBE", URL_A, { Accept: "text/html" }],
    [455, "PLAY", URL_A],
    [455, "RECORD", URL_A],
    [454, "PAUSE", URL_A],
    [454, "TEARDOWN", URL_A],
    [454, "PLAY", URL_A, { Session: "other" }],
    [415, "ANNOUNCE", URL_A, { "Content-Type": "text/plain" }, "x"],
    [400, "ANNOUNCE", URL_A, ANNOUNCE, "nothing"],
    [459, "SETUP", URL_A, TCP],
    [459, "SETUP", `${URL_A}/?k=1`, TCP],
    [404, "SETUP", `${URL_A}/trackID=2`, TCP],
    [461, "SETUP", `${URL_A}/trackID=0`, { Transport: "RTP/AVP;multicast" }],
    [461, "SETUP", `${URL_A}/trackID=0`, { Transport: "RTP/AVP;unicast;client_port=5000-5001" }],
    [455, "SETUP", `${URL_A}/trackID=0`, { Transport: "RTP/AVP/TCP;mode=record" }],
    [200, "SETUP", `${URL_A}/trackID=0`, TCP],
    [455, "SETUP", `${URL_A}/trackID=0`, TCP],
    [455, "ANNOUNCE", URL_A, ANNOUNCE, SDP],
    [457, "PLAY", URL_A, { Range: "furlongs=1-2" }],
    [406, "PLAY", URL_A, { Scale: "2" }],
    [451, "GET_PARAMETER", URL_A, {}, "position\r\n"],
    [200, "PLAY", URL_A],
    [455, "SETUP", `${URL_A}/trackID=1`, TCP],
  ];
  for (const [expected, ...request] of rows) {
    assert.equal(await status(...request), expected, JSON.stringify(request));
    seen.add(expected);
  }
  carrier.drop();
  const UDP = { Transport: "RTP/AVP;unicast;client_port=5000-5001" };
  const others: [
    expected: number,
    options: Parameters<typeof rig>[0],
    ...request: Parameters<typeof status>,
  ][] = [
    [401, { needsLogin: true }, "DESCRIBE", URL_A],
    [404, {}, "ANNOUNCE", "rtsp://h/live/none", ANNOUNCE, SDP],
    [453, { hasPorts: "none" }, "SETUP", `${URL_A}/trackID=0`, UDP],
    [503, {}, "DESCRIBE", "rtsp://h/live/slow"],
  ];
  for (const [expected, options, ...request] of others) {
    const { status, carrier } = rig(options);
    assert.equal(await status(...request), expected, JSON.stringify(request));
    seen.add(expected);
    carrier.drop();
  }
  const busy = rig();
  const url = "rtsp://h/live/busy";
  assert.equal(await busy.status("ANNOUNCE", url, ANNOUNCE, SDP), 200);
  assert.equal(await busy.status("SETUP", `${url}/streamid=0`, TCP), 200);
  assert.equal(await busy.status("RECORD", url), 403);
  seen.add(403);
  busy.carrier.drop();
  assert.deepEqual([...seen].filter((status) => status !== 200).toSorted((a, b) => a - b), STATUSES);
});

Deno.test("RtspProtocol takes headers in any order and spelling", async () => {
  const spellings: [text: string, expected: RegExp][] = [
    [`DESCRIBE ${URL_A} RTSP/1.0\r\nACCEPT:application/sdp\r\ncseq:7\r\n\r\n`, /200 OK\r\nCSeq: 7/],
    [`describe ${URL_A} RTSP/1.0\nCSEQ : 8\n\n`, /200 OK\r\nCSeq: 8/],
    [`\r\n\r\nOPTIONS * RTSP/1.0\r\nX-Folded: a\r\n  b\r\nCSeq:   9  \r\n\r\n`, /200 OK\r\nCSeq: 9/],
    [
      `SETUP ${URL_A}/trackID=0 RTSP/1.0\r\ntransport: rtp/avp/tcp ; UNICAST ; Interleaved = 2-3\r\nCSeq: 10\r\n\r\n`,
      /interleaved=2-3/,
    ],
    [
      `PLAY ${URL_A} RTSP/1.0\r\nrange:NPT = 0.000 -\r\nsession: abababababababab ;timeout=60\r\nCSEQ:11\r\n\r\n`,
      /200 OK/,
    ],
  ];
  const { carrier } = rig();
  for (const [text, expected] of spellings) {
    carrier.deliver(text);
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    assert.match(carrier.take(), expected, text);
  }
  carrier.drop();
});

Deno.test("RtspProtocol sends who plays elsewhere, and says good-bye when this side closes", async () => {
  const { protocol, carrier, status, log } = rig();
  protocol.redirect("rtsp://other:8554/");
  assert.equal(carrier.take(), "", "nobody plays");
  await status("SETUP", `${URL_A}/trackID=0`, TCP);
  await status("PLAY", URL_A);
  carrier.take();
  protocol.redirect("rtsp://other:8554/");
  assert.match(
    carrier.take(),
    /^REDIRECT \* RTSP\/1\.0\r\nCSeq: 1\r\nLocation: rtsp:\/\/other:8554\/live\/a\r\n/,
  );
  carrier.deliver("RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n");
  protocol.close("the server stops");
  assert.deepEqual(log.filter((line) => line === "bye"), ["bye"]);
});

Deno.test("RtspProtocol passes on what the application asks of clients, and what they answer", async () => {
  const { ask, status, wishes, carrier } = rig({ needsLogin: true });
  assert.match(
    await ask("DESCRIBE", URL_A),
    /^RTSP\/1\.0 401 Unauthorized[^]*WWW-Authenticate: Digest realm="r"\r\nWWW-Authenticate: Basic realm="r"\r\n/,
  );
  assert.equal(await status("DESCRIBE", URL_A, { Authorization: "Basic x" }), 200);
  const { authorization, method, url } = wishes.at(-1)!;
  assert.deepEqual([authorization, method, url], ["Basic x", "DESCRIBE", URL_A]);
  carrier.drop();
});

Deno.test("RtspProtocol ends a connection that is no RTSP, with an answer, and one that is silent", async () => {
  const { carrier } = rig();
  carrier.deliver("GET / HTTP/1.1\r\n\r\n");
  assert.match(carrier.take(), /^RTSP\/1\.0 400 Bad Request/);
  assert.ok(carrier.closedWith instanceof ClosedError);
  const silent = rig();
  silent.clock.advance(59_000);
  assert.equal(silent.carrier.closedWith, undefined);
  silent.clock.advance(6_000);
  assert.ok(silent.carrier.closedWith);
  assert.equal(silent.clock.pending, 0);
  const deaf = rig();
  deaf.carrier.isStuck = true;
  for (let count = 0; count < 3_000 && deaf.carrier.closedWith === undefined; count++) {
    await deaf.ask("OPTIONS", "*");
  }
  assert.ok(deaf.carrier.closedWith instanceof LimitError);
  const flood = rig();
  flood.carrier.deliver("OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n".repeat(100));
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  assert.ok(flood.carrier.closedWith);
});
