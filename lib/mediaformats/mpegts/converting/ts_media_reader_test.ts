import assert from "node:assert/strict";
import { concatBytes } from "#bytes";
import type { MediaPacket } from "#media";
import { adts, AVC, hex, noise, packetsOf, pes, streamOf, tables } from "../_rig_test.ts";
import { TsMediaReader } from "../mod.ts";

const VIDEO = 256;

/** Reads PES payloads of one stream, 3600 ticks apart. */
function read(streamType: number, payloads: readonly Uint8Array[], options: { registration?: string } = {}) {
  const { registration } = options;
  const descriptors = registration === undefined
    ? []
    : [{ tag: 5, body: new TextEncoder().encode(registration) }, { tag: 0x7f, body: hex("8006") }];
  let counter = 0;
  const packets = payloads.flatMap((payload, index) => {
    const packets = packetsOf(VIDEO, pes(payload, { pts: index * 3600 }), { counter });
    counter += packets.length;
    return packets;
  });
  const reader = new TsMediaReader();
  const bytes = concatBytes([...tables([streamOf(VIDEO, streamType, descriptors)]), ...packets]);
  const found = [...reader.push(bytes), ...reader.flush()];
  return { reader, packets: found, lines: found.map(lineOf) };
}

const lineOf = ({ role, dtsTicks, payload }: MediaPacket) => `${role} ${dtsTicks} ${payload.toHex()}`;

const SPS = "6764000aacd9447b011000000300100000030320f1225960";
const CONFIG = `0164000affe10018${SPS}01000468ef8fcbfdf8f800`;
const KEY = concatBytes([AVC.delimiter, AVC.sps, AVC.pps, AVC.idr]);
const OTHER = concatBytes([AVC.delimiter, AVC.slice]);

Deno.test("TsMediaReader turns Annex B into length-prefixed units and a configuration", () => {
  const { reader, packets, lines } = read(0x1b, [KEY, OTHER, KEY]);
  assert.deepEqual(lines, [
    `config 0 ${CONFIG}`,
    "media 0 000000096588840010ffe10111",
    "media 3600 0000000601a8b1110123",
    "media 7200 000000096588840010ffe10111",
  ]);
  const [track] = reader.tracks;
  assert.equal(track?.codecConfig?.toHex(), CONFIG);
  assert.deepEqual([track?.width, track?.height, track?.timescale], [64, 48, 90_000]);
  const { kind, trackId, trackIndex, codec, isKeyFrame, dtsUs } = packets[3]!;
  assert.deepEqual([kind, trackId, trackIndex, codec, isKeyFrame, dtsUs], [
    "video",
    0,
    0,
    "avc1",
    true,
    80_000,
  ]);
});

Deno.test("TsMediaReader gives a new configuration at key frames alone", () => {
  const pps = hex("00000001 68ef8fcc");
  const changed = concatBytes([AVC.delimiter, AVC.sps, pps, AVC.idr]);
  const between = concatBytes([AVC.delimiter, pps, AVC.slice]);
  const newConfig = CONFIG.replace("68ef8fcb", "68ef8fcc");
  assert.deepEqual(read(0x1b, [KEY, between, OTHER, changed, changed]).lines, [
    `config 0 ${CONFIG}`,
    "media 0 000000096588840010ffe10111",
    // what is not in the configuration stays in the unit
    "media 3600 0000000468ef8fcc0000000601a8b1110123",
    "media 7200 0000000601a8b1110123",
    `config 10800 ${newConfig}`,
    "media 10800 000000096588840010ffe10111",
    "media 14400 000000096588840010ffe10111",
  ]);
});

Deno.test("TsMediaReader gives units before the first configuration, and filler of none", () => {
  const filler = hex("000001 0cffffff80");
  assert.deepEqual(read(0x1b, [concatBytes([OTHER, filler]), AVC.delimiter, KEY]).lines, [
    "media 0 0000000601a8b1110123",
    `config 7200 ${CONFIG}`,
    "media 7200 000000096588840010ffe10111",
  ]);
});

Deno.test("TsMediaReader keeps parameter sets that make no configuration", () => {
  const broken = concatBytes([AVC.delimiter, hex("00000001 6742"), AVC.pps, AVC.idr]);
  assert.deepEqual(read(0x1b, [broken]).lines, [
    "media 0 00000002674200000004" + "68ef8fcb000000096588840010ffe10111",
  ]);
});

Deno.test("TsMediaReader takes AAC out of ADTS, with a configuration where it changes", () => {
  const mono = adts(12, 3);
  mono[3]! = mono[3]! & 0x3f | 0x40;
  const { lines, reader } = read(0x0f, [concatBytes([adts(10, 1), adts(11, 2)]), mono]);
  assert.deepEqual(lines, [
    "config 0 1210",
    `media 0 ${"01".repeat(10)}`,
    `media 2090 ${"02".repeat(11)}`,
    "config 3600 1208",
    `media 3600 ${"03".repeat(12)}`,
  ]);
  const [track] = reader.tracks;
  assert.deepEqual([track?.codecName, track?.sampleRate, track?.channels], ["aac", 44_100, 1]);
});

