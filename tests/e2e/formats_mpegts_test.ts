/** MPEG-TS: read as ffprobe and mediabunny read it, written so that players read it without a warning. */
import { concatBytes, MemorySource } from "#bytes";
import type { MediaPacket } from "#media";
import { type TsAccessUnit, TsDemuxer, TsMuxer, type TsMuxerOptions, TsReader } from "#mediaformats/mpegts";
import { EncodedPacketSink, FilePathSource, Input, MPEG_TS } from "mediabunny";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { MediaFolder } from "../helpers/media_folder.ts";
import { runProcess } from "../helpers/process.ts";
import { e2e } from "../helpers/tools.ts";

const TOOLS = { tools: ["ffmpeg", "ffprobe"] } as const;
const PICTURE = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25"];
const NOISE = ["-f", "lavfi", "-i", "anoisesrc=sample_rate=48000:amplitude=0.3:seed=7"];
const H264 = [
  ...["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-b:v", "300k"],
  ...["-g", "25", "-keyint_min", "25", "-sc_threshold", "0", "-bf", "2", "-threads", "1"],
];
const HEVC = [
  ...["-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-x265-params"],
  "log-level=none:keyint=25:min-keyint=25:bframes=2:pools=1",
];
const AAC = ["-c:a", "aac", "-b:a", "64k"];
const FILM = [...PICTURE, ...NOISE, "-t", "3"];

/** Arguments of ffmpeg by file name. */
const FILES: Readonly<Record<string, readonly string[]>> = {
  "h264_aac.ts": [...FILM, ...H264, ...AAC, "-metadata:s:a", "language=fra", "-metadata", "service_name=Un"],
  "h264_latm.ts": [...FILM, ...H264, ...AAC, "-mpegts_flags", "latm"],
  "h264_mp3.ts": [...FILM, ...H264, "-c:a", "libmp3lame"],
  "h264_mp2_mono.ts": [...FILM, ...H264, "-c:a", "mp2", "-ac", "1"],
  "h264_ac3.ts": [...FILM, ...H264, "-c:a", "ac3", "-ac", "2"],
  "h264_eac3.ts": [...FILM, ...H264, "-c:a", "eac3", "-ac", "2"],
  "h264_opus.ts": [...FILM, ...H264, "-c:a", "libopus", "-ac", "2"],
  "h264_slices.ts": [...FILM, ...H264, "-slices", "4", ...AAC, "-ac", "2"],
  "h264_open_gop.ts": [...FILM, ...H264, "-flags", "-cgop", "-x264-params", "open-gop=1", ...AAC],
  "h264_refresh.ts": [...FILM, ...H264, "-x264-params", "intra-refresh=1", ...AAC],
  "h264_padded.ts": [
    ...FILM,
    ...H264,
    "-x264-params",
    "nal-hrd=cbr",
    "-maxrate",
    "300k",
    "-bufsize",
    "300k",
    ...AAC,
  ],
  "hevc_aac.ts": [...FILM, ...HEVC, ...AAC],
  "video_alone.ts": [...PICTURE, "-t", "3", ...H264],
  "audio_alone.ts": [...NOISE, "-t", "3", ...AAC],
  "two_languages.ts": [
    ...[...FILM, "-map", "0:v", "-map", "1:a", "-map", "1:a", ...H264, ...AAC, "-b:a:1", "96k"],
    ...["-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=deu"],
  ],
  "from_negative.ts": [...FILM, ...H264, ...AAC, "-output_ts_offset", "95442"],
  "over_rollover.ts": [...NOISE, "-t", "90", ...AAC, "-output_ts_offset", "95370"],
  "bluray.m2ts": [...FILM, ...H264, "-c:a", "ac3", "-mpegts_m2ts_mode", "1"],
};

const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex");

