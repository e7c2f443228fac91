import type { MuxTrack } from "#media";
import assert from "node:assert/strict";
import { BoxWriter } from "../write/box_writer.ts";
import { isMp4Codec, needsFirstFrame, sampleEntryOf } from "./sample_entry.ts";
import { writeSampleEntry } from "./write_entry.ts";

const AVC = "014d401effe10018674d401eeca05017fcb808800000030080000019078b16cb01000568ebe3cb20";
const HEVC = "01016000000090000000000078f000fcfdf8f800000f01a100010026" +
  "420101016000000300900000030000030078a003c08010e75596566924caf0168080000003008000000c84";
const AV1 = "81000c000a0b000000043cfecc02f80040";
const FLAC = "664c614300000022" + "1200120000046d0005080ac442f0000033ae36567c6137e8d578c431ed191fd85ff5";
const OPUS_51 = "4f70757348656164" + "01" + "06" + "3801" + "80bb0000" + "0000" + "01" + "0402" +
  "000401020305";

/** A track, and what its sample entry must hold: the type, 16-bit words at offsets after the header, the config box. */
interface EntryCase {
  readonly track: Omit<MuxTrack, "trackId">;
  readonly firstFrame?: string;
  readonly type: string;
  readonly words: Readonly<Record<number, number>>;
  readonly config: string;
}

const VISUAL = { width: 24, height: 26 } as const;
const SOUND = { channels: 16, sampleRate: 24 } as const;
const text = (code: string) => new TextEncoder().encode(code).toHex();
const video = (codec: MuxTrack["codec"], hex: string, more: Partial<MuxTrack> = {}) =>
  ({ kind: "video", codec, codecConfig: Uint8Array.fromHex(hex), ...more }) as const;
const audio = (codec: MuxTrack["codec"], hex?: string) =>
  ({ kind: "audio", codec, ...(hex === undefined ? {} : { codecConfig: Uint8Array.fromHex(hex) }) }) as const;

