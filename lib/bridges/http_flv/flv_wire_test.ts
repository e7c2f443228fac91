import assert from "node:assert/strict";
import { encodeAmf0Values } from "#amf";
import fc from "fast-check";
import { FLV_TAG_TYPE, FlvTagReader, flvTagToPacket, scriptTagToPacket } from "#mediaformats/flv";
import type { FlvTagType } from "#mediaformats/flv";
import type { Packet } from "#media";
import { EMPTY_STREAM_HEADER } from "#streaming";
import type { StreamHeader } from "#streaming";
import { flvTracks, FlvWire, WebSocketFlvWire } from "./flv_wire.ts";

const AVC_CONFIG = tag(FLV_TAG_TYPE.Video, 0, [0x17, 0, 0, 0, 0, 1, 0x64]);
const AAC_CONFIG = tag(FLV_TAG_TYPE.Audio, 0, [0xaf, 0, 0x12, 0x10]);
const KEY = [0x17, 1, 0, 0, 0, 0x65];

function tag(tagType: FlvTagType, timestampMs: number, body: readonly number[] | Uint8Array): Packet {
  return flvTagToPacket({ tagType, timestampMs, body: Uint8Array.from(body) })!;
}

function metadata(properties: Record<string, number>): Packet {
  return scriptTagToPacket(encodeAmf0Values(["onMetaData", properties]), 0)!;
}

/** Tags of a file whose header may be absent. */
function read(
  bytes: Uint8Array,
): { tags: [type: number, timestampMs: number, hex: string][]; flags: unknown } {
  const reader = new FlvTagReader();
  const tags = reader.push(bytes);
  assert.equal(reader.statistics.wrongTagSizes + reader.statistics.junkBytes, 0);
  return {
    tags: tags.map((found) => [found.tagType, found.timestampMs, found.body.toHex()]),
    flags: reader.header && [reader.header.hasVideo, reader.header.hasAudio],
  };
}

/** Payloads of the whole, unmasked binary frames in `bytes`. */
function framesOf(bytes: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    assert.equal(bytes[at], 0x82, "a final binary frame");
    const view = new DataView(bytes.buffer, bytes.byteOffset + at);
    const short = view.getUint8(1);
    assert.equal(short & 0x80, 0, "servers do not mask");
    const [start, length] = short < 126
      ? [2, short]
      : short === 126
      ? [4, view.getUint16(2)]
      : [10, Number(view.getBigUint64(2))];
    frames.push(bytes.slice(at + start, at + start + length));
    at += start + length;
  }
  return frames;
}

function headerOf(parts: Partial<StreamHeader>): StreamHeader {
  return { ...EMPTY_STREAM_HEADER, ...parts };
}

Deno.test("FlvWire writes exactly the bytes it says: one tag with its absolute time", () => {
  fc.assert(fc.property(
    fc.integer({ min: -1000, max: 2 ** 32 - 1 }),
    fc.integer({ min: 6, max: 70_000 }),
    fc.boolean(),
    (ms, size, isFramed) => {
      const body = new Uint8Array(size);
      body.set(KEY);
      const packet = tag(FLV_TAG_TYPE.Video, ms, body);
      const wire = isFramed ? new WebSocketFlvWire() : new FlvWire();
      const length = wire.encodedBytes(packet);
      const target = new Uint8Array(new SharedArrayBuffer(length + 20));
      wire.encodeInto(target, 10, packet);
      assert.ok(target.subarray(0, 10).every((byte) => byte === 0), "before its place");
      assert.ok(target.subarray(10 + length).every((byte) => byte === 0), "after its place");
      const written = target.slice(10, 10 + length);
      const tags = isFramed ? framesOf(written) : [written];
      assert.equal(tags.length, 1);
      assert.deepEqual(read(tags[0]!).tags, [[FLV_TAG_TYPE.Video, ms >>> 0, body.toHex()]]);
    },
  ));
});

