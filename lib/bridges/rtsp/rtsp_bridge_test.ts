import assert from "node:assert/strict";
import { latin1 } from "../../../tests/helpers/scripted_carrier.ts";
import { ManualClock } from "#clock";
import { MAX_RTP_UNIT_BYTES, type Packet } from "#media";
import { announcedTracks } from "#mediaformats/flv";
import { decodeRtcp, decodeRtpPacket, encodeRtcp, encodeRtpPacket, type RtpPacket } from "#protocols/rtp";
import { parseSdp } from "#protocols/rtsp";
import { EMPTY_STREAM_HEADER } from "#streaming";
import {
  DatagramSink,
  inboundForm,
  MAX_RTP_PAYLOAD_BYTES,
  outboundTracks,
  RtpWire,
  RtspToStream,
  sdpTrackOf,
} from "#bridges/rtsp";
import { framesOf, PPS, SDP, SPS } from "./_rig_test.ts";

function configsOf(sdp: string): Packet[] {
  return parseSdp(sdp).map((media) => {
    const form = inboundForm(media)!;
    return {
      kind: media.kind,
      trackId: 0,
      codec: form.codec,
      role: "config",
      dtsUs: 0,
      ptsUs: 0,
      isKeyFrame: false,
      payload: form.config!,
    };
  });
}

function picture(ms: number, nalUnit: Uint8Array, isKeyFrame = false): Packet {
  const payload = new Uint8Array(4 + nalUnit.length);
  new DataView(payload.buffer).setUint32(0, nalUnit.length);
  payload.set(nalUnit, 4);
  const times = { dtsUs: ms * 1000, ptsUs: ms * 1000 + 40_000 };
  return { kind: "video", trackId: 0, codec: "avc1", role: "media", ...times, isKeyFrame, payload };
}

function sound(ms: number): Packet {
  const times = { dtsUs: ms * 1000, ptsUs: ms * 1000 };
  const payload = Uint8Array.of(1, 2, 3);
  return { kind: "audio", trackId: 0, codec: "mp4a", role: "media", ...times, isKeyFrame: true, payload };
}

function wireOf(configs: readonly Packet[]): RtpWire {
  return new RtpWire({
    clock: new ManualClock(),
    randomBytes: (length) => new Uint8Array(length).fill(0xff),
    tracks: outboundTracks(configs).map((track) => ({
      track,
      rtpChannel: track.index * 2,
      rtcpChannel: track.index * 2 + 1,
    })),
  });
}

/** Exactly the bytes that were announced, on shared memory. */
function encode(wire: RtpWire, packet: Packet): ReturnType<typeof framesOf> {
  const length = wire.encodedBytes(packet);
  const target = new Uint8Array(new SharedArrayBuffer(length + 20));
  wire.encodeInto(target, 10, packet);
  assert.ok(target.subarray(0, 10).every((byte) => byte === 0), "before its place");
  assert.ok(target.subarray(10 + length).every((byte) => byte === 0), "after its place");
  return framesOf(target.slice(10, 10 + length));
}

function rtpOf(frames: ReturnType<typeof framesOf>): RtpPacket[] {
  return frames.filter(({ channel }) => channel % 2 === 0).map(({ bytes }) => decodeRtpPacket(bytes));
}

Deno.test("outboundTracks describes what RTP carries, video first, as inboundForm reads it", () => {
  const configs = configsOf(SDP);
  const tracks = outboundTracks(configs.toReversed()).map(sdpTrackOf);
  assert.deepEqual(
    tracks.map((
      { encoding, clockRate, channels, payloadType, control },
    ) => [encoding, clockRate, channels, payloadType, control]),
    [["H264", 90_000, 1, 96, "trackID=0"], ["MPEG4-GENERIC", 44_100, 2, 97, "trackID=1"]],
  );
  assert.ok(tracks[0]!.format.includes(`sprop-parameter-sets=${SPS},${PPS}`), tracks[0]!.format);
  assert.ok(tracks[0]!.format.endsWith("profile-level-id=64000C"));
  assert.ok(tracks[1]!.format.endsWith("config=1210"));
  const broken = { ...configs[0]!, payload: Uint8Array.of(9) };
  assert.deepEqual(outboundTracks([broken, { ...configs[1]!, codec: "speex" }]), []);
});

