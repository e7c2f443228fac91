import assert from "node:assert/strict";
import { ManualClock } from "#clock";
import type { Packet } from "#media";
import { decodeRtpPacket } from "#protocols/rtp";
import { parseSdp } from "#protocols/rtsp";
import { FRAME_HEADER_BYTES, inboundForm, outboundTracks, RtpWire, sdpTrackOf } from "./mod.ts";

/** AAC LC, 44.1 kHz, stereo. */
const CONFIG: Packet = {
  ...{ kind: "audio", trackId: 0, codec: "mp4a", role: "config", isKeyFrame: true },
  ...{ dtsUs: 0, ptsUs: 0, payload: Uint8Array.of(0x12, 0x10) },
};

/** Payloads of the RTP packets on channel 0. */
function payloadsOf(wire: RtpWire, packet: Packet): string[] {
  const bytes = new Uint8Array(wire.encodedBytes(packet));
  wire.encodeInto(bytes, 0, packet);
  const payloads: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + FRAME_HEADER_BYTES + (bytes[at + 2]! << 8 | bytes[at + 3]!);
    const frame = bytes.subarray(at + FRAME_HEADER_BYTES, end);
    if (bytes[at + 1] === 0) payloads.push(decodeRtpPacket(frame).payload.toHex());
    at = end;
  }
  return payloads;
}

Deno.test("inboundForm reads a LATM configuration that GStreamer has cut off", () => {
  const [media] = parseSdp(
    "v=0\r\nm=audio 0 RTP/AVP 97\r\na=rtpmap:97 MP4A-LATM/44100\r\na=fmtp:97 cpresent=0;config=40002420\r\n",
  );
  assert.equal(inboundForm(media!)?.config?.toHex(), "1210");
});

Deno.test("outboundTracks describes AAC as LATM where that is wanted, as inboundForm reads it", () => {
  const [track] = outboundTracks([CONFIG], { aacFormat: "latm" });
  const { encoding, format } = sdpTrackOf(track!);
  assert.deepEqual([encoding, format], ["MP4A-LATM", "cpresent=0; config=400024203fc0"]);
  const [media] = parseSdp(
    `v=0\r\nm=audio 0 RTP/AVP 97\r\na=rtpmap:97 ${encoding}/44100/2\r\na=fmtp:97 ${format}\r\n`,
  );
  assert.equal(inboundForm(media!)?.config?.toHex(), "1210");
  // another configuration keeps to it
  const wire = new RtpWire({
    clock: new ManualClock(),
    tracks: [{ track: track!, rtpChannel: 0, rtcpChannel: 1 }],
  });
  assert.deepEqual(payloadsOf(wire, CONFIG), []);
  const frame: Packet = { ...CONFIG, role: "media", payload: Uint8Array.of(1, 2, 3) };
  assert.deepEqual(payloadsOf(wire, frame), ["03010203"]);
});