Deno.test("FlvWire begins with a header that announces the tracks, then metadata and configurations", async (context) => {
  const described = metadata({ width: 1280, videocodecid: 7, audiocodecid: 10 });
  const plain = metadata({ width: 1280 });
  const cases: [what: string, header: StreamHeader, tracks: [video: boolean, audio: boolean]][] = [
    ["nothing is known", headerOf({}), [false, false]],
    ["video alone was seen", headerOf({ hasVideo: true, configs: [AVC_CONFIG] }), [true, false]],
    ["audio alone was seen", headerOf({ hasAudio: true, configs: [AAC_CONFIG] }), [false, true]],
    ["both were seen", headerOf({ hasAudio: true, hasVideo: true, configs: [AVC_CONFIG, AAC_CONFIG] }), [
      true,
      true,
    ]],
    ["metadata says both, video was seen", headerOf({ hasVideo: true, metadata: described }), [true, true]],
    ["metadata says nothing of codecs", headerOf({ hasVideo: true, metadata: plain }), [true, false]],
  ];
  for (const [what, header, [hasVideo, hasAudio]] of cases) {
    await context.step(what, () => {
      assert.deepEqual(flvTracks(header), { hasVideo, hasAudio });
      const start = { dtsUs: 7_000_000, isFirst: true };
      const bytes = new FlvWire().prelude(header, start);
      const { tags, flags } = read(bytes);
      assert.deepEqual(flags, [hasVideo, hasAudio]);
      const expected = [
        ...header.metadata === undefined ? [] : [[FLV_TAG_TYPE.Script, 0, header.metadata.payload.toHex()]],
        ...header.configs.map((config) => [
          config.kind === "video" ? FLV_TAG_TYPE.Video : FLV_TAG_TYPE.Audio,
          7_000,
          config.flvTagBody!.toHex(),
        ]),
      ];
      assert.deepEqual(tags, expected);
      assert.deepEqual(framesOf(new WebSocketFlvWire().prelude(header, start)), [bytes], "one message");
    });
  }
});

Deno.test("FlvWire repeats configurations but no header after a jump", () => {
  const header = headerOf({ hasVideo: true, configs: [AVC_CONFIG] });
  const jump = { dtsUs: 1_000, isFirst: false };
  const bytes = new FlvWire().prelude(header, jump);
  assert.deepEqual(read(bytes), {
    tags: [[FLV_TAG_TYPE.Video, 1, AVC_CONFIG.flvTagBody!.toHex()]],
    flags: undefined,
  });
  assert.deepEqual(framesOf(new WebSocketFlvWire().prelude(header, jump)), [bytes]);
  assert.equal(new FlvWire().prelude(headerOf({ hasVideo: true }), jump).length, 0);
  assert.equal(new WebSocketFlvWire().prelude(headerOf({ hasVideo: true }), jump).length, 0);
});

Deno.test("FlvWire carries all but the withdrawal of metadata, enhanced tracks too", () => {
  const wire = new FlvWire();
  const hevc = tag(FLV_TAG_TYPE.Video, 0, [0x93, 0x68, 0x76, 0x63, 0x31, 0, 0, 0, 1, 0x26]);
  for (const packet of [AVC_CONFIG, AAC_CONFIG, hevc, metadata({})]) assert.ok(wire.carries(packet));
  assert.equal(wire.carries({ ...metadata({}), role: "clear" }), false);
  assert.equal(wire.carries({ ...metadata({}), role: "media", codec: "klv" }), false);
  assert.notEqual(wire.key, new WebSocketFlvWire().key);
});

/** Two tracks of video in one body, the default one AVC by FourCC; and HEVC as older encoders send it. */
const TWO_TRACKS = tag(FLV_TAG_TYPE.Video, 40, [
  ...[0x96, 0x21, 0x76, 0x70, 0x30, 0x39, 1, 0, 0, 1, 0x82],
  ...[0x61, 0x76, 0x63, 0x31, 0, 0, 0, 4, 0, 0, 40, 0x65],
]);
const CODEC_ID_12 = tag(FLV_TAG_TYPE.Video, 80, [0x1c, 1, 0, 0, 0, 0x26]);
const OTHER_TRACK = tag(FLV_TAG_TYPE.Audio, 80, [0x95, 1, 0x4f, 0x70, 0x75, 0x73, 3, 0xf8]);

Deno.test("FlvWire sends the default tracks in the form most players read, or all of them as they came", () => {
  const written = (wire: FlvWire) => {
    const carried = [TWO_TRACKS, CODEC_ID_12, OTHER_TRACK].filter((packet) => wire.carries(packet));
    return carried.map((packet) => {
      const bytes = new Uint8Array(wire.encodedBytes(packet));
      wire.encodeInto(bytes, 0, packet);
      return read(bytes).tags[0]![2];
    });
  };
  assert.deepEqual(written(new FlvWire()), ["170100002865", "1c0100000026"]);
  assert.deepEqual(written(new FlvWire({ hasAllTracks: true })), [
    TWO_TRACKS.flvTagBody!.toHex(),
    "9168766331" + "000000" + "26",
    OTHER_TRACK.flvTagBody!.toHex(),
  ]);
  assert.notEqual(new FlvWire().key, new FlvWire({ hasAllTracks: true }).key);
  const header = headerOf({ hasVideo: true, configs: [{ ...OTHER_TRACK, role: "config" }] });
  assert.equal(new FlvWire().prelude(header, { dtsUs: 0, isFirst: false }).length, 0);
});
