import assert from "node:assert/strict";
import { TsToStream, TsWire } from "#bridges/ts";
import { ManualClock } from "#clock";
import type { Packet } from "#media";
import { decodeRtpPacket, encodeRtpPacket } from "#protocols/rtp";
import { formatSdp, parseSdp } from "#protocols/rtsp";
import { FRAME_HEADER_BYTES, inboundForm, outboundTracks, RtpWire, RtspToStream, sdpTrackOf } from "./mod.ts";

const SDP = "v=0\r\nm=audio 0 RTP/AVP 14\r\nm=application 0 RTP/AVP 98\r\na=rtpmap:98 smpte336m/90000\r\n";
const KEY = "060e2b34020b01010e01030101000000";
const UNITS = [`${KEY}03010203`, `${KEY}8205dc${"aa".repeat(1_500)}`];
/** MPEG-1 layer III, 128 kbit/s, 44.1 kHz. */
const FRAME = new Uint8Array(417);
FRAME.set([0xff, 0xfb, 0x90, 0x00]);

/** What a publisher of sound and two KLV units makes of its stream, 40 ms apart. */
function published(): Packet[] {
  const packets: Packet[] = [];
  const feed = new RtspToStream({
    clock: new ManualClock(),
    ssrc: 1,
    sink: { publish: (packet) => packets.push(packet) },
    tracks: parseSdp(SDP).map((media) => ({ media, form: inboundForm(media)!, trackId: 0 })),
    ended: () => {},
  });
  let sequenceNumber = 0;
  for (const [index, unit] of UNITS.entries()) {
    const timestamp = index * 3_600;
    const sound = Uint8Array.of(0, 0, 0, 0, ...FRAME);
    const head = { isMarked: true, sequenceNumber: index, timestamp, ssrc: 1 };
    feed.rtp(0, encodeRtpPacket({ ...head, payloadType: 14, payload: sound }));
    const bytes = Uint8Array.fromHex(unit);
    for (let at = 0; at < bytes.length; at += 1_000) {
      const payload = bytes.subarray(at, at + 1_000);
      const isMarked = at + 1_000 >= bytes.length;
      const piece = {
        ...head,
        ssrc: 2,
        payloadType: 98,
        sequenceNumber: sequenceNumber++,
        isMarked,
        payload,
      };
      feed.rtp(1, encodeRtpPacket(piece));
    }
  }
  return packets;
}

function unitsOf(packets: readonly Packet[]): [timeMs: number, payload: string][] {
  const units = packets.filter(({ codec, role }) => codec === "klv" && role === "media");
  return units.map(({ dtsUs, payload }) => [Math.round((dtsUs - units[0]!.dtsUs) / 1000), payload.toHex()]);
}

Deno.test("KLV goes from an RTSP publisher to RTSP players as it is, described as application", () => {
  const packets = published();
  assert.deepEqual(unitsOf(packets), [[0, UNITS[0]], [40, UNITS[1]]]);
  const tracks = outboundTracks(packets);
  const [, described] = parseSdp(formatSdp({ name: "a", tracks: tracks.map(sdpTrackOf) }));
  assert.deepEqual([described!.kind, described!.encoding, described!.clockRate], [
    "data",
    "SMPTE336M",
    90_000,
  ]);
  const wire = new RtpWire({
    clock: new ManualClock(),
    tracks: tracks.map((track, index) => ({ track, rtpChannel: index * 2, rtcpChannel: index * 2 + 1 })),
  });
  const sent = new Map<number, string>();
  for (const packet of packets.filter((packet) => packet.kind === "data" && wire.carries(packet))) {
    const bytes = new Uint8Array(wire.encodedBytes(packet));
    wire.encodeInto(bytes, 0, packet);
    for (let at = 0; at < bytes.length;) {
      const end = at + FRAME_HEADER_BYTES + (bytes[at + 2]! << 8 | bytes[at + 3]!);
      if (bytes[at + 1] === 2) {
        const { timestamp, payload } = decodeRtpPacket(bytes.subarray(at + FRAME_HEADER_BYTES, end));
        sent.set(timestamp, (sent.get(timestamp) ?? "") + payload.toHex());
      }
      at = end;
    }
  }
  assert.deepEqual([...sent.values()], UNITS);
});

Deno.test("KLV goes to viewers of MPEG-TS, and out of MPEG-TS, with its times", () => {
  const wire = new TsWire();
  const feed = new TsToStream();
  const got: Packet[] = [];
  for (const packet of published().filter((packet) => wire.carries(packet))) {
    const bytes = new Uint8Array(wire.encodedBytes(packet));
    wire.encodeInto(bytes, 0, packet);
    got.push(...feed.push(bytes));
  }
  got.push(...feed.flush());
  assert.deepEqual(unitsOf(got), [[0, UNITS[0]], [40, UNITS[1]]]);
  assert.deepEqual(feed.notices(), []);
});

Deno.test("inboundForm takes KLV for data only, and no sound or picture for data", () => {
  for (const [kind, encoding] of [["video", "smpte336m"], ["application", "H264"]]) {
    const [media] = parseSdp(`v=0\r\nm=${kind} 0 RTP/AVP 98\r\na=rtpmap:98 ${encoding}/90000\r\n`);
    assert.equal(inboundForm(media!), undefined);
  }
});
