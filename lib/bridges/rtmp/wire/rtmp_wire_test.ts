import assert from "node:assert/strict";
import fc from "fast-check";
import { FLV_TAG_TYPE, flvTagToPacket, FULL_DIALECT, LEGACY_DIALECT } from "#mediaformats/flv";
import type { Packet } from "#media";
import { ChunkReader, OUTBOUND_CHUNK_BYTES } from "#protocols/rtmp";
import { EMPTY_STREAM_HEADER } from "#streaming";
import { AAC_CONFIG, AAC_FRAME, AUDIO, AVC_CONFIG, AVC_KEY, HEVC_KEY, VIDEO } from "../_rig_test.ts";
import { RtmpToStream } from "../rtmp_to_stream.ts";
import { rtmpTimestamp, RtmpWire } from "./rtmp_wire.ts";

const EVERYTHING = { messageStreamId: 1, dialect: FULL_DIALECT, hasAudio: true, hasVideo: true };

function packetOf(type: number, timestampMs: number, body: Uint8Array): Packet {
  const tagType = type === VIDEO ? FLV_TAG_TYPE.Video : FLV_TAG_TYPE.Audio;
  return flvTagToPacket({ tagType, timestampMs, body })!;
}

/** Messages in `bytes`, as a player with the announced chunk size reads them. */
function messagesOf(bytes: Uint8Array): [type: number, timestamp: number, streamId: number, hex: string][] {
  const messages: [number, number, number, string][] = [];
  const reader = new ChunkReader({
    onMessage: (type, timestamp, streamId, payload) =>
      void messages.push([type, timestamp, streamId, payload.toHex()]),
  });
  // Set Chunk Size, as the session sends it
  const size = new DataView(new ArrayBuffer(4));
  size.setUint32(0, OUTBOUND_CHUNK_BYTES);
  reader.push(Uint8Array.from([2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, ...new Uint8Array(size.buffer)]));
  reader.push(bytes);
  return messages.filter(([type]) => type !== 1);
}

