import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes } from "#bytes";
import { FormatError } from "#errors";
import type { MediaPacket, MuxTrack, Packet } from "#media";
import { hex, noise } from "../_rig_test.ts";
import { TsMediaReader, TsMuxer, type TsMuxerOptions, TsReader } from "../mod.ts";

const AVC_CONFIG = hex(
  "0164000affe100186764000aacd9447b011000000300100000030320f122596001000468ef8fcb fdf8f800",
);
/** Of libx265, 1918 by 1078 pixels. */
const HEVC_CONFIG = hex(
  "01016000000090000000000078f000fcfdf8f800000f03a00001001840010c01ffff01600000030090000003000003" +
    "0078959809a10001002b420101016000000300900000030000030078a003c08010e75596566924caf01680800000" +
    "03008000000c84a2000100074401c172b46240",
);
const AAC_CONFIG = hex("1210");

const VIDEO: MuxTrack = {
  kind: "video",
  trackId: 0,
  codec: "avc1",
  codecConfig: AVC_CONFIG,
  timescale: 90_000,
};
const AUDIO: MuxTrack = {
  kind: "audio",
  trackId: 0,
  codec: "mp4a",
  codecConfig: AAC_CONFIG,
  timescale: 90_000,
};

/** One media packet. */
function media(
  track: Pick<MuxTrack, "kind" | "codec">,
  fields: { dts: number; pts?: number; payload: Uint8Array; isKeyFrame?: boolean; trackId?: number },
): MediaPacket {
  const { dts, pts = dts, payload, isKeyFrame = track.kind === "audio", trackId = 0 } = fields;
  return {
    ...{ kind: track.kind, codec: track.codec, trackId, role: "media", isKeyFrame, payload },
    ...{ dtsUs: Math.round(dts * 100 / 9), ptsUs: Math.round(pts * 100 / 9), dtsTicks: dts, ptsTicks: pts },
    ...{ trackIndex: 0, durationTicks: 0, isDiscarded: false },
  };
}

/** A length-prefixed access unit of one NAL unit. */
function accessUnit(firstByte: number, length: number): Uint8Array {
  const bytes = noise(4 + length, length + 1);
  bytes.set([length >>> 24, length >>> 16 & 255, length >>> 8 & 255, length & 255, firstByte, 0x88, 0x84]);
  return bytes;
}

function mux(
  tracks: readonly MuxTrack[],
  packets: readonly Packet[],
  options: TsMuxerOptions = {},
): Uint8Array {
  const muxer = new TsMuxer(tracks, options);
  return concatBytes([muxer.begin(), ...packets.map((packet) => muxer.write(packet)), muxer.end().append]);
}

/** What a reader gives back. */
function readBack(bytes: Uint8Array) {
  const reader = new TsMediaReader();
  const packets = [...reader.push(bytes), ...reader.flush()];
  const { continuityErrors, junkBytes, malformedSections, malformedPes, damagedPes } =
    reader.reader.statistics;
  assert.deepEqual([continuityErrors, junkBytes, malformedSections, malformedPes, damagedPes], [
    0,
    0,
    0,
    0,
    0,
  ]);
  return { reader, media: packets.filter(({ role }) => role === "media"), packets };
}

const lineOf = ({ kind, trackId, dtsTicks, ptsTicks, isKeyFrame, payload }: MediaPacket) =>
  `${kind} ${trackId} ${dtsTicks} ${ptsTicks} ${isKeyFrame} ${payload.toHex()}`;

/** The packets of a stream as fields. */
function* fieldsOf(bytes: Uint8Array) {
  assert.equal(bytes.length % 188, 0);
  for (let at = 0; at < bytes.length; at += 188) {
    assert.equal(bytes[at], 0x47);
    const control = bytes[at + 3]!;
    const flags = (control & 0x20) !== 0 && bytes[at + 4]! > 0 ? bytes[at + 5]! : 0;
    const high = bytes[at + 6]! * 2 ** 24 + (bytes[at + 7]! << 16 | bytes[at + 8]! << 8 | bytes[at + 9]!);
    yield {
      pid: (bytes[at + 1]! & 0x1f) << 8 | bytes[at + 2]!,
      isStart: (bytes[at + 1]! & 0x40) !== 0,
      counter: control & 15,
      hasPayload: (control & 0x10) !== 0,
      isRandomAccess: (flags & 0x40) !== 0,
      clock: (flags & 0x10) !== 0 ? high * 2 + (bytes[at + 10]! >> 7) : undefined,
    };
  }
}

