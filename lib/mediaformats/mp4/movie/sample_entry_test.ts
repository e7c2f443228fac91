import { concatBytes } from "#bytes";
import type { TrackKind } from "#media";
import assert from "node:assert/strict";
import { audioEntry, box, chars, fullBox, type Part, u16, u32, u8, videoEntry, zeros } from "../rig_test.ts";
import { BoxBody } from "../boxes/box_body.ts";
import { BoxCursor } from "../boxes/box_cursor.ts";
import { readSampleEntry, type SampleEntry } from "./sample_entry.ts";

function read(entry: Uint8Array, kind: TrackKind, isQuickTime = false): SampleEntry {
  const cursor = new BoxCursor(
    new BoxBody(entry, { type: "stsd", start: 0, end: entry.length, fileOffset: 0 }),
  );
  assert.ok(cursor.next());
  return readSampleEntry(cursor.body(), { kind, isQuickTime, version: 0 });
}

/** Descriptors with sizes of one byte, or of four, as some writers have them. */
function esds(objectType: number, config?: Uint8Array, sizeBytes = 1): Uint8Array {
  const descriptor = (tag: number, ...parts: readonly Uint8Array[]): Uint8Array => {
    const body = concatBytes(parts);
    const size = sizeBytes === 1 ? [body.length] : [0x80, 0x80, 0x80, body.length];
    return concatBytes([u8(tag, ...size), body]);
  };
  const specific = config === undefined ? zeros(0) : descriptor(5, config);
  return fullBox(
    "esds",
    0,
    0,
    descriptor(3, u16(1), u8(0), descriptor(4, u8(objectType, 0x15), zeros(11), specific)),
  );
}

const LC = u8(0x12, 0x10);
const LAYER_3 = u8(0xf8, 0x48, 0, 0);

/** An entry, its codec, its name, its configuration in hex. */
type EntryCase = readonly [
  kind: TrackKind,
  entry: Uint8Array,
  codec: string,
  codecName: string,
  config?: string,
];

const CASES: readonly EntryCase[] = [
  ...["avc1", "avc3"].map((format): EntryCase => [
    ...["video", videoEntry(format, box("avcC", u8(1, 77, 64, 30)))] as const,
    ...["avc1", "h264", "014d401e"] as const,
  ]),
  ["video", videoEntry("hvc1", box("btrt", zeros(12)), box("hvcC", u8(1, 2))), "hvc1", "hevc", "0102"],
  ["video", videoEntry("hev1", box("hvcC", u8(1, 2))), "hvc1", "hevc", "0102"],
  ["video", videoEntry("av01", box("av1C", u8(0x81, 0))), "av01", "av1", "8100"],
  ["video", videoEntry("vp09", fullBox("vpcC", 1, 0, u8(0, 11, 0x82))), "vp09", "vp9", "000b82"],
  ["video", videoEntry("vp08", fullBox("vpcC", 1, 0, u8(0, 11, 0x82))), "vp08", "vp8", "000b82"],
  ["video", videoEntry("mp4v", esds(0x20, u8(0, 0, 1))), "unknown", "mpeg4"],
  ["video", videoEntry("mp4v", esds(0x6c)), "unknown", "mjpeg"],
  ["video", videoEntry("apch"), "unknown", "prores"],
  ["video", videoEntry("????"), "unknown", "unknown"],
  ["video", videoEntry("encv", box("sinf", box("frma", chars("avc1")))), "unknown", "h264"],
  ["audio", audioEntry("mp4a", esds(0x40, LC)), "mp4a", "aac", "1210"],
  ["audio", audioEntry("mp4a", esds(0x40, LC, 4)), "mp4a", "aac", "1210"],
  ["audio", audioEntry("mp4a", esds(0x67, LC)), "mp4a", "aac", "1210"],
  ["audio", audioEntry("mp4a", esds(0x40, LAYER_3)), ".mp3", "mp3"],
  ["audio", audioEntry("mp4a", esds(0x69)), ".mp3", "mp3"],
  ["audio", audioEntry("mp4a", esds(0x6b)), ".mp3", "mp3"],
  ["audio", audioEntry("mp4a", esds(0xa5)), "ac-3", "ac3"],
  ["audio", audioEntry("mp4a", esds(0xdd)), "unknown", "vorbis"],
  ["audio", audioEntry("mp4a"), "mp4a", "aac"],
  [
    "audio",
    audioEntry("mp4a", box("wave", box("frma", chars("mp4a")), esds(0x40, LC), box("\0\0\0\0"))),
    "mp4a",
    "aac",
    "1210",
  ],
  ["audio", audioEntry(".mp3"), ".mp3", "mp3"],
  ["audio", audioEntry("ac-3", box("dac3", u8(0x10, 0x3d, 0xe0))), "ac-3", "ac3", "103de0"],
  ["audio", audioEntry("ec-3", box("dec3", u8(1, 2, 3, 4, 5))), "ec-3", "eac3", "0102030405"],
  [
    "audio",
    audioEntry("Opus", box("dOps", u8(0, 2), u16(312), u32(44_100), u16(0xfffe), u8(0))),
    "Opus",
    "opus",
    "4f7075734865616401023801" + "44ac0000feff00",
  ],
  [
    "audio",
    audioEntry("fLaC", fullBox("dfLa", 0, 0, u8(0x80, 0, 0, 2, 9, 9))),
    "fLaC",
    "flac",
    "664c6143800000020909",
  ],
  ["audio", audioEntry("alac", fullBox("alac", 0, 0, zeros(24))), "unknown", "alac"],
  ["audio", audioEntry("sowt"), "unknown", "pcm_s16le"],
  ["audio", audioEntry("twos"), "unknown", "pcm_s16be"],
  ["audio", audioEntry("in24", box("wave", box("enda", u16(1)))), "unknown", "pcm_s24le"],
  ["audio", audioEntry("fl32"), "unknown", "pcm_f32be"],
  ["audio", audioEntry("ipcm", fullBox("pcmC", 0, 0, u8(1, 24))), "unknown", "pcm_s24le"],
  ["audio", audioEntry("ulaw"), "unknown", "pcm_mulaw"],
  ["data", box("tx3g", zeros(6), u16(1)), "unknown", "mov_text"],
  ["data", box("tmcd", zeros(6), u16(1)), "unknown", "unknown"],
];

