import { inboundForm, RtspToStream } from "#bridges/rtsp";
import { ManualClock } from "#clock";
import { decodeRtcp, encodeRtcp, encodeRtpPacket } from "#protocols/rtp";
import { parseSdp, RtspProtocol, RtspReader } from "#protocols/rtsp";
import type { RtspApplication } from "#protocols/rtsp";
import { SinkCarrier } from "../../helpers/sink_carrier.ts";
import { splitAtRandom } from "../mutate.ts";
import { assertSame, FuzzFailure, isBadInput, outcomeOf } from "../target.ts";
import type { FuzzTarget } from "../target.ts";

const SDP = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\n" +
  "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n" +
  "a=fmtp:96 packetization-mode=1; sprop-parameter-sets=Z2QADKzZQUGfnwEQAAADABAAAAMDIPFCmWA=,aOvjyyLA\r\n" +
  "a=control:streamid=0\r\n" +
  "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/44100/2\r\n" +
  "a=fmtp:97 sizelength=13;indexlength=3;indexdeltalength=3;config=1210\r\na=control:streamid=1\r\n";

const MORE_SDP = "v=0\r\nm=video 0 RTP/AVP 98\r\na=rtpmap:98 H265/90000\r\n" +
  "m=video 0 RTP/AVP 99\r\na=rtpmap:99 VP8/90000\r\nm=video 0 RTP/AVP 100\r\na=rtpmap:100 VP9/90000\r\n" +
  "m=video 0 RTP/AVP 101\r\na=rtpmap:101 AV1/90000\r\nm=audio 0 RTP/AVP 102\r\na=rtpmap:102 opus/48000/2\r\n" +
  "m=audio 0 RTP/AVP 14\r\nm=audio 0 RTP/AVP 103\r\na=rtpmap:103 ac3/48000\r\nm=audio 0 RTP/AVP 104\r\n" +
  "a=rtpmap:104 MP4A-LATM/44100/2\r\na=fmtp:104 cpresent=0; config=400024203fc0\r\nm=audio 0 RTP/AVP 0\r\n" +
  "m=audio 0 RTP/AVP 105\r\na=rtpmap:105 MP4A-LATM/44100/2\r\nm=audio 0 RTP/AVP 9\r\n" +
  "m=audio 0 RTP/AVP 10\r\nm=audio 0 RTP/AVP 106\r\na=rtpmap:106 L24/48000/2\r\nm=video 0 RTP/AVP 33\r\n";

/** A description has 16 media sections at most. */
const REORDERED_SDP = "v=0\r\nm=video 0 RTP/AVP 107\r\na=rtpmap:107 H264/90000\r\n" +
  "a=fmtp:107 packetization-mode=2; sprop-interleaving-depth=2\r\n" +
  "m=video 0 RTP/AVP 108\r\na=rtpmap:108 H265/90000\r\n" +
  "a=fmtp:108 sprop-max-don-diff=2; sprop-depack-buf-nalus=2\r\n" +
  "m=application 0 RTP/AVP 109\r\na=rtpmap:109 smpte336m/90000\r\n";

const TCP = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n";

const CONVERSATIONS = [
  `OPTIONS rtsp://h/live/a RTSP/1.0\r\nCSeq: 1\r\n\r\n` +
  `ANNOUNCE rtsp://h/live/a RTSP/1.0\r\nCSeq: 2\r\nContent-Type: application/sdp\r\nContent-Length: ${SDP.length}\r\n\r\n${SDP}` +
  `SETUP rtsp://h/live/a/streamid=0 RTSP/1.0\r\nCSeq: 3\r\n${TCP}\r\n` +
  `RECORD rtsp://h/live/a RTSP/1.0\r\nCSeq: 4\r\nSession: 0000000000000000\r\n\r\n$\x00\x00\x03abc$\x01\x00\x00` +
  `TEARDOWN rtsp://h/live/a RTSP/1.0\r\nCSeq: 5\r\n\r\n`,
  `DESCRIBE rtsp://h/live/a RTSP/1.0\r\nCSeq: 1\r\nAuthorization: Basic YTpi\r\n\r\n` +
  `SETUP rtsp://h/live/a/trackID=0 RTSP/1.0\r\nCSeq: 2\r\n${TCP}\r\n` +
  `PLAY rtsp://h/live/a RTSP/1.0\r\nCSeq: 3\r\nRange: npt=0-\r\n\r\n` +
  `PAUSE rtsp://h/live/a RTSP/1.0\r\nCSeq: 4\r\n\r\nGET_PARAMETER rtsp://h/live/a RTSP/1.0\r\nCSeq: 5\r\n\r\n`,
].map((text) => Uint8Array.from(text, (character) => character.charCodeAt(0)));

/** RTSP connections: the same messages and frames come out however the input is split, and a session survives. */
export function rtspTarget(): FuzzTarget {
  return {
    name: "rtsp",
    seeds: CONVERSATIONS,
    async run(bytes, random) {
      const parts = splitAtRandom(bytes, random);
      assertSame("messages", readAll([bytes]), readAll(parts));
      await runSession(parts);
    },
  };
}

