import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1, textOf } from "../../../tests/helpers/scripted_carrier.ts";
import { FormatError, LimitError, ProtocolError } from "#errors";
import {
  formatClock,
  formatNpt,
  formatSdp,
  MAX_RTSP_BODY_BYTES,
  MAX_RTSP_HEAD_BYTES,
  MAX_RTSP_HEADERS,
  parsePlayRange,
  parseRtspHead,
  parseRtspUrl,
  parseSdp,
  parseTransport,
  RtspReader,
  trackOf,
} from "#protocols/rtsp";

const CONVERSATION = "OPTIONS rtsp://h/live/a RTSP/1.0\r\nCSeq: 1\r\n\r\n" +
  "\r\n$\x00\x00\x03abc" +
  "SET_PARAMETER rtsp://h/live/a RTSP/1.0\nCSeq:2\nContent-Length: 4\n\n$\x01\x00\x00" +
  "RTSP/1.0 200 OK\r\nCSeq: 3\r\nX: a\r\n  b\r\nX: c\r\n\r\n" +
  "$\x05\x00\x01z";

function read(pieces: readonly Uint8Array[]): string[] {
  const seen: string[] = [];
  const reader = new RtspReader({
    request: ({ method, url, headers, body }) =>
      seen.push(`${method} ${url} ${headers.get("cseq")} ${textOf(body)}`),
    response: ({ status, reason, headers }) => seen.push(`${status} ${reason} ${headers.get("x")}`),
    frame: (channel, bytes) => seen.push(`${channel}:${textOf(bytes)}`),
  });
  for (const piece of pieces) {
    const lent = piece.slice();
    reader.push(lent);
    lent.fill(0xee);
  }
  return seen;
}

Deno.test("RtspReader reads messages and frames at every split", () => {
  const bytes = latin1(CONVERSATION);
  const whole = read([bytes]);
  assert.deepEqual(whole, [
    "OPTIONS rtsp://h/live/a 1 ",
    "0:abc",
    "SET_PARAMETER rtsp://h/live/a 2 $\x01\x00\x00",
    "200 OK a b, c",
    "5:z",
  ]);
  for (let at = 0; at <= bytes.length; at++) {
    assert.deepEqual(read([bytes.subarray(0, at), bytes.subarray(at)]), whole, `split at ${at}`);
  }
  assert.deepEqual(read([...bytes].map((byte) => Uint8Array.of(byte))), whole);
});

Deno.test("RtspReader refuses what is malformed or larger than its limits", () => {
  const cases: [text: string, error: typeof ProtocolError | typeof LimitError][] = [
    ["GET / HTTP/1.1\r\n\r\n", ProtocolError],
    ["OPTIONS * RTSP/1.0\r\nno colon\r\n\r\n", ProtocolError],
    ["OPTIONS * RTSP/1.0\r\nContent-Length: -1\r\n\r\n", ProtocolError],
    [`OPTIONS * RTSP/1.0\r\nContent-Length: ${MAX_RTSP_BODY_BYTES + 1}\r\n\r\n`, LimitError],
    [`OPTIONS * RTSP/1.0\r\n${"A: b\r\n".repeat(MAX_RTSP_HEADERS + 1)}\r\n`, ProtocolError],
    ["x".repeat(MAX_RTSP_HEAD_BYTES + 1), LimitError],
  ];
  for (const [text, error] of cases) {
    assert.throws(() => read([latin1(text)]), error, text.slice(0, 60));
  }
});

Deno.test("RtspReader survives any bytes", () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.constantFrom("$", "\r\n", "RTSP/1.0", "OPTIONS * RTSP/1.0\r\n\r\n", "Content-Length: 3\r\n").map(
      latin1,
    ),
  );
  fc.assert(fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
    try {
      read(pieces);
    } catch (error) {
      assert.ok(error instanceof ProtocolError || error instanceof LimitError, String(error));
    }
  }));
});

Deno.test("parseTransport reads the headers of the field", () => {
  const cases: [text: string, specs: ReturnType<typeof parseTransport>][] = [
    ["RTP/AVP/TCP;unicast;interleaved=0-1", [
      { lower: "tcp", isMulticast: false, interleaved: [0, 1], isRecord: false },
    ]],
    ['RTP/AVP;unicast;client_port=5000-5001;mode="RECORD"', [
      { lower: "udp", isMulticast: false, clientPort: [5000, 5001], isRecord: true },
    ]],
    ["RTP/AVP/UDP;multicast , rtp/avp/tcp ; interleaved=4;mode=receive", [
      { lower: "udp", isMulticast: true, isRecord: false },
      { lower: "tcp", isMulticast: false, interleaved: [4, 5], isRecord: true },
    ]],
    ["RTP/AVP;client_port=70000-70001", [{ lower: "udp", isMulticast: false, isRecord: false }]],
    ["RTP/AVP/TCP;interleaved=255", [{ lower: "tcp", isMulticast: false, isRecord: false }]],
    ["x-real-rdt/udp;client_port=1-2,,", []],
  ];
  for (const [text, specs] of cases) assert.deepEqual(parseTransport(text), specs, text);
});