Deno.test("TsMuxer writes packets that are read back as they were, of every size", () => {
  const sizes = [...Array.from({ length: 400 }, (_, index) => index + 3), 65_000, 65_536, 200_000];
  const packets = sizes.map((size, index) =>
    media(VIDEO, {
      dts: index * 3600,
      pts: index * 3600 + (index % 3) * 3600,
      payload: accessUnit(index % 10 === 0 ? 0x65 : 0x41, size),
      isKeyFrame: index % 10 === 0,
    })
  );
  const { media: back, reader } = readBack(mux([VIDEO], packets));
  assert.deepEqual(back.map(lineOf), packets.map(lineOf));
  assert.deepEqual(reader.tracks[0]!.codecConfig, AVC_CONFIG);
  for (let size = 1; size < 400; size++) {
    const one = media(AUDIO, { dts: 0, payload: noise(size) });
    assert.deepEqual(readBack(mux([AUDIO], [one])).media.map(lineOf), [lineOf(one)]);
  }
});

Deno.test("TsMuxer keeps any time modulo 2^33, and what is near the start exactly", () => {
  for (const dts of [0, 1, 8999, 2 ** 32 + 1, 2 ** 33 - 5_400_001, -1, -90_000]) {
    const one = media(VIDEO, { dts, pts: dts + 7201, payload: accessUnit(0x65, 20), isKeyFrame: true });
    assert.deepEqual(readBack(mux([VIDEO], [one])).media.map(lineOf), [lineOf(one)]);
  }
});

Deno.test("TsMuxer turns ticks of another scale and bare microseconds into ticks of 90 kHz", () => {
  const track = { ...AUDIO, timescale: 44_100 };
  const ticks = media(AUDIO, { dts: 1024, payload: noise(9) });
  assert.equal(readBack(mux([track], [ticks])).media[0]!.dtsTicks, Math.round(1024 * 90_000 / 44_100));
  const { timescale: _, ...plain } = AUDIO;
  const micros: Packet = { ...ticks, dtsUs: 1_000_011, ptsUs: 1_000_011 };
  assert.equal(readBack(mux([plain], [micros])).media[0]!.dtsTicks, 90_001);
  assert.equal(readBack(mux([plain], [micros], { timeOffsetTicks: 9 })).media[0]!.dtsTicks, 90_010);
});

/** One track of each codec, a payload of it, and what the reader calls it. */
const CODECS: readonly (readonly [MuxTrack, Uint8Array, string])[] = [
  [VIDEO, accessUnit(0x65, 50), "h264"],
  [AUDIO, noise(100), "aac"],
  [{ kind: "audio", trackId: 0, codec: ".mp3" }, mp3Frame(), "mp3"],
  [{ kind: "audio", trackId: 0, codec: "ac-3" }, ac3Frame(), "ac3"],
  [{ kind: "audio", trackId: 0, codec: "ec-3" }, eac3Frame(), "eac3"],
  [{ kind: "audio", trackId: 0, codec: "Opus", channels: 6 }, concatBytes([hex("fc"), noise(600)]), "opus"],
];

function mp3Frame(): Uint8Array {
  const bytes = noise(417);
  bytes.set([0xff, 0xfb, 0x90, 0x64]);
  return bytes;
}

/** 48 kHz, 32 kbit/s: 128 bytes. */
function ac3Frame(): Uint8Array {
  const bytes = noise(128);
  bytes.set([0x0b, 0x77, 0, 0, 0x00, 0x40, 0x40]);
  return bytes;
}

