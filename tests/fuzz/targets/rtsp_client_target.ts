import { inboundForm, RtspToStream } from "#bridges/rtsp";
import { ManualClock } from "#clock";
import { ClosedError } from "#errors";
import { encodeRtpPacket } from "#protocols/rtp";
import { RtspClientProtocol, RtspClientSession, trackStartsOf } from "#protocols/rtsp";
import { SinkCarrier } from "../../helpers/sink_carrier.ts";
import { splitAtRandom } from "../mutate.ts";
import { FuzzFailure, isBadInput } from "../target.ts";
import type { FuzzTarget } from "../target.ts";

const SDP = "v=0\r\ns=x\r\na=control:*\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n" +
  "a=fmtp:96 packetization-mode=1; sprop-parameter-sets=Z2QADKzZQUGfnwEQAAADABAAAAMDIPFCmWA=,aOvjyyLA\r\n" +
  "a=control:trackID=0\r\nm=audio 0 RTP/AVP 97\r\na=rtpmap:97 opus/48000/2\r\na=control:/a/trackID=1\r\n";

const FRAME = encodeRtpPacket({
  payloadType: 96,
  isMarked: true,
  sequenceNumber: 1,
  timestamp: 1,
  ssrc: 7,
  payload: Uint8Array.of(0x65, 1, 2, 3),
});

/** What a server says to a client that describes, sets up two tracks, plays, pauses and announces. */
const SEED = latin1(
  answer(1, ["Public: OPTIONS, DESCRIBE, GET_PARAMETER"]) +
    `RTSP/1.0 401 Unauthorized\r\nCSeq: 2\r\nWWW-Authenticate: Basic realm="r"\r\n` +
    `WWW-Authenticate: Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256, stale=true\r\n\r\n` +
    answer(3, ["Content-Base: rtsp://far/a/", "Content-Type: application/sdp"], SDP) +
    answer(4, ["Session: 12;timeout=2", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"]) +
    "RTSP/1.0 404 Not Found\r\nCSeq: 5\r\n\r\n" +
    answer(6, ["Session: 12", "Transport: RTP/AVP/TCP;unicast;interleaved=2-3;ssrc=7"]) +
    `$\x00\x00${String.fromCharCode(FRAME.length, ...FRAME)}` +
    answer(7, ["RTP-Info: url=rtsp://far/a/trackID=0;seq=1;rtptime=9,url=rtsp://far/a/trackID=1;rtptime=8"]) +
    "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\nREDIRECT * RTSP/1.0\r\nCSeq: 2\r\nLocation: rtsp://b/c\r\n\r\n" +
    `$\x01\x00\x08\x81\xcb\x00\x01\x00\x00\x00\x07` +
    "RTSP/1.0 302 Moved\r\nCSeq: 8\r\nLocation: rtsp://b/c\r\n\r\n",
);

function answer(number: number, headers: readonly string[], body = ""): string {
  const lines = [`CSeq: ${number}`, ...headers, ...body === "" ? [] : [`Content-Length: ${body.length}`]];
  return `RTSP/1.0 200 OK\r\n${lines.join("\r\n")}\r\n\r\n${body}`;
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** The RTSP client, before a server that may say anything. */
export function rtspClientTarget(): FuzzTarget {
  return {
    name: "client_rtsp",
    seeds: [SEED],
    async run(bytes, random) {
      const clock = new ManualClock();
      const protocol = new RtspClientProtocol({ clock, answerTimeoutMs: 5_000, userAgent: "fuzz" });
      const carrier = new SinkCarrier();
      protocol.openOn(carrier);
      const played = playSomething(protocol, clock);
      for (const part of splitAtRandom(bytes, random)) {
        protocol.receive(part.slice());
        await settle();
      }
      for (let rounds = 0; rounds < 8; rounds++) {
        clock.advance(5_000);
        await settle();
      }
      protocol.farClosed(new ClosedError("over"));
      await played;
      if (clock.pending > 0) throw new FuzzFailure(`${clock.pending} timers are left`);
    },
  };
}

async function playSomething(protocol: RtspClientProtocol, clock: ManualClock): Promise<void> {
  let feed: RtspToStream | undefined;
  const session = new RtspClientSession({
    protocol,
    clock,
    url: "rtsp://far/a",
    login: { user: "u", password: "p" },
    randomBytes: (length) => new Uint8Array(length),
    received: (track, { isRtcp, bytes }) => isRtcp ? feed?.rtcp(track, bytes) : feed?.rtp(track, bytes),
    failed() {},
  });
  protocol.taker = { frame: (channel, bytes) => session.frame(channel, bytes), redirected() {} };
  try {
    await session.options();
    const media = await session.describe();
    feed = feedOf(media, clock);
    for (const [track, { control }] of media.entries()) {
      await session.setUp(track, { control, lower: "tcp", isRecord: false });
    }
    const starts = trackStartsOf(await session.play("npt=0-"), media.map(({ control }) => control));
    for (const [track, start] of starts.entries()) {
      if (start?.rtpTimestamp !== undefined) feed.announce(track, start.rtpTimestamp);
    }
    await session.pause();
    await session.announce(SDP);
  } catch (error) {
    if (!isBadInput(error)) throw error;
  } finally {
    feed?.stop();
    session.close();
  }
}

function feedOf(media: Awaited<ReturnType<RtspClientSession["describe"]>>, clock: ManualClock): RtspToStream {
  const tracks = media.map((section) => {
    const form = inboundForm(section);
    return form && { media: section, form, trackId: 0 };
  });
  return new RtspToStream({ clock, ssrc: 1, ended() {}, sink: { publish() {} }, tracks });
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 6; turn++) await Promise.resolve();
}
