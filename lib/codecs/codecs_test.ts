import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeAv1SequenceHeader } from "#codecs/av1";
import { decodeFlacStreaminfo } from "#codecs/flac";
import {
  decodeMp3FrameHeader,
  MP3_TICKS_PER_SECOND,
  mp3FrameBytes,
  mp3FrameTicks,
  readMp3FrameHeader,
} from "#codecs/mp3";
import { decodeOpusIdHeader } from "#codecs/opus";
import type { CodecId, Packet, TrackDescription } from "#media";
import { describeTrack } from "./mod.ts";

interface TrackCase {
  readonly name: string;
  readonly codec: CodecId;
  readonly role?: Packet["role"];
  readonly hex: string;
  readonly track: Omit<TrackDescription, "kind" | "codec">;
}

/** Configurations and frames that libaom, SVT-AV1, libvpx, libopus, FLAC and LAME made through ffmpeg. */
const CASES: readonly TrackCase[] = [
  {
    name: "AV1 Main",
    codec: "av01",
    hex: "81000c000a0b000000043cfecc02f80040",
    track: { codecString: "av01.0.00M.08", profile: "Main", level: "2.0", width: 320, height: 180 },
  },
  {
    name: "AV1 High with ten bits",
    codec: "av01",
    hex: "812040000a0a200000043cf6c4daf942",
    track: { codecString: "av01.1.00M.10", profile: "High", level: "2.0", width: 318, height: 178 },
  },
  {
    name: "AV1 without a sequence header",
    codec: "av01",
    hex: "810d0c00",
    track: { codecString: "av01.0.13M.08", profile: "Main", level: "5.1" },
  },
  {
    name: "VP9",
    codec: "vp09",
    hex: "01000000000b820202020000",
    track: { codecString: "vp09.00.11.08", profile: "Profile 0", level: "1.1" },
  },
  {
    name: "VP9 4:4:4 with ten bits, without box header",
    codec: "vp09",
    hex: "030ba60202020000",
    track: { codecString: "vp09.03.11.10", profile: "Profile 3", level: "1.1" },
  },
  {
    name: "VP8",
    codec: "vp08",
    hex: "000a820202020000",
    track: { codecString: "vp08.00.10.08", profile: "Profile 0", level: "1.0" },
  },
  {
    name: "VP8 key frame",
    codec: "vp08",
    role: "media",
    hex: "1062009d012a4001b400",
    track: { codecString: "vp8", profile: "Profile 0", width: 320, height: 180 },
  },
  {
    name: "VP9 key frame",
    codec: "vp09",
    role: "media",
    hex: "824983420013f00b36",
    track: { codecString: "vp09.00.11.08", profile: "Profile 0", level: "1.1", width: 320, height: 180 },
  },
  {
    name: "Opus",
    codec: "Opus",
    hex: "4f707573486561640102380180bb0000000000",
    track: { codecString: "opus", sampleRate: 48_000, channels: 2 },
  },
  {
    name: "Opus without bytes",
    codec: "Opus",
    hex: "",
    track: { codecString: "opus", sampleRate: 48_000 },
  },
  {
    name: "FLAC",
    codec: "fLaC",
    hex: "664c6143000000221200120000046d0005080ac442f0000033ae36567c6137e8d578c431ed191fd85ff5",
    track: { codecString: "flac", sampleRate: 44_100, channels: 2 },
  },
  {
    name: "FLAC 5.1 at 96 kHz",
    codec: "fLaC",
    hex: "664c6143000000222000200000" + "04b00008a81770" + "0b70" +
      "0b70000070805ed184c835458f440be780b4e93dc968",
    track: { codecString: "flac", sampleRate: 96_000, channels: 6 },
  },
  {
    name: "MP3",
    codec: ".mp3",
    role: "media",
    hex: "fffb5000",
    track: { codecString: "mp4a.6b", profile: "MPEG-1 layer 3", sampleRate: 44_100, channels: 2 },
  },
  {
    name: "MP3 at 8 kHz",
    codec: "mp3_8k",
    role: "media",
    hex: "ffe338c0",
    track: { codecString: "mp4a.69", profile: "MPEG-2.5 layer 3", sampleRate: 8_000, channels: 1 },
  },
  {
    name: "AC-3 frame",
    codec: "ac-3",
    role: "media",
    hex: "0b77fa965e40ebf8",
    track: { codecString: "ac-3", sampleRate: 44_100, channels: 6 },
  },
  {
    name: "E-AC-3 box",
    codec: "ec-3",
    hex: "0600200400",
    track: { codecString: "ec-3", sampleRate: 48_000, channels: 2 },
  },
  {
    name: "AAC by its folder",
    codec: "mp4a",
    hex: "1210",
    track: { codecString: "mp4a.40.2", profile: "LC", sampleRate: 44_100, channels: 2 },
  },
  {
    name: "AVC by its folder",
    codec: "avc1",
    hex: "01640015ffe000",
    track: { codecString: "avc1.640015", profile: "High", level: "2.1" },
  },
  { name: "AAC that is cut off", codec: "mp4a", hex: "12", track: { codecString: "mp4a" } },
  { name: "AAC frame", codec: "mp4a", role: "media", hex: "2110", track: { codecString: "mp4a" } },
  { name: "Speex frame", codec: "speex", role: "media", hex: "1e", track: { codecString: "speex" } },
  { name: "VVC configuration", codec: "vvc1", hex: "ff", track: { codecString: "vvc1" } },
];