/** 48 kHz, six blocks, 128 bytes. */
function eac3Frame(): Uint8Array {
  const bytes = noise(128);
  bytes.set([0x0b, 0x77, 0x00, 0x3f, 0x34, 0x80, 0x00]);
  return bytes;
}

for (const [track, payload, name] of CODECS) {
  Deno.test(`TsMuxer writes ${name}`, () => {
    const packets = [0, 3600, 7200].map((dts) => media(track, { dts, payload, isKeyFrame: true }));
    const { media: back, reader } = readBack(mux([{ ...track, language: "deu" }], packets));
    assert.deepEqual(
      back.map(({ payload }) => payload.toHex()),
      packets.map(({ payload }) => payload.toHex()),
    );
    assert.deepEqual(back.map(({ dtsTicks }) => dtsTicks), [0, 3600, 7200]);
    const { codecName, codec, language, channels } = reader.tracks[0]!;
    assert.deepEqual([codecName, codec, language], [name, track.codec, "deu"]);
    if (track.codec === "Opus") assert.equal(channels, 6);
  });
}

Deno.test("TsMuxer puts delimiters before access units and parameter sets before key frames", () => {
  const packets = [
    media(VIDEO, { dts: 0, payload: accessUnit(0x65, 5), isKeyFrame: true }),
    media(VIDEO, { dts: 3600, payload: accessUnit(0x41, 5) }),
    // with a delimiter and parameter sets of its own
    media(VIDEO, {
      dts: 7200,
      payload: hex(
        "00000002 09f0 00000018 6764000aacd9447b011000000300100000030320f1225960 00000004 68ef8fcb 00000002 65 88",
      ),
      isKeyFrame: true,
    }),
  ];
  const reader = new TsReader();
  const units = [...reader.push(mux([VIDEO], packets)), ...reader.flush()];
  const sets = "000000016764000aacd9447b011000000300100000030320f12259600000000168ef8fcb";
  assert.deepEqual(units.map(({ payload }) => payload.toHex().slice(0, 12)), Array(3).fill("0000000109f0"));
  assert.ok(units[0]!.payload.toHex().startsWith(`0000000109f0${sets}0000000165`));
  assert.ok(units[1]!.payload.toHex().startsWith("0000000109f00000000141"));
  assert.equal(units[2]!.payload.toHex(), `0000000109f0${sets}000000016588`);
});

Deno.test("TsMuxer writes H.265 with its parameter sets and registration", () => {
  const track: MuxTrack = { ...VIDEO, codec: "hvc1", codecConfig: HEVC_CONFIG };
  const packets = [
    media(track, { dts: 0, payload: accessUnit(0x26, 30), isKeyFrame: true }),
    media(track, { dts: 3600, payload: accessUnit(0x02, 30) }),
  ];
  const { media: back, reader } = readBack(mux([track], packets));
  assert.deepEqual(back.map(lineOf), packets.map(lineOf));
  assert.equal(reader.tracks[0]!.codecName, "hevc");
  assert.equal(reader.tracks[0]!.width, 1918);
});

Deno.test("TsMuxer counts packets of each PID without a gap", () => {
  const packets = Array.from(
    { length: 60 },
    (_, index) =>
      index % 3 === 0
        ? media(VIDEO, { dts: index * 1200, payload: accessUnit(0x41, 1000) })
        : media(AUDIO, { dts: index * 1200, payload: noise(300) }),
  );
  const next = new Map<number, number>();
  for (const { pid, counter, hasPayload } of fieldsOf(mux([VIDEO, AUDIO], packets))) {
    const expected = next.get(pid) ?? 0;
    assert.equal(counter, hasPayload ? expected : expected + 15 & 15);
    if (hasPayload) next.set(pid, expected + 1 & 15);
  }
  assert.deepEqual([...next.keys()].sort((a, b) => a - b), [0, 256, 257, 4096]);
});