for (const [kind, entry, codec, codecName, config] of CASES) {
  Deno.test(`readSampleEntry reads ${String.fromCharCode(...entry.subarray(4, 8))} as ${codec}, ${codecName}`, () => {
    const told = read(entry, kind);
    assert.deepEqual([told.codec, told.codecName, told.codecConfig?.toHex()], [codec, codecName, config]);
    assert.equal(told.dataReference, 1);
    if (kind === "video") assert.deepEqual([told.width, told.height], [64, 48]);
    if (kind === "audio") assert.deepEqual([told.sampleRate, told.channels], [48_000, 2]);
  });
}

Deno.test("readSampleEntry reads the sound descriptions of QuickTime", () => {
  const parts = (version: number, ...extra: readonly Part[]): Uint8Array =>
    box("lpcm", zeros(6), u16(1, version), zeros(6), u16(3, 16), zeros(4), u32(44_100 * 65_536), ...extra);
  const version1 = read(parts(1, u32(1, 2, 6, 2)), "audio", true);
  assert.deepEqual([version1.codecName, version1.sampleRate, version1.channels], ["pcm_s16le", 44_100, 3]);
  const rate = new Uint8Array(8);
  new DataView(rate.buffer).setFloat64(0, 96_000);
  const version2 = parts(2, u32(72), rate, u32(6, 0x7f00_0000, 32, 3, 24, 1));
  const told = read(version2, "audio", true);
  assert.deepEqual([told.codecName, told.sampleRate, told.channels], ["pcm_f32be", 96_000, 6]);
  assert.deepEqual(told.pcm, { frameSamples: 1, frameBytes: 24 });
});

Deno.test("readSampleEntry bears broken boxes in an entry", () => {
  for (const broken of [u32(3), u32(0, 0), box("esds", zeros(3)), box("dOps", u8(0)), zeros(7)]) {
    const told = read(audioEntry("mp4a", broken), "audio");
    assert.deepEqual([told.codec, told.codecName, told.codecConfig], ["mp4a", "aac", undefined]);
  }
});

Deno.test("readSampleEntry tells vendor and encoder as ffprobe does", () => {
  const name = concatBytes([u8(4), chars("x264"), zeros(27)]);
  const entry = box(
    "avc1",
    zeros(6),
    u16(1),
    zeros(4),
    chars("FFMP"),
    zeros(8),
    u16(1, 1),
    zeros(14),
    name,
    zeros(4),
  );
  assert.deepEqual(read(entry, "video").tags, { vendor_id: "FFMP", encoder: "x264" });
  assert.deepEqual(read(videoEntry("avc1"), "video").tags, { vendor_id: "[0][0][0][0]" });
});