function packetOf(codec: CodecId, role: Packet["role"], payload: Uint8Array): Packet {
  return { kind: "video", trackId: 0, codec, role, dtsUs: 0, ptsUs: 0, isKeyFrame: true, payload };
}

for (const { name, codec, role, hex, track } of CASES) {
  Deno.test(`describeTrack reads ${name}`, () => {
    const { kind: _, ...described } = describeTrack(
      packetOf(codec, role ?? "config", Uint8Array.fromHex(hex)),
    );
    assert.deepEqual(described, { codec, ...track });
  });
}

Deno.test("describeTrack never throws, whatever the bytes and wherever they end", () => {
  const described = fc.record({
    index: fc.nat(CASES.length - 1),
    cut: fc.nat(64),
    at: fc.nat(63),
    byte: fc.nat(255),
  });
  fc.assert(
    fc.property(described, ({ index, cut, at, byte }) => {
      const { codec, role, hex } = CASES[index]!;
      const bytes = Uint8Array.fromHex(hex);
      if (bytes.length > 0) bytes[at % bytes.length] = byte;
      const track = describeTrack(packetOf(codec, role ?? "config", bytes.subarray(0, cut)));
      assert.equal(track.codec, codec);
    }),
    { numRuns: 3_000 },
  );
});

Deno.test("decodeAv1SequenceHeader passes over other units and reads timing and operating points", () => {
  const header = "0a0b000000043cfecc02f80040";
  const plainColor = {
    bitDepth: 8,
    isMonochrome: false,
    halvesWidth: true,
    halvesHeight: true,
    chromaSamplePosition: 0,
  };
  assert.deepEqual(decodeAv1SequenceHeader(Uint8Array.fromHex(`1200${header}`)), {
    profile: 0,
    width: 320,
    height: 180,
    frameRate: undefined,
    levelIndex: 0,
    isHighTier: false,
    color: plainColor,
  });
  assert.equal(decodeAv1SequenceHeader(Uint8Array.fromHex("1200")), undefined);
  assert.throws(() => decodeAv1SequenceHeader(Uint8Array.fromHex("0a0b00")), {
    name: "FormatError",
    message: "Cannot read AV1 unit: need 11 bytes at offset 2, have 1",
  });
  assert.throws(() => decodeAv1SequenceHeader(Uint8Array.fromHex("0affffffffffffffffff")), {
    message: "Cannot read AV1 unit: its size at offset 1 does not end",
  });
  // timing: tick 1, scale 25, equal intervals, one tick each; no decoder model; one operating point
  const timed = bitsOf(
    "000 0 0 1" + bin(1, 32) + bin(25, 32) + "1 1 0 0 00000" + bin(0, 12) + "00001" +
      "1010 1001" + bin(1279, 11) + bin(719, 10) +
      // no frame ids and tools, forced screen content and motion vectors off; 4:2:0 with 8 bits
      "0 000 0000 0 0 0 000" + "0 0 0 0 00",
  );
  const unit = new Uint8Array([0x0a, timed.length, ...timed]);
  assert.deepEqual(decodeAv1SequenceHeader(unit), {
    profile: 0,
    width: 1280,
    height: 720,
    frameRate: 25,
    levelIndex: 1,
    isHighTier: false,
    color: plainColor,
  });
});