Deno.test("TsMuxer sends the clock behind decoding by its delay, rising, ten times a second", () => {
  for (const clockDelayTicks of [undefined, 9000]) {
    // one picture a second
    const packets = Array.from(
      { length: 200 },
      (_, index) =>
        index % 40 === 0
          ? media(VIDEO, { dts: 900_000 + index * 2250, payload: accessUnit(0x65, 500), isKeyFrame: true })
          : media(AUDIO, { dts: 900_000 + index * 2250, payload: noise(100) }),
    );
    const bytes = mux([VIDEO, AUDIO], packets, clockDelayTicks === undefined ? {} : { clockDelayTicks });
    const clocks = [...fieldsOf(bytes)].flatMap(({ pid, clock }) =>
      clock === undefined ? [] : [{ pid, clock }]
    );
    assert.equal(clocks[0]!.clock, 900_000 - (clockDelayTicks ?? 63_000));
    assert.ok(clocks.every(({ pid }) => pid === 256));
    for (const [index, { clock }] of clocks.slice(1).entries()) {
      const step = clock - clocks[index]!.clock;
      assert.ok(step > 0 && step <= 9000, `step ${step}`);
    }
  }
});

Deno.test("TsMuxer carries the clock on audio where there is no video, modulo 2^33", () => {
  const packets = [0, 2090, 4180].map((dts) => media(AUDIO, { dts, payload: noise(50) }));
  const clocks = [...fieldsOf(mux([AUDIO], packets))].flatMap(({ clock }) => clock ?? []);
  assert.deepEqual(clocks, [0, 2090, 4180].map((dts) => 2 ** 33 - 63_000 + dts));
});

Deno.test("TsMuxer repeats the tables before key frames, in time, and where they are asked for", () => {
  const video = (dts: number, isKeyFrame: boolean) =>
    media(VIDEO, { dts, payload: accessUnit(isKeyFrame ? 0x65 : 0x41, 10), isKeyFrame });
  const muxer = new TsMuxer([VIDEO], { service: { name: "news", provider: "crtmp" } });
  const pidsOf = (bytes: Uint8Array) => [...fieldsOf(bytes)].map(({ pid }) => pid);
  assert.deepEqual(pidsOf(muxer.begin()), [0, 0x11, 0x1000]);
  assert.deepEqual(pidsOf(muxer.write(video(0, true))), [256]);
  assert.deepEqual(pidsOf(muxer.write(video(3600, true))), [0, 0x11, 0x1000, 256]);
  assert.deepEqual(pidsOf(muxer.write(video(48_599, false))), [256]);
  assert.deepEqual(pidsOf(muxer.write(video(48_600, false))), [0, 0x11, 0x1000, 256]);
  assert.deepEqual(pidsOf(muxer.tables()), [0, 0x11, 0x1000]);
  assert.deepEqual(pidsOf(muxer.write(video(52_200, true))), [256]);
});

Deno.test("TsMuxer names the service", () => {
  const reader = new TsReader();
  reader.push(mux([AUDIO], [media(AUDIO, { dts: 0, payload: noise(50) })], { service: { name: "Größe" } }));
  reader.flush();
  assert.deepEqual(reader.service, { programNumber: 1, name: "Größe", provider: "" });
});

Deno.test("TsMuxer gathers audio that follows without a gap", () => {
  const dtsOf = (index: number) => Math.round(index * 1024 * 90_000 / 44_100) + (index >= 20 ? 900 : 0);
  const packets = Array.from(
    { length: 40 },
    (_, index) => media(AUDIO, { dts: dtsOf(index), payload: noise(90) }),
  );
  const single = mux([AUDIO], packets);
  const gathered = mux([AUDIO], packets, { audioPesTicks: 9000 });
  const starts = (bytes: Uint8Array) =>
    [...fieldsOf(bytes)].filter(({ pid, isStart }) => isStart && pid === 256).length;
  assert.equal(starts(single), 40);
  // five frames each; the gap before the 20th begins a new one
  assert.equal(starts(gathered), 8);
  const { media: back } = readBack(gathered);
  assert.deepEqual(back.map(({ payload }) => payload), packets.map(({ payload }) => payload));
  assert.ok(back.every(({ dtsTicks }, index) => Math.abs(dtsTicks - dtsOf(index)) <= 1));
});