for (const [name, args] of Object.entries(FILES)) {
  e2e(`TsReader reads ${name} as ffprobe does`, TOOLS, async () => {
    await using folder = await MediaFolder.make();
    const path = await folder.encode(name, args);
    const bytes = await Deno.readFile(path);
    const { streams, packets } = await probe(path);
    for (const blockBytes of [bytes.length, 1000]) {
      const { reader, units } = readUnits(bytes, blockBytes);
      const { syncLosses, continuityErrors, damagedPes, malformedSections } = reader.statistics;
      assert.deepEqual([syncLosses, continuityErrors, damagedPes, malformedSections], [0, 0, 0, 0]);
      for (const stream of streams) {
        const pid = Number(stream.id);
        const listed = packets.filter(({ stream_index }) => stream_index === stream.index);
        assertUnits(units.filter((unit) => unit.stream.pid === pid), listed, stream.codec_name);
        assert.equal(reader.streams.find((stream) => stream.pid === pid)!.language, stream.tags?.language);
      }
    }
  });

  e2e(`TsDemuxer and TsMuxer keep ${name}, and ffprobe has nothing to say`, TOOLS, async () => {
    await using folder = await MediaFolder.make();
    const path = await folder.encode(name, args);
    const bytes = await Deno.readFile(path);
    const { demuxer, packets } = await readFile(bytes);
    const probed = await probe(path);
    assertSummary(demuxer, probed);
    await assertSeeks(demuxer, packets);

    for (const options of [{}, { audioPesTicks: 9000, service: { name: "crtmp" } }]) {
      const copy = mux(demuxer, packets, options);
      const copyPath = `${folder.path}/copy.ts`;
      await Deno.writeFile(copyPath, copy);
      const again = await readFile(copy);
      assertSamePackets(again.packets, packets, { toleranceTicks: "audioPesTicks" in options ? 1 : 0 });
      const listed = await probe(copyPath);
      assert.deepEqual(
        listed.streams.map(({ codec_name, width, sample_rate, channels, tags }) => ({
          ...{ codec_name: codec_name.replace("_latm", ""), width, sample_rate, channels, tags },
        })),
        probed.streams.map(({ codec_name, width, sample_rate, channels, tags }) => ({
          ...{ codec_name: codec_name.replace("_latm", ""), width, sample_rate, channels, tags },
        })),
      );
      for (const stream of listed.streams) {
        const timesOf = ({ packets }: Probed) =>
          packets.filter(({ stream_index }) => stream_index === stream.index).map(({ pts, dts, flags }) =>
            `${pts} ${dts} ${flags}`
          );
        if (!("audioPesTicks" in options)) {
          assert.deepEqual(timesOf(listed), timesOf(probed), stream.codec_name);
        }
      }
      const played = await runProcess("ffmpeg", {
        args: ["-v", "warning", "-i", copyPath, "-f", "null", "-"],
      });
      assert.deepEqual([played.code, played.stderr], [0, ""]);
    }
  });
}

for (const stride of [204, 208] as const) {
  e2e(`TsDemuxer reads packets of ${stride} bytes as those of 188`, TOOLS, async () => {
    await using folder = await MediaFolder.make();
    const bytes = await Deno.readFile(await folder.encode("film.ts", FILES["h264_aac.ts"]!));
    const parity = new Uint8Array(stride - 188).fill(0x47);
    const wide: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += 188) wide.push(bytes.subarray(at, at + 188), parity);
    const plain = await readFile(bytes);
    const { demuxer, packets } = await readFile(concatBytes(wide));
    assert.equal(demuxer.media.reader.stride, stride);
    assertSamePackets(packets, plain.packets);
    await assertSeeks(demuxer, packets);
  });
}

e2e("TsReader reads each program of a stream with several", TOOLS, async () => {
  await using folder = await MediaFolder.make();
  const path = await folder.encode("programs.ts", [
    ...[...PICTURE, ...NOISE, "-t", "2", "-map", "0:v", "-map", "1:a", "-map", "1:a", ...H264, ...AAC],
    ...["-program", "program_num=7:st=0:st=1", "-program", "program_num=9:st=2"],
  ]);
  const bytes = await Deno.readFile(path);
  const { packets } = await probe(path);
  for (const [program, indexes] of [[7, [0, 1]], [9, [2]], [undefined, [0, 1]]] as const) {
    const reader = new TsReader(program === undefined ? {} : { program });
    const units = [...reader.push(bytes), ...reader.flush()];
    assert.deepEqual(reader.programs.map(({ programNumber }) => programNumber), [7, 9]);
    const hashes = units.map(({ payload }) => md5(payload));
    const listed = packets.filter(({ stream_index }) =>
      (indexes as readonly number[]).includes(stream_index)
    );
    assert.deepEqual(hashes.toSorted(), listed.map(({ data_hash }) => data_hash.slice(4)).toSorted());
  }
});

e2e("VLC plays a stream of TsMuxer that begins at zero in time", { tools: ["ffmpeg", "cvlc"] }, async () => {
  await using folder = await MediaFolder.make();
  const bytes = await Deno.readFile(await folder.encode("film.ts", FILES["h264_aac.ts"]!));
  const { demuxer, packets } = await readFile(bytes);
  // the clock begins before zero: 2^33 and less
  const timeOffsetTicks = 0 - Math.min(...packets.map(({ dtsTicks }) => dtsTicks));
  const path = `${folder.path}/zero.ts`;
  await Deno.writeFile(path, mux(demuxer, packets, { timeOffsetTicks }));
  await Deno.chmod(folder.path, 0o755);
  const stderr = await playInVlc(path);
  assert.match(stderr, /enabling pcr pid 256/);
  assert.doesNotMatch(stderr, /too late|late picture|lost|discontinuity/);
});