Deno.test("parsePlayRange reads media time and wall time, and refuses what is neither", () => {
  const npt = (
    startUs: number | "now" | undefined,
    endUs?: number,
  ) => ({ kind: "npt", startUs, endUs } as const);
  const cases: [text: string, range: ReturnType<typeof parsePlayRange>][] = [
    ["npt=0.000-", npt(0)],
    ["npt=now-", npt("now")],
    ["NPT = 1.5 - 20", npt(1_500_000, 20_000_000)],
    ["npt=1:02:03.25-", npt(3_723_250_000)],
    ["npt=-10", npt(undefined, 10_000_000)],
    ["npt=5-;time=20260101T000000Z", npt(5_000_000)],
    ["clock=20260102T030405.5Z-", { kind: "clock", startMs: Date.UTC(2026, 0, 2, 3, 4, 5, 500) }],
    ["smpte-25=10:07:00-", { kind: "smpte" }],
    ["npt=20-10", undefined],
    ["npt=-", undefined],
    ["npt=x-", undefined],
    ["npt=1e9-", undefined],
    ["clock=now-", undefined],
    ["furlongs=1-2", undefined],
    ["", undefined],
  ];
  for (const [text, range] of cases) assert.deepEqual(parsePlayRange(text), range, text);
  assert.equal(formatNpt(3_723_250_000), "3723.250");
  assert.equal(formatClock(Date.UTC(2026, 0, 2, 3, 4, 5, 500)), "20260102T030405.500Z");
  fc.assert(fc.property(fc.string({ maxLength: 60 }), (text) => {
    parsePlayRange(text);
    parsePlayRange(`npt=${text}`);
  }));
});

Deno.test("parseRtspUrl and trackOf find stream and track", () => {
  const live = { appName: "live", streamName: "a/b", query: "k=1" };
  assert.deepEqual(parseRtspUrl("rtsp://u:p@h:8554/live/a%2Fb/?k=1"), live);
  assert.deepEqual(parseRtspUrl("RTSPS://h/live/a/b?k=1/"), live);
  assert.deepEqual(parseRtspUrl("/live/50%"), { appName: "live", streamName: "50%", query: "" });
  assert.equal(parseRtspUrl("http://h/a"), undefined);
  assert.equal(parseRtspUrl("*"), undefined);
  const cases: [url: string, controls: string[], track: number][] = [
    ["rtsp://h/live/a/trackID=1", ["trackID=0", "trackID=1"], 1],
    ["rtsp://h/live/a?k=1/streamid=0", ["streamid=0"], 0],
    ["rtsp://h/x/track1", ["rtsp://h/x/track1"], 0],
    ["rtsp://h/live/a", ["trackID=0"], 0],
    ["rtsp://h/live/a", ["trackID=0", "trackID=1"], -1],
    ["rtsp://h/live/a/trackID=7", ["trackID=0"], -1],
  ];
  for (const [url, controls, track] of cases) assert.equal(trackOf(url, controls), track, url);
});

Deno.test("parseSdp reads what formatSdp writes, and what cameras write", () => {
  const track = {
    kind: "video",
    payloadType: 96,
    encoding: "H264",
    clockRate: 90_000,
    channels: 1,
    format: "packetization-mode=1; sprop-parameter-sets=Z0IA,aM4=",
    control: "trackID=0",
  } as const;
  const [read] = parseSdp(formatSdp({ name: "a\r\nm=evil", tracks: [track] }));
  const { parameters, ...rest } = read!;
  const { format: _format, ...expected } = track;
  assert.deepEqual(rest, expected);
  assert.equal(parameters.get("sprop-parameter-sets"), "Z0IA,aM4=");
  const [audio, other] = parseSdp(
    "v=0\nm=audio 0 RTP/AVP 0\nm=application 0 RTP/AVP 107\na=rtpmap:107 x/1000\n",
  );
  assert.deepEqual([audio!.encoding, audio!.clockRate, other!.kind], ["PCMU", 8000, "data"]);
  // what looks like a number is text all the same
  const [odd] = parseSdp("v=0\nm=audio 0 RTP/AVP 96\na=rtpmap:96 7/8000\na=fmtp:96 5\na=control:3\n");
  assert.deepEqual([odd!.encoding, odd!.control, odd!.parameters.size], ["7", "3", 0]);
  for (const text of ["", "v=0\r\n", "m=video", "\u0000"]) {
    assert.throws(() => parseSdp(text), FormatError, text);
  }
});

Deno.test("parseRtspHead takes lower-case names and versions as they come", () => {
  const head = parseRtspHead("play rtsp://h/a rtsp/1.0".replace("rtsp/1.0", "RTSP/1.0") + "\r\ncseq:  7 ");
  assert.deepEqual("method" in head && [head.method, head.headers.get("cseq")], ["play", "7"]);
});