Deno.test("TsMuxer gives gathered audio before later video", () => {
  const muxer = new TsMuxer([VIDEO, AUDIO], { audioPesTicks: 4000 });
  muxer.begin();
  assert.equal(muxer.write(media(AUDIO, { dts: 0, payload: noise(50) })).length, 0);
  assert.equal(muxer.write(media(VIDEO, { dts: 3600, payload: accessUnit(0x41, 50) })).length, 188);
  const late = muxer.write(media(VIDEO, { dts: 7200, payload: accessUnit(0x41, 50) }));
  assert.deepEqual([...fieldsOf(late)].map(({ pid }) => pid), [257, 256]);
  assert.equal(muxer.end().append.length, 0);
});

Deno.test("TsMuxer takes a configuration that changes", () => {
  const other = AVC_CONFIG.with(11, 0x0b).with(3, 0x0b);
  const muxer = new TsMuxer([VIDEO]);
  const config: MediaPacket = { ...media(VIDEO, { dts: 3600, payload: other }), role: "config" };
  const key = (dts: number) => media(VIDEO, { dts, payload: accessUnit(0x65, 10), isKeyFrame: true });
  const parts = [muxer.begin(), muxer.write(key(0)), muxer.write(config), muxer.write(key(3600))];
  assert.equal(parts[2]!.length, 0);
  const { packets } = readBack(concatBytes(parts));
  assert.deepEqual(packets.map(({ role }) => role), ["config", "media", "config", "media"]);
  assert.deepEqual(packets[2]!.payload, other);
});

Deno.test("TsMuxer says what it cannot write", () => {
  assert.throws(() => new TsMuxer([]), /0 tracks, needs 1 to 256/);
  assert.throws(() => new TsMuxer([{ kind: "video", trackId: 0, codec: "vp09" }]), /cannot hold codec vp09/);
  const { codecConfig: _, ...bare } = VIDEO;
  const key = media(VIDEO, { dts: 0, payload: accessUnit(0x65, 10), isKeyFrame: true });
  assert.throws(() => new TsMuxer([bare]).write(key), /no configuration came before it/);
  assert.throws(() => new TsMuxer([AUDIO]).write(key), /there is no video track 0/);
  assert.throws(() => new TsMuxer([VIDEO]).write({ ...key, payload: hex("00000009 65") }), FormatError);
  assert.throws(
    () => new TsMuxer([AUDIO]).write(media(AUDIO, { dts: 0, payload: noise(9000) })),
    FormatError,
  );
  const script: Packet = { ...key, kind: "data", role: "metadata", codec: "script" };
  assert.equal(new TsMuxer([VIDEO]).write(script).length, 0);
});

Deno.test("TsMuxer and TsMediaReader agree on any run of packets", () => {
  const one = fc.record({
    isVideo: fc.boolean(),
    isKeyFrame: fc.boolean(),
    size: fc.integer({ min: 3, max: 700 }),
    step: fc.integer({ min: 1, max: 9000 }),
    reorder: fc.integer({ min: 0, max: 9000 }),
  });
  fc.assert(
    fc.property(fc.array(one, { minLength: 1, maxLength: 40 }), fc.boolean(), (rows, hasService) => {
      let dts = 0;
      const packets = rows.map(({ isVideo, isKeyFrame, size, step, reorder }) => {
        dts += step;
        return isVideo
          ? media(VIDEO, {
            dts,
            pts: dts + reorder,
            payload: accessUnit(isKeyFrame ? 0x65 : 0x41, size),
            isKeyFrame,
          })
          : media(AUDIO, { dts, payload: noise(size) });
      });
      const bytes = mux([VIDEO, AUDIO], packets, hasService ? { service: { name: "x" } } : {});
      const back = readBack(bytes).media.map(lineOf);
      for (const kind of ["video", "audio"]) {
        const isOf = (line: string) => line.startsWith(kind);
        assert.deepEqual(back.filter(isOf), packets.map(lineOf).filter(isOf));
      }
    }),
    { numRuns: 100 },
  );
});