Deno.test("RtmpWire writes exactly the bytes it says, which any player reads back", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 ** 33 }),
      fc.oneof(
        fc.integer({ min: 5, max: 300 }),
        fc.integer({ min: 59_990, max: 60_010 }),
        fc.constant(130_000),
      ),
      fc.integer({ min: 1, max: 64 }),
      (ms, size, messageStreamId) => {
        const body = new Uint8Array(size).fill(7);
        body.set([0x17, 1]);
        const wire = new RtmpWire({ ...EVERYTHING, messageStreamId });
        const packet = packetOf(VIDEO, ms, body);
        const length = wire.encodedBytes(packet);
        const target = new Uint8Array(new SharedArrayBuffer(length + 20));
        wire.encodeInto(target, 10, packet);
        assert.ok(target.subarray(0, 10).every((byte) => byte === 0), "before its place");
        assert.ok(target.subarray(10 + length).every((byte) => byte === 0), "after its place");
        assert.deepEqual(messagesOf(target.slice(10, 10 + length)), [
          [VIDEO, ms % 2 ** 32, messageStreamId, body.toHex()],
        ]);
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("RtmpWire tells late joiners what it carries, with the time of the first packet; metadata at 0", () => {
  const metadata: Packet = {
    ...packetOf(AUDIO, 0, AAC_FRAME),
    kind: "data",
    codec: "script",
    role: "metadata",
    payload: Uint8Array.of(2, 0, 1, 0x78),
  };
  const header = {
    ...EMPTY_STREAM_HEADER,
    metadata,
    configs: [packetOf(VIDEO, 0, AVC_CONFIG), packetOf(AUDIO, 0, AAC_CONFIG)],
  };
  const bytes = new RtmpWire({ ...EVERYTHING, hasVideo: false }).prelude(header, { dtsUs: 5_000_000 });
  assert.deepEqual(messagesOf(bytes), [[18, 0, 1, "02000178"], [AUDIO, 5_000, 1, AAC_CONFIG.toHex()]]);
  assert.equal(new RtmpWire(EVERYTHING).prelude(EMPTY_STREAM_HEADER, { dtsUs: 0 }).length, 0);
});

Deno.test("RtmpWire carries what the player wants and can read; equal wires have equal keys", () => {
  const klv: Packet = { ...packetOf(AUDIO, 0, AAC_FRAME), kind: "data", codec: "klv" };
  assert.equal(new RtmpWire(EVERYTHING).carries(klv), false);
  const legacy = new RtmpWire({ ...EVERYTHING, dialect: LEGACY_DIALECT });
  const cases: [RtmpWire, Packet, boolean][] = [
    [legacy, packetOf(VIDEO, 0, AVC_KEY), true],
    [legacy, packetOf(VIDEO, 0, HEVC_KEY), false],
    [new RtmpWire(EVERYTHING), packetOf(VIDEO, 0, HEVC_KEY), true],
    [new RtmpWire({ ...EVERYTHING, hasVideo: false }), packetOf(VIDEO, 0, AVC_KEY), false],
    [new RtmpWire({ ...EVERYTHING, hasVideo: false }), packetOf(AUDIO, 0, AAC_FRAME), true],
    [new RtmpWire({ ...EVERYTHING, hasAudio: false }), packetOf(AUDIO, 0, AAC_FRAME), false],
  ];
  for (const [wire, packet, isCarried] of cases) assert.equal(wire.carries(packet), isCarried, wire.key);
  const keys = new Set<string>();
  for (const dialect of [LEGACY_DIALECT, FULL_DIALECT]) {
    for (const hasAudio of [false, true]) {
      for (const hasVideo of [false, true]) {
        for (const messageStreamId of [1, 2]) {
          keys.add(new RtmpWire({ messageStreamId, dialect, hasAudio, hasVideo }).key);
        }
      }
    }
  }
  assert.equal(keys.size, 16);
  assert.equal(new RtmpWire(EVERYTHING).key, new RtmpWire({ ...EVERYTHING }).key);
});

Deno.test("rtmpTimestamp is ms modulo 2^32, below zero too", () => {
  const cases = [[0, 0], [1_499, 1], [1_500, 2], [2 ** 32 * 1000, 0], [-1_000, 2 ** 32 - 1], [
    -12_000,
    2 ** 32 - 12,
  ]];
  for (const [dtsUs, timestamp] of cases) assert.equal(rtmpTimestamp(dtsUs!), timestamp);
});

Deno.test("RtmpToStream unwraps any walk of timestamps that steps ahead by less than 2^31, and back by little", () => {
  fc.assert(fc.property(
    fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    fc.array(fc.integer({ min: -100, max: 2 ** 31 - 1 }), { maxLength: 20 }),
    (first, steps) => {
      const seen: number[] = [];
      const publisher = { publish: (packet: Packet) => void seen.push(packet.dtsUs / 1000) };
      const feed = new RtmpToStream(publisher);
      let ms = first;
      const expected = [first];
      feed.media(AUDIO, first, AAC_FRAME);
      for (const step of steps) {
        ms += step;
        expected.push(ms);
        feed.media(AUDIO, ms - Math.floor(ms / 2 ** 32) * 2 ** 32, AAC_FRAME);
      }
      assert.deepEqual(seen, expected);
    },
  ));
});

Deno.test("RtmpToStream goes on rising where an encoder begins anew, tracks in step, whatever still comes of before", () => {
  const seen: Packet[] = [];
  const feed = new RtmpToStream({ publish: (packet) => void seen.push(packet) });
  for (const ms of [100_000, 100_040, 105_080]) feed.media(VIDEO, ms, AVC_KEY);
  feed.media(AUDIO, 105_060, AAC_FRAME);
  // from 0 on, while some sound of before still comes
  feed.media(VIDEO, 0, AVC_CONFIG);
  feed.media(VIDEO, 0, AVC_KEY);
  feed.media(AUDIO, 105_100, AAC_FRAME);
  feed.media(AUDIO, 20, AAC_FRAME);
  feed.media(VIDEO, 40, AVC_KEY);
  // tracks are apart by so much
  feed.media(VIDEO, 2_900, AVC_KEY);
  feed.media(AUDIO, 1_000, AAC_FRAME);
  const media = seen.filter(({ role }) => role === "media");
  assert.deepEqual(media.map(({ kind, dtsUs }) => `${kind} ${dtsUs / 1000}`), [
    ...["video 100000", "video 100040", "video 105080", "audio 105060"],
    ...["video 105120", "audio 105100", "audio 105140", "video 105160", "video 108020", "audio 106120"],
  ]);
});

Deno.test("RtmpToStream takes tracks that are always far apart for one time line", () => {
  for (const lagMs of [1_500, 2_500, 9_000]) {
    const seen: Packet[] = [];
    const feed = new RtmpToStream({ publish: (packet) => void seen.push(packet) });
    const expected: number[] = [];
    for (let ms = 10_000; ms < 40_000; ms += 500) {
      feed.media(VIDEO, ms, AVC_KEY);
      feed.media(AUDIO, ms - lagMs, AAC_FRAME);
      expected.push(ms, ms - lagMs);
    }
    assert.deepEqual(seen.map(({ dtsUs }) => dtsUs / 1000), expected, `${lagMs} ms`);
  }
});

Deno.test("RtmpToStream leaves data at time 0 in mid-stream without effect on media", () => {
  const seen: Packet[] = [];
  const feed = new RtmpToStream({ publish: (packet) => void seen.push(packet) });
  const lateMs = 3_000_000_000;
  feed.media(AUDIO, lateMs, AAC_FRAME);
  feed.data({ action: "set", timestamp: 0, payload: new Uint8Array(4) });
  feed.data({ action: "clear", timestamp: 0, payload: new Uint8Array(4) });
  feed.data({ action: "relay", timestamp: lateMs + 20, payload: new Uint8Array(4) });
  feed.media(AUDIO, lateMs + 23, AAC_FRAME);
  assert.deepEqual(seen.map(({ role }) => role), ["media", "metadata", "clear", "data", "media"]);
  assert.equal(seen.at(-1)!.dtsUs, (lateMs + 23) * 1000);
});