/** Plays a file without screen and sound; VLC refuses to be root. Returns what it logs. */
async function playInVlc(path: string): Promise<string> {
  const command = [
    ...["cvlc", "--play-and-exit", "--intf", "dummy", "--vout", "dummy", "--aout", "dummy", "-vv"],
    ...[path, "vlc://quit"],
  ];
  const asNobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", ...command];
  const [program, ...args] = Deno.uid() === 0 ? asNobody : command;
  return (await runProcess(program!, { args })).stderr;
}

e2e("mediabunny reads the same units and packets", TOOLS, async () => {
  await using folder = await MediaFolder.make();
  for (const name of ["h264_aac.ts", "hevc_aac.ts", "h264_mp3.ts", "h264_ac3.ts"]) {
    const path = await folder.encode(name, FILES[name]!);
    const { units } = readUnits(await Deno.readFile(path), 65_536);
    const input = new Input({ source: new FilePathSource(path), formats: [MPEG_TS] });
    for (const track of await input.getTracks()) {
      const listed: string[] = [];
      for await (const { data, timestamp } of new EncodedPacketSink(track).packets()) {
        listed.push(`${Math.round(timestamp * 90_000)} ${md5(data)}`);
      }
      const own = units.filter(({ stream }) => stream.pid === track.id);
      assert.deepEqual(own.map(({ ptsTicks, payload }) => `${ptsTicks} ${md5(payload)}`), listed, name);
    }
    input.dispose();
  }
});

interface Probed {
  readonly format: { readonly start_time: string; readonly duration: string };
  readonly streams: readonly {
    readonly index: number;
    readonly id: string;
    readonly codec_name: string;
    readonly codec_type: string;
    readonly width?: number;
    readonly height?: number;
    readonly sample_rate?: string;
    readonly channels?: number;
    readonly tags?: { readonly language?: string };
  }[];
  readonly packets: readonly ProbedPacket[];
}

interface ProbedPacket {
  readonly stream_index: number;
  readonly pts: number;
  readonly dts: number;
  readonly size: string;
  readonly flags: string;
  readonly data_hash: string;
}

/** What ffprobe says, which must have nothing to warn of. */
async function probe(path: string): Promise<Probed> {
  const { code, stdout, stderr } = await runProcess("ffprobe", {
    args: [
      ...["-v", "warning", "-show_format", "-show_streams", "-show_packets", "-show_data_hash", "md5"],
      ...["-of", "json", path],
    ],
  });
  assert.deepEqual([code, stderr], [0, ""]);
  return JSON.parse(stdout);
}

function readUnits(bytes: Uint8Array, blockBytes: number) {
  const reader = new TsReader();
  const units: TsAccessUnit[] = [];
  for (let at = 0; at < bytes.length; at += blockBytes) {
    units.push(...reader.push(bytes.subarray(at, at + blockBytes)));
  }
  units.push(...reader.flush());
  return { reader, units };
}

/** Every unit agrees with ffprobe in order, times, size, key flag and hash. */
function assertUnits(
  units: readonly TsAccessUnit[],
  listed: readonly ProbedPacket[],
  codecName: string,
): void {
  assert.equal(units.length, listed.length);
  const payloads = units.map(({ payload }) => payload);
  const cut = codecName === "hevc" ? withLateZeros(payloads) : payloads;
  for (const [index, row] of listed.entries()) {
    const { ptsTicks, dtsTicks, isKeyFrame } = units[index]!;
    const payload = cut[index]!;
    assert.equal(
      `${payload.length} ${md5(payload)}`,
      `${row.size} ${row.data_hash.slice(4)}`,
      `packet ${index}`,
    );
    assert.ok(Math.abs(ptsTicks - row.pts) <= 1, `packet ${index}: pts ${ptsTicks}, ffprobe ${row.pts}`);
    assert.ok(Math.abs(dtsTicks - row.dts) <= 1, `packet ${index}: dts ${dtsTicks}, ffprobe ${row.dts}`);
    assert.equal(isKeyFrame, row.flags.startsWith("K"), `packet ${index}`);
  }
}

/** ffprobe counts the first zero of a start code of four bytes to the H.265 access unit before. */
function withLateZeros(payloads: readonly Uint8Array[]): Uint8Array[] {
  const hasZero = payloads.map((bytes) => bytes[2] === 0);
  return payloads.map((bytes, index) =>
    concatBytes([
      index > 0 && hasZero[index] ? bytes.subarray(1) : bytes,
      new Uint8Array(hasZero[index + 1] ? 1 : 0),
    ])
  );
}