Deno.test("RtpWire writes parameter sets, then a picture in payloads that fit, one run of numbers", () => {
  const wire = wireOf(configsOf(SDP));
  const big = new Uint8Array(3_000).fill(7);
  big[0] = 0x65;
  const key = encode(wire, picture(0, big, true));
  assert.equal(key[0]!.channel, 1, "a sender report first");
  const packets = rtpOf(key);
  assert.deepEqual(packets.map(({ sequenceNumber, isMarked }) => [sequenceNumber, isMarked]), [
    [65_535, false],
    [0, false],
    [1, false],
    [2, true],
  ]);
  assert.equal(packets[0]!.payload[0]! & 0x1f, 24, "the sets in one packet");
  assert.ok(packets.every(({ payload }) => payload.length <= MAX_RTP_PAYLOAD_BYTES));
  // 40 ms of 90 kHz on top of the random start
  assert.ok(packets.every(({ timestamp }) => timestamp === (0xffffffff + 3_600) % 2 ** 32));
  const next = encode(wire, picture(40, Uint8Array.of(0x41, 1)));
  assert.deepEqual(rtpOf(next).map(({ sequenceNumber, isMarked }) => [sequenceNumber, isMarked]), [[
    3,
    true,
  ]]);
  assert.equal(next.length, 1, "no report so soon");
  assert.equal(encode(wire, picture(6_000, Uint8Array.of(0x41, 1))).length, 2);
});

Deno.test("RtpWire reports how its tracks lie to each other, and turns a configuration into a report", () => {
  const configs = configsOf(SDP);
  const wire = wireOf(configs);
  encode(wire, picture(0, Uint8Array.of(0x65, 1), true));
  assert.deepEqual(rtpOf(encode(wire, sound(10))).map(({ payloadType }) => payloadType), [97]);
  const reports = framesOf(wire.prelude(EMPTY_STREAM_HEADER, { dtsUs: 2_000_000, isFirst: true }));
  assert.deepEqual(reports.map(({ channel }) => channel), [1, 3]);
  const [video, audio] = reports.map(({ bytes }) => decodeRtcp(bytes)[0]!);
  assert.ok(video?.type === "senderReport" && audio?.type === "senderReport");
  assert.equal(video.ntpMs, audio.ntpMs);
  assert.equal(video.rtpTimestamp, (0xffffffff + 180_000) % 2 ** 32);
  assert.equal(audio.rtpTimestamp, (0xffffffff + 88_200) % 2 ** 32);
  assert.deepEqual(encode(wire, configs[0]!).map(({ channel }) => channel), [1]);
  assert.deepEqual(encode(wire, picture(40, Uint8Array.of())).map(({ channel }) => channel), [1]);
  const malformed = { ...picture(40, Uint8Array.of(1)), payload: Uint8Array.of(0, 0, 0, 9, 1) };
  assert.deepEqual(encode(wire, malformed).map(({ channel }) => channel), [1]);
});

Deno.test("RtpWire carries its tracks only; equal players share its key", () => {
  const configs = configsOf(SDP);
  const wire = wireOf(configs);
  assert.ok(wire.carries(sound(0)) && wire.carries(configs[0]!));
  assert.equal(wire.carries({ ...sound(0), trackId: 1 }), false);
  assert.equal(wire.carries({ ...sound(0), codec: "Opus" }), false);
  assert.equal(wire.carries({ ...sound(0), kind: "data", role: "metadata" }), false);
  assert.equal(wire.key, wireOf(configs).key);
  assert.notEqual(wire.key, wireOf(configs.slice(1)).key);
  assert.deepEqual([wire.isCommon, wireOf(configs).isCommon], [true, true]);
});

Deno.test("DatagramSink sends frames of a log as datagrams, in bursts, and gives back what it was lent", () => {
  const clock = new ManualClock();
  const sent: string[] = [];
  const sink = new DatagramSink({
    clock,
    send: (channel, bytes) => sent.push(`${channel} ${bytes.length}`),
    whenSent: (callback) => callback(),
    abort() {},
  });
  sink.send(latin1("$\x01\x00\x02ab"));
  assert.deepEqual(sent.splice(0), ["1 2"]);
  const slices = [latin1("$\x00\x00\x01x".repeat(100)), latin1("$\x02\x00\x00")];
  const accepted: number[] = [];
  const source = { nextSlice: () => slices.shift(), accepted: (count: number) => accepted.push(count) };
  sink.setSource(source as unknown as Parameters<DatagramSink["setSource"]>[0]);
  assert.deepEqual([sent.length, accepted], [64, []]);
  sink.wake();
  assert.equal(sent.length, 64, "waits for its moment");
  clock.advance(2);
  assert.deepEqual([sent.length, sent.at(-1), accepted], [101, "2 0", [500, 4]]);
  clock.advance(10);
  sink.setSource(undefined);
  assert.equal(clock.pending, 0);
});

function intake(sdp: string) {
  const clock = new ManualClock();
  const packets: Packet[] = [];
  let ended = 0;
  const feed = new RtspToStream({
    clock,
    ssrc: 5,
    sink: { publish: (packet) => packets.push(packet) },
    tracks: parseSdp(sdp).map((media) => ({ media, form: inboundForm(media)!, trackId: 0 })),
    ended: () => ended++,
  });
  const video = (sequenceNumber: number, ms: number, payload: Uint8Array, isMarked = true) =>
    feed.rtp(
      0,
      encodeRtpPacket({ payloadType: 96, isMarked, sequenceNumber, timestamp: ms * 90, ssrc: 1, payload }),
    );
  return { clock, packets, feed, video, ended: () => ended };
}