function bin(value: number, length: number): string {
  return value.toString(2).padStart(length, "0");
}

function bitsOf(text: string): Uint8Array {
  const bits = text.replaceAll(" ", "");
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  for (let at = 0; at < bits.length; at++) bytes[at >> 3]! |= Number(bits[at]) << (7 - at % 8);
  return bytes;
}

Deno.test("decodeOpusIdHeader reads little-endian fields and refuses other versions", () => {
  assert.deepEqual(decodeOpusIdHeader(Uint8Array.fromHex("4f70757348656164010638" + "0180bb000000ff01")), {
    channels: 6,
    preSkip: 312,
    inputSampleRate: 48_000,
    outputGain: -256,
    mappingFamily: 1,
  });
  assert.throws(() => decodeOpusIdHeader(Uint8Array.fromHex("4f7075734865616410")), { name: "FormatError" });
  assert.throws(() => decodeOpusIdHeader(Uint8Array.fromHex("4f7075735461677301")), { name: "FormatError" });
});

Deno.test("decodeFlacStreaminfo refuses another block", () => {
  assert.throws(() => decodeFlacStreaminfo(Uint8Array.fromHex("664c614304000022")), {
    name: "FormatError",
    message: 'Cannot read FLAC header: "fLaC", block type 4 of 34 bytes, expected streaminfo',
  });
});

Deno.test("decodeMp3FrameHeader follows the tables of the three versions and layers", () => {
  const cases = [
    ["fffb9064", 1, 3, 128_000, 44_100, 2, 1152, 417],
    ["fff380c4", 2, 3, 64_000, 22_050, 1, 576, 208],
    ["ffe318c0", 2.5, 3, 8_000, 8_000, 1, 576, 72],
    ["fffd8404", 1, 2, 128_000, 48_000, 2, 1152, 384],
    ["ffff1800", 1, 1, 32_000, 32_000, 2, 384, 48],
    ["fffb9264", 1, 3, 128_000, 44_100, 2, 1152, 418],
    ["fffb0064", 1, 3, 0, 44_100, 2, 1152, 0],
    ["fff71600", 2, 1, 32_000, 24_000, 2, 384, 68],
  ] as const;
  for (const [hex, version, layer, bitrateBps, sampleRate, channels, frameSamples, frameBytes] of cases) {
    const header = decodeMp3FrameHeader(Uint8Array.fromHex(hex));
    assert.deepEqual(
      header,
      { version, layer, bitrateBps, sampleRate, channels, frameSamples, frameBytes },
      hex,
    );
    assert.deepEqual(readMp3FrameHeader(Uint8Array.fromHex(`00${hex}`), 1), header);
    assert.equal(readMp3FrameHeader(Uint8Array.fromHex(hex), 1), undefined);
    assert.equal(mp3FrameBytes(Uint8Array.fromHex(hex), 0), frameBytes);
    assert.equal(mp3FrameTicks(Uint8Array.fromHex(hex), 0), frameSamples * MP3_TICKS_PER_SECOND / sampleRate);
  }
  for (const hex of ["fefb9064", "ffeb9064", "fff99064", "fffb9c64", "fffbf064"]) {
    assert.throws(() => decodeMp3FrameHeader(Uint8Array.fromHex(hex)), { name: "FormatError" }, hex);
    assert.equal(mp3FrameBytes(Uint8Array.fromHex(hex), 0), 0);
  }
});