Deno.test("TsMediaReader takes AAC out of LATM", () => {
  // AudioMuxElement with StreamMuxConfig: AAC LC, 44.1 kHz, stereo; one payload of four bytes
  const withConfig = loas(
    bits("0 0 1 000000 0000 000", "00010 0100 0010 000", "000 11111111 0 0", "00000100") +
      bytesAsBits("01020304"),
  );
  const without = loas("1" + bits("00000100") + bytesAsBits("05060708"));
  const { lines, reader } = read(0x11, [without, concatBytes([withConfig, without]), withConfig]);
  assert.deepEqual(lines, [
    "config 3600 1210",
    "media 3600 01020304",
    "media 5690 05060708",
    "media 7200 01020304",
  ]);
  assert.equal(reader.tracks[0]?.codecName, "aac_latm");
});

const bits = (...words: string[]) => words.join("").replaceAll(" ", "");
const bytesAsBits = (text: string) =>
  Array.from(hex(text), (byte) => byte.toString(2).padStart(8, "0")).join("");

/** AudioSyncStream around `element`, given as bits. */
function loas(element: string): Uint8Array {
  const padded = element.padEnd(Math.ceil(element.length / 8) * 8, "0");
  const body = Uint8Array.from(
    { length: padded.length / 8 },
    (_, at) => parseInt(padded.slice(at * 8, at * 8 + 8), 2),
  );
  return concatBytes([new Uint8Array([0x56, 0xe0 | body.length >> 8, body.length & 255]), body]);
}

Deno.test("TsMediaReader takes Opus from behind its control headers, and makes the header", () => {
  const first = concatBytes([hex("7fe0 ff2d"), hex("fc"), noise(299)]);
  // start trim, end trim, an extension of two bytes
  const second = concatBytes([hex("7ffc 03 0001 0002 02aaaa"), hex("fc0102")]);
  const { lines, reader } = read(0x06, [concatBytes([first, second])], { registration: "Opus" });
  const header = "4f707573486561640106000080bb000000000104020004010203" + "05";
  assert.deepEqual(lines, [
    `config 0 ${header}`,
    `media 0 fc${noise(299).toHex()}`,
    "media 1800 fc0102",
  ]);
  assert.deepEqual([reader.tracks[0]?.channels, reader.tracks[0]?.sampleRate], [6, 48_000]);
});

Deno.test("TsMediaReader stops at an Opus control header that is cut off or lies", () => {
  for (const text of ["7fe0", "7fe0ff", "7ffc03", "7fe000", "1234", "7fe4 03 ff"]) {
    assert.deepEqual(read(0x06, [hex(text)], { registration: "Opus" }).lines, [], text);
  }
  assert.equal(read(0x06, [hex("7fe0 09 fc01")], { registration: "Opus" }).lines.at(-1), "media 0 fc01");
});

Deno.test("TsMediaReader names MPEG audio by its layer", () => {
  const mp2 = noise(417);
  mp2.set([0xff, 0xfd, 0x80, 0x04]);
  const { reader, packets } = read(0x03, [mp2]);
  assert.deepEqual([reader.tracks[0]?.codecName, reader.tracks[0]?.codec], ["mp2", ".mp3"]);
  assert.equal(packets[0]?.durationTicks, Math.round(1152 * 90_000 / 44_100));
});

Deno.test("TsMediaReader joins frames that lie over the ends of PES packets, with times of their own", () => {
  const frames = concatBytes([adts(60, 1), adts(60, 2), adts(60, 3)]);
  const { lines } = read(0x0f, [frames.subarray(0, 100), frames.subarray(100, 130), frames.subarray(130)]);
  assert.deepEqual(lines.map((line) => line.split(" ").slice(0, 2).join(" ")), [
    "config 0",
    "media 0",
    "media 2090",
    // it begins in the third, which has the time 7200; the second begins none
    "media 7200",
  ]);
});

Deno.test("TsMediaReader repeats configurations where it reads on at another place", () => {
  const bytes = concatBytes([
    ...tables([streamOf(VIDEO, 0x1b)]),
    ...packetsOf(VIDEO, pes(KEY, { pts: 0 })),
    ...packetsOf(VIDEO, pes(OTHER, { pts: 3600 }), { counter: 1 }),
  ]);
  const reader = new TsMediaReader();
  reader.push(bytes);
  reader.flush();
  reader.jump(3 * 188);
  const packets = [...reader.push(bytes.subarray(3 * 188)), ...reader.flush()];
  assert.deepEqual(packets.map(lineOf), [`config 3600 ${CONFIG}`, "media 3600 0000000601a8b1110123"]);
});

Deno.test("TsMediaReader keeps the track of a stream that moves to another PID", () => {
  const bytes = concatBytes([
    ...tables([streamOf(VIDEO, 0x1b), streamOf(257, 0x0f)]),
    ...packetsOf(VIDEO, pes(KEY, { pts: 0 })),
    ...tables([streamOf(300, 0x1b), streamOf(257, 0x0f)], { version: 1, counter: 1 }),
    ...packetsOf(300, pes(KEY, { pts: 3600 })),
    ...packetsOf(257, pes(adts(9), { pts: 3600, streamId: 0xc0 })),
  ]);
  const reader = new TsMediaReader();
  const packets = [...reader.push(bytes), ...reader.flush()];
  const media = packets.filter(({ role, kind }) => role === "media" && kind === "video");
  assert.deepEqual(media.map(({ trackIndex, dtsTicks }) => [trackIndex, dtsTicks]), [[0, 0], [0, 3600]]);
  assert.deepEqual(reader.tracks.map(({ containerTrackId }) => containerTrackId), [300, 257]);
});