const CASES: Readonly<Record<string, EntryCase>> = {
  avc: {
    track: video("avc1", AVC),
    type: "avc1",
    words: { [VISUAL.width]: 640, [VISUAL.height]: 360 },
    config: "00000030" + text("avcC") + AVC,
  },
  hevc: {
    track: video("hvc1", HEVC, { width: 1920, height: 1080 }),
    type: "hvc1",
    words: { [VISUAL.width]: 1918, [VISUAL.height]: 1078 },
    config: text("hvcC") + HEVC,
  },
  av1: {
    track: video("av01", AV1),
    type: "av01",
    words: { [VISUAL.width]: 320 },
    config: text("av1C") + AV1,
  },
  "vp9 without the header of a full box": {
    track: video("vp09", "000a820202020000", { width: 64, height: 48 }),
    type: "vp09",
    words: { [VISUAL.width]: 64 },
    config: "00000014" + text("vpcC") + "01000000" + "000a820202020000",
  },
  "vp8 with it": {
    track: video("vp08", "01000000" + "000a820202020000"),
    type: "vp08",
    words: {},
    config: "00000014" + text("vpcC") + "01000000" + "000a820202020000",
  },
  aac: {
    track: audio("mp4a", "1210"),
    type: "mp4a",
    words: { [SOUND.channels]: 2, [SOUND.sampleRate]: 44_100 },
    config: "00000027" + text("esds") + "00000000" + "0319" + "000000" + "0411" + "4015000000" +
      "0000000000000000" +
      "0502" + "1210" + "060102",
  },
  "aac with a long configuration": {
    track: audio("mp4a", "1210" + "56e500".repeat(50)),
    type: "mp4a",
    words: { [SOUND.channels]: 2 },
    config: "058118" + "1210" + "56e500".repeat(50) + "060102",
  },
  mp3: {
    track: audio(".mp3"),
    firstFrame: "fffb9064",
    type: "mp4a",
    words: { [SOUND.sampleRate]: 44_100 },
    config: "6b15000000" + "0000000000000000" + "060102",
  },
  "mp3 of MPEG-2": {
    track: audio(".mp3"),
    firstFrame: "fff384c4",
    type: "mp4a",
    words: { [SOUND.channels]: 1, [SOUND.sampleRate]: 24_000 },
    config: "6915000000" + "0000000000000000" + "060102",
  },
  opus: {
    track: audio("Opus", "4f707573486561640102380180bb0000000000"),
    type: "Opus",
    words: { [SOUND.channels]: 2, [SOUND.sampleRate]: 48_000 },
    config: "00000013" + text("dOps") + "00" + "02" + "0138" + "0000bb80" + "0000" + "00",
  },
  "opus 5.1": {
    track: audio("Opus", OPUS_51),
    type: "Opus",
    words: { [SOUND.channels]: 6 },
    config: "0000001b" + text("dOps") + "00" + "06" + "0138" + "0000bb80" + "0000" + "01" + "0402" +
      "000401020305",
  },
  flac: {
    track: audio("fLaC", FLAC),
    type: "fLaC",
    words: { [SOUND.channels]: 2, [SOUND.sampleRate]: 44_100 },
    config: "00000032" + text("dfLa") + "00000000" + "80000022" + FLAC.slice(16),
  },
  "ac-3 with its configuration": {
    track: { ...audio("ac-3", "103c40"), sampleRate: 48_000, channels: 6 },
    type: "ac-3",
    words: { [SOUND.channels]: 6, [SOUND.sampleRate]: 48_000 },
    config: "0000000b" + text("dac3") + "103c40",
  },
  "ac-3 by its first frame": {
    track: audio("ac-3"),
    firstFrame: "0b77d20f0c40434e",
    type: "ac-3",
    words: { [SOUND.channels]: 2, [SOUND.sampleRate]: 48_000 },
    config: text("dac3") + "1010c0",
  },
  "ec-3 before its first frame": {
    track: audio("ec-3"),
    type: "ec-3",
    words: { [SOUND.channels]: 2 },
    config: text("dec3") + "0600200400",
  },
  "ec-3 with its configuration": {
    track: audio("ec-3", "0600200f00"),
    type: "ec-3",
    words: {},
    config: "0000000d" + text("dec3") + "0600200f00",
  },
};

for (const [name, { track, firstFrame, type, words, config }] of Object.entries(CASES)) {
  Deno.test(`writeSampleEntry writes ${name}`, () => {
    const frame = firstFrame === undefined ? undefined : Uint8Array.fromHex(firstFrame);
    const writer = new BoxWriter();
    writeSampleEntry(writer, sampleEntryOf({ ...track, trackId: 0 }, frame));
    const bytes = writer.take();
    const view = new DataView(bytes.buffer);
    assert.deepEqual([view.getUint32(0), text(type)], [bytes.length, bytes.subarray(4, 8).toHex()]);
    assert.equal(view.getUint16(14), 1, "data reference");
    for (const [offset, word] of Object.entries(words)) {
      assert.equal(view.getUint16(8 + Number(offset)), word, offset);
    }
    assert.ok(bytes.toHex().endsWith(config), bytes.toHex());
  });
}

Deno.test("sampleEntryOf waits for the first frame where only that tells", () => {
  assert.ok(needsFirstFrame({ ...audio(".mp3"), trackId: 0 }));
  assert.ok(!needsFirstFrame({ ...audio("mp4a", "1210"), trackId: 0 }));
  assert.ok(isMp4Codec("ec-3") && !isMp4Codec("speex") && !isMp4Codec("h263"));
});

Deno.test("writeSampleEntry says what is missing in an Opus header", () => {
  const entry = sampleEntryOf({ ...audio("Opus", OPUS_51.slice(0, 42)), trackId: 2 });
  assert.throws(() => writeSampleEntry(new BoxWriter(), entry), {
    name: "FormatError",
    message: "Cannot write audio track 2: Opus header of 21 bytes lacks its mapping",
  });
});