async function readFile(bytes: Uint8Array): Promise<{ demuxer: TsDemuxer; packets: MediaPacket[] }> {
  const demuxer = await TsDemuxer.open(new MemorySource(bytes));
  return { demuxer, packets: await readOn(demuxer) };
}

async function readOn(demuxer: TsDemuxer): Promise<MediaPacket[]> {
  const packets: MediaPacket[] = [];
  for (;;) {
    const batch = await demuxer.read();
    if (batch.length === 0) return packets;
    packets.push(...batch);
  }
}

function mux(demuxer: TsDemuxer, packets: readonly MediaPacket[], options: TsMuxerOptions): Uint8Array {
  const muxer = new TsMuxer(demuxer.summary.tracks, options);
  return concatBytes([muxer.begin(), ...packets.map((packet) => muxer.write(packet)), muxer.end().append]);
}

/** Media packets of each track agree; gathered audio by its times within a tick. */
function assertSamePackets(
  actual: readonly MediaPacket[],
  expected: readonly MediaPacket[],
  options: { toleranceTicks?: number } = {},
): void {
  const { toleranceTicks = 0 } = options;
  for (const track of new Set(expected.map(({ trackIndex }) => trackIndex))) {
    const isOf = ({ trackIndex, role }: MediaPacket) => trackIndex === track && role === "media";
    const [own, wanted] = [actual.filter(isOf), expected.filter(isOf)];
    const lineOf = ({ isKeyFrame, payload }: MediaPacket) =>
      `${isKeyFrame} ${payload.length} ${md5(payload)}`;
    assert.deepEqual(own.map(lineOf), wanted.map(lineOf));
    for (const [index, { dtsTicks, ptsTicks }] of own.entries()) {
      assert.ok(Math.abs(dtsTicks - wanted[index]!.dtsTicks) <= toleranceTicks);
      assert.ok(Math.abs(ptsTicks - wanted[index]!.ptsTicks) <= toleranceTicks);
    }
  }
}

function assertSummary(demuxer: TsDemuxer, { format, streams }: Probed): void {
  const { formatName, startUs, durationUs, tracks } = demuxer.summary;
  assert.equal(formatName, "mpegts");
  assert.ok(Math.abs(startUs - Number(format.start_time) * 1e6) <= 1, `${startUs} ${format.start_time}`);
  // ffprobe takes the beginning of the last PES packet for its end
  assert.ok(
    Math.abs(durationUs! - Number(format.duration) * 1e6) < 320_000,
    `${durationUs} ${format.duration}`,
  );
  const facts = tracks.map((track) => ({
    ...{ id: track.containerTrackId, kind: track.kind, name: track.codecName },
    ...{ width: track.width, height: track.height, rate: track.sampleRate, channels: track.channels },
    language: track.language,
  }));
  assert.deepEqual(
    facts,
    streams.map((stream) => ({
      ...{ id: Number(stream.id), kind: stream.codec_type, name: stream.codec_name },
      ...{ width: stream.width, height: stream.height },
      rate: stream.sample_rate === undefined ? undefined : Number(stream.sample_rate),
      ...{ channels: stream.channels, language: stream.tags?.language },
    })),
  );
}

/** Seeks to the key frame at or before, with and without an index. */
async function assertSeeks(demuxer: TsDemuxer, packets: readonly MediaPacket[]): Promise<void> {
  const kind = packets.some(({ kind }) => kind === "video") ? "video" : "audio";
  const keys = packets.filter((packet) =>
    packet.kind === kind && packet.trackId === 0 && packet.isKeyFrame && packet.role === "media"
  );
  const { startUs, durationUs } = demuxer.summary;
  for (const pass of ["by time", "by index"]) {
    for (const part of [-1, 0, 0.21, 0.34, 0.68, 0.99, 2]) {
      const timeUs = Math.round(startUs + part * durationUs!);
      const wanted = keys.findLast(({ ptsUs }) => ptsUs <= timeUs) ?? keys[0]!;
      assert.deepEqual(await demuxer.seek(timeUs), { timeUs: wanted.ptsUs }, `${pass}: ${part}`);
      const next = (await readOn(demuxer)).find((packet) =>
        packet.kind === kind && packet.trackId === 0 && packet.role === "media"
      )!;
      assert.deepEqual([next.ptsTicks, md5(next.payload)], [wanted.ptsTicks, md5(wanted.payload)]);
    }
    demuxer.useIndex(await demuxer.scan());
  }
}