function readAll(parts: readonly Uint8Array[]): string[] {
  const seen: string[] = [];
  const reader = new RtspReader({
    request: ({ method, url, body }) => seen.push(`${method} ${url} ${body.length}`),
    response: ({ status }) => seen.push(String(status)),
    frame: (channel, frame) => seen.push(`${channel}: ${frame.length}`),
  });
  seen.push(outcomeOf(() => parts.forEach((part) => reader.push(part))));
  return seen;
}

const APPLICATION: RtspApplication = {
  open: () =>
    Promise.resolve({
      sdp: SDP,
      controls: ["trackID=0", "trackID=1"],
      play: () => ({
        cue: () => Promise.resolve({ range: "npt=now-", tracks: [] }),
        start() {},
        pause() {},
        sayGoodBye() {},
        rtcp() {},
        stop() {},
      }),
    }),
  announce: (_wish, media) => {
    for (const section of media) inboundForm(section);
    return Promise.resolve({
      start: () => undefined,
      rtp() {},
      rtcp() {},
      report: () => undefined,
      stop() {},
    });
  },
};

async function runSession(parts: readonly Uint8Array[]): Promise<void> {
  const clock = new ManualClock();
  const protocol = new RtspProtocol({
    application: APPLICATION,
    clock,
    randomBytes: (length) => new Uint8Array(length),
    failed: (error) => {
      throw error;
    },
  });
  const carrier = new SinkCarrier();
  protocol.openOn(carrier);
  for (const part of parts) {
    protocol.receive(part);
    await Promise.resolve();
  }
  clock.advance(70_000);
  protocol.close();
  if (clock.pending > 1) throw new FuzzFailure(`${clock.pending} timers are left`);
}

/** Session descriptions, and what their media sections can be taken for. */
export function sdpTarget(): FuzzTarget {
  return {
    name: "sdp",
    seeds: [SDP, MORE_SDP, REORDERED_SDP].map((text) => new TextEncoder().encode(text)),
    run(bytes) {
      for (const section of parseSdp(new TextDecoder().decode(bytes))) inboundForm(section);
    },
  };
}

/** A track, flags and length, then RTP or RTCP: into the publisher of every payload format. */
export function rtpTarget(): FuzzTarget {
  const payloads = [
    ...[
      "6742",
      "7800026742000168",
      "7c8501",
      "7c4503",
      "79010200026742",
      "7a0000000200000061010002010010 6102",
    ],
    ...[
      "4001aa",
      "600100034001aa",
      "62019301",
      "62015303",
      "10aa",
      "90f0800102 03aa",
      "08aa",
      "0e18014000b4010402aa",
    ],
    ...["7d8100033301", "40010000aa", "6001000100032601110000 03020122", "62019300 0333", "640126 10ffaabb"],
    ...["1030aabb", "5030aa", "00100010aabb", "02aabb", "00000000fffb9000", "00010b7700000040"],
  ].map((hex) => Uint8Array.fromHex(hex.replaceAll(" ", "")));
  const media = [SDP, MORE_SDP, REORDERED_SDP].flatMap((text) => parseSdp(text));
  const seeds = media.map(({ payloadType }, track) => {
    const frames = payloads.flatMap((payload, index) => {
      const packet = encodeRtpPacket({
        payloadType,
        isMarked: index % 2 === 1,
        sequenceNumber: index,
        timestamp: (index >> 1) * 3000,
        ssrc: 1,
        payload,
      });
      return [track << 1, packet.length, ...packet];
    });
    const report = encodeRtcp({
      ssrc: 1,
      cname: "x",
      sender: { ntpMs: 1_000_000, rtpTimestamp: 0, packetCount: 1, byteCount: 1 },
    });
    return Uint8Array.from([...frames, track << 1 | 1, report.length, ...report]);
  });
  return { name: "rtp", seeds, run: (bytes) => feedTracks(bytes, media) };
}

function feedTracks(bytes: Uint8Array, media: ReturnType<typeof parseSdp>): void {
  const clock = new ManualClock();
  const last = new Map<string, number>();
  const feed = new RtspToStream({
    clock,
    ssrc: 1,
    ended() {},
    tracks: media.map((section, index) => {
      const form = inboundForm(section);
      // a transport stream numbers its tracks from 0
      return form && { media: section, form, trackId: index + 1 };
    }),
    sink: {
      publish({ kind, trackId, role, dtsUs, ptsUs, payload }) {
        if (role !== "media") return;
        const key = `${kind} ${trackId}`;
        const isRising = dtsUs >= (last.get(key) ?? 0);
        if (!isRising || ptsUs < dtsUs || payload.length === 0) {
          throw new FuzzFailure(
            `${key}: dts ${dtsUs} after ${last.get(key)}, pts ${ptsUs}, ${payload.length} bytes`,
          );
        }
        last.set(key, dtsUs);
      },
    },
  });
  try {
    for (let at = 0; at + 2 < bytes.length;) {
      const [head, size] = [bytes[at]!, bytes[at + 1]!];
      const packet = bytes.subarray(at + 2, at + 2 + size);
      if ((head & 1) === 0) feed.rtp((head >> 1) % media.length, packet);
      else {
        outcomeOf(() => decodeRtcp(packet));
        feed.rtcp((head >> 1) % media.length, packet);
      }
      at += 2 + size;
      clock.advance(7);
    }
    clock.advance(500);
  } catch (error) {
    if (!isBadInput(error)) throw error;
  }
  feed.stop();
  if (clock.pending > 0) throw new FuzzFailure(`${clock.pending} timers are left`);
}