Deno.test("RtspToStream publishes configurations, and pictures in the stream's own form and order of decoding", () => {
  const { feed, video, packets } = intake(SDP);
  feed.start();
  assert.deepEqual(packets.map(({ kind, role, codec }) => [kind, role, codec]), [
    ["data", "metadata", "script"],
    ["video", "config", "avc1"],
    ["audio", "config", "mp4a"],
  ]);
  assert.deepEqual(announcedTracks(packets[0]!.payload), { hasVideo: true, hasAudio: true });
  packets.length = 0;
  const [sps, pps] = [SPS, PPS].map((text) => Uint8Array.fromBase64(text));
  video(1, 80, sps!, false);
  video(2, 80, pps!, false);
  video(3, 80, Uint8Array.of(0x65, 1));
  for (const [index, ms] of [240, 160, 120, 200].entries()) video(4 + index, ms, Uint8Array.of(0x41, index));
  assert.deepEqual(packets.map(({ payload }) => payload.toHex()), [
    "000000026501",
    "000000024100",
    "000000024101",
    "000000024102",
    "000000024103",
  ], "known parameter sets are taken out");
  assert.deepEqual(packets.map(({ isKeyFrame }) => isKeyFrame), [true, false, false, false, false]);
  const times = packets.map(({ dtsUs, ptsUs }) => [dtsUs / 1000, ptsUs / 1000]);
  assert.deepEqual(times.map(([, ptsMs]) => ptsMs! - 1_000), [0, 160, 80, 40, 120]);
  assert.deepEqual(times.map(([dtsMs]) => dtsMs! - 1_000), [-80, -40, 0, 40, 80]);
});

Deno.test("RtspToStream waits for a late packet, and gives it up in time", () => {
  const { feed, video, packets, clock } = intake(SDP);
  video(1, 0, Uint8Array.of(0x65, 1));
  video(3, 80, Uint8Array.of(0x41, 3));
  video(2, 40, Uint8Array.of(0x41, 2));
  assert.deepEqual(packets.map(({ payload }) => payload.at(-1)), [1, 2, 3]);
  video(5, 160, Uint8Array.of(0x41, 5));
  clock.advance(199);
  assert.equal(packets.length, 3);
  clock.advance(2);
  assert.deepEqual([packets.length, feed.losses.lost, clock.pending], [4, 1, 0]);
  const [report] = decodeRtcp(feed.report(0)!);
  assert.ok(report!.type === "receiverReport" && report!.reports[0]!.packetsLost === 1);
  assert.equal(feed.report(1), undefined);
});

Deno.test("RtspToStream counts what it cannot read, drops other payload types, and hears good-byes", () => {
  const { feed, video, packets, ended } = intake(SDP);
  feed.rtp(0, Uint8Array.of(1));
  feed.rtp(7, Uint8Array.of(1));
  video(1, 0, Uint8Array.of(0x1e));
  feed.rtp(
    0,
    encodeRtpPacket({
      payloadType: 13,
      isMarked: true,
      sequenceNumber: 2,
      timestamp: 0,
      ssrc: 1,
      payload: Uint8Array.of(0x65, 1),
    }),
  );
  assert.deepEqual([packets.length, feed.losses.malformed], [0, 2]);
  const bye = encodeRtcp({ ssrc: 1, cname: "", isLeaving: true });
  feed.rtcp(0, bye);
  feed.rtcp(0, bye);
  assert.equal(ended(), 0);
  feed.rtcp(1, bye);
  assert.equal(ended(), 1);
});

Deno.test("RtspToStream passes over a unit larger than MAX_RTP_UNIT_BYTES and what is no transport stream, and goes on", () => {
  const { feed, video, packets } = intake(SDP);
  feed.start();
  const piece = new Uint8Array(60_000).fill(1);
  piece.set([0x7c, 0x05]);
  video(0, 40, Uint8Array.of(0x7c, 0x85, 1), false);
  const count = Math.ceil(MAX_RTP_UNIT_BYTES / piece.length) + 5;
  for (let number = 1; number <= count; number++) video(number, 40, piece, false);
  assert.ok(feed.losses.malformed > 0);
  packets.length = 0;
  video(count + 1, 80, Uint8Array.of(0x65, 1));
  assert.equal(packets.at(-1)?.payload.toHex(), "000000026501");

  const program = intake("v=0\r\nm=video 0 RTP/AVP 33\r\n");
  program.feed.start();
  for (let number = 0; number < 40; number++) {
    const payload = new Uint8Array(60_000);
    const header = { payloadType: 33, isMarked: false, sequenceNumber: number, timestamp: 0, ssrc: 1 };
    program.feed.rtp(0, encodeRtpPacket({ ...header, payload }));
  }
  assert.ok(program.feed.losses.malformed > 0);
  assert.deepEqual(program.packets, []);
});
