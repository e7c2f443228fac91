import { concatBytes, MemorySource } from "#bytes";
import { FormatError } from "#errors";
import type { MediaPacket, Muxer, MuxTrack, Packet } from "#media";
import assert from "node:assert/strict";
import { muxAll } from "../mux/rig_test.ts";
import { Mp4Muxer } from "../mux/file_muxer.ts";
import { Mp4FragmentMuxer } from "../mux/fragment_muxer.ts";
import { Mp4Demuxer } from "../mp4_demuxer.ts";
import { BoxWriter } from "../write/box_writer.ts";

const AVC = Uint8Array.fromHex(
  "014d401effe10018674d401eeca05017fcb808800000030080000019078b16cb01000568ebe3cb20",
);
const VIDEO: MuxTrack = { kind: "video", trackId: 0, codec: "avc1", codecConfig: AVC, rotationDegrees: 90 };
const AUDIO: MuxTrack = {
  kind: "audio",
  trackId: 0,
  codec: "mp4a",
  codecConfig: new Uint8Array([0x12, 0x10]),
  language: "deu",
};
const TRACKS = [VIDEO, AUDIO];
const FRAME_US = 1024 / 44_100 * 1e6;

/** 25 pictures a second, decode order I P B B, a key frame a second; AAC. All payloads differ. */
function film(seconds: number): Packet[] {
  const packets: Packet[] = [];
  const common = { trackId: 0, role: "media" } as const;
  const laterBy = [80_000, 160_000, 40_000, 0];
  for (let index = 0; index < seconds * 25; index++) {
    const dtsUs = index * 40_000;
    packets.push({
      ...{ ...common, kind: "video", codec: "avc1", dtsUs, ptsUs: dtsUs + laterBy[index % 25 % 4]! },
      ...{
        isKeyFrame: index % 25 === 0,
        payload: new Uint8Array([1, index >> 8, index & 255, ...Array(index % 7)]),
      },
    });
  }
  for (let index = 0; index * FRAME_US < seconds * 1e6; index++) {
    const dtsUs = Math.round(index * FRAME_US);
    const payload = new Uint8Array([2, index >> 8, index & 255, ...Array(index % 5)]);
    packets.push({ ...common, kind: "audio", codec: "mp4a", dtsUs, ptsUs: dtsUs, isKeyFrame: true, payload });
  }
  return packets.sort((a, b) => a.dtsUs - b.dtsUs);
}

const MUXERS: Readonly<Record<string, () => Muxer>> = {
  tables: () => new Mp4Muxer(TRACKS, { tags: { title: "A" } }),
  "tables in small chunks": () => new Mp4Muxer(TRACKS, { interleaveBytes: 40 }),
  fragments: () => new Mp4FragmentMuxer(TRACKS, { tags: { title: "A" } }),
};

async function readAll(demuxer: Mp4Demuxer): Promise<MediaPacket[]> {
  const packets: MediaPacket[] = [];
  for (let batch = await demuxer.read(); batch.length > 0; batch = await demuxer.read()) {
    packets.push(...batch);
  }
  return packets;
}

async function startOf(file: Uint8Array, timeUs: number): Promise<{ bytes: Uint8Array; timeUs: number }> {
  const demuxer = await Mp4Demuxer.open(new MemorySource(file));
  const start = await demuxer.startAt(timeUs);
  const bytes = concatBytes([
    start.head,
    ...start.pieces.map((piece) =>
      "bytes" in piece ? piece.bytes : file.subarray(piece.offset, piece.offset + piece.length)
    ),
  ]);
  return { bytes, timeUs: start.timeUs };
}

function linesOf(packets: readonly MediaPacket[], kind: string, originUs = 0): string[] {
  return packets.filter((packet) => packet.kind === kind).map((packet) => {
    const origin = Math.round(originUs * (kind === "video" ? 90_000 : 44_100) / 1e6);
    const { dtsTicks, ptsTicks, isKeyFrame, payload } = packet;
    return `${dtsTicks - origin} ${ptsTicks - origin} ${isKeyFrame} ${payload.toHex()}`;
  });
}

for (const [name, makeMuxer] of Object.entries(MUXERS)) {
  Deno.test(`Mp4Demuxer reads what is written with ${name}`, async () => {
    const packets = film(4);
    const demuxer = await Mp4Demuxer.open(new MemorySource(muxAll(makeMuxer(), packets).file));
    const read = await readAll(demuxer);
    for (const kind of ["video", "audio"]) {
      const wanted = packets.filter((packet) => packet.kind === kind);
      const got = read.filter((packet) => packet.kind === kind);
      assert.deepEqual(
        got.map(({ payload }) => payload.toHex()),
        wanted.map(({ payload }) => payload.toHex()),
      );
      const aside = got.map(({ dtsUs, ptsUs }, at) =>
        Math.max(Math.abs(dtsUs - wanted[at]!.dtsUs), Math.abs(ptsUs - wanted[at]!.ptsUs))
      );
      assert.ok(Math.max(...aside) <= (kind === "video" ? 0 : 12), `${Math.max(...aside)} us`);
    }
    const [video, audio] = demuxer.summary.tracks;
    assert.deepEqual([video?.rotationDegrees, audio?.language, video?.width], [90, "deu", 640]);
  });

  Deno.test(`startAt begins a file with ${name} at any key frame`, async () => {
    const { file } = muxAll(makeMuxer(), film(5));
    const whole = await readAll(await Mp4Demuxer.open(new MemorySource(file)));
    for (const timeUs of [0, 80_000, 1_079_999, 1_080_000, 3_500_000, 99e6]) {
      const start = await startOf(file, timeUs);
      assert.equal(
        start.timeUs,
        80_000 + 1e6 * Math.max(0, Math.min(4, Math.floor((timeUs - 80_000) / 1e6))),
      );
      const part = await Mp4Demuxer.open(new MemorySource(start.bytes));
      const packets = await readAll(part);
      for (const kind of ["video", "audio"]) {
        const lines = linesOf(packets, kind);
        assert.deepEqual(
          lines,
          linesOf(whole, kind, start.timeUs).slice(-lines.length),
          `${kind} at ${timeUs}`,
        );
      }
      const video = packets.find(({ kind }) => kind === "video")!;
      const audio = packets.find(({ kind }) => kind === "audio")!;
      assert.deepEqual([video.ptsTicks, video.isKeyFrame], [0, true]);
      assert.ok(audio.ptsUs <= 0 && audio.ptsUs > -1.3e5, `${audio.ptsUs} us`);
      assert.deepEqual(part.summary.tracks.map(({ codec }) => codec), ["avc1", "mp4a"]);
      assert.equal(part.summary.tracks[0]?.rotationDegrees, 90);
    }
  });
}

Deno.test("A fragmented file that is cut anywhere plays up to the cut", async () => {
  const { pieces } = muxAll(new Mp4FragmentMuxer(TRACKS), film(3));
  const file = concatBytes(pieces);
  const whole = linesOf(await readAll(await Mp4Demuxer.open(new MemorySource(file))), "video");
  const firstFragment = pieces.findIndex((piece) => piece.length > 0);
  const begun = pieces.slice(0, firstFragment + 1).reduce((sum, piece) => sum + piece.length, 0);
  let most = 0;
  for (let end = 1; end < file.length; end += 5) {
    try {
      const packets = await readAll(await Mp4Demuxer.open(new MemorySource(file.subarray(0, end))));
      const lines = linesOf(packets, "video");
      assert.deepEqual(lines, whole.slice(0, lines.length), `cut at ${end}`);
      assert.ok(lines.length >= most, `cut at ${end}: ${lines.length}, ${most} before`);
      most = lines.length;
    } catch (error) {
      assert.ok(error instanceof FormatError && end < begun, `cut at ${end}: ${error}`);
    }
  }
  assert.equal(most, whole.length);
});

Deno.test("startAt copies each byte once, and little that is not needed", async () => {
  const { file } = muxAll(new Mp4Muxer(TRACKS), film(10));
  const { bytes } = await startOf(file, 9_500_000);
  assert.ok(bytes.length < file.length / 4, `${bytes.length} of ${file.length}`);
});

Deno.test("startAt says what it cannot begin", async () => {
  const { file } = muxAll(new Mp4Muxer(TRACKS), []);
  const demuxer = await Mp4Demuxer.open(new MemorySource(file));
  await assert.rejects(demuxer.startAt(0), {
    name: "FormatError",
    message: "Cannot begin MP4 in the midst: it has no samples",
  });
  demuxer.close();
  await assert.rejects(demuxer.startAt(0), { name: "ClosedError" });
});

Deno.test("startAt moves fragments that name places from the start of the file", async () => {
  const { file } = muxAll(new Mp4FragmentMuxer([VIDEO]), film(3).filter(({ kind }) => kind === "video"));
  const absolute = withBaseOffsets(file);
  const whole = await readAll(await Mp4Demuxer.open(new MemorySource(absolute)));
  const start = await startOf(absolute, 2_500_000);
  const part = await readAll(await Mp4Demuxer.open(new MemorySource(start.bytes)));
  assert.deepEqual(linesOf(part, "video"), linesOf(whole, "video", start.timeUs).slice(-part.length));
  assert.equal(part.length, 25);
});

/** The file with `base_data_offset` in every `tfhd`, and without its index. */
function withBaseOffsets(file: Uint8Array): Uint8Array {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const parts: Uint8Array[] = [];
  let written = 0;
  for (let at = 0; at < file.length;) {
    const size = view.getUint32(at);
    const type = String.fromCharCode(...file.subarray(at + 4, at + 8));
    const box = file.slice(at, at + size);
    at += size;
    if (type === "mfra") continue;
    const part = type === "moof" ? rebase(box, written) : box;
    parts.push(part);
    written += part.length;
  }
  return concatBytes(parts);
}

/** Puts the place of a `moof` with one `traf` into its `tfhd`: the data offset of `trun` counts from there. */
function rebase(moof: Uint8Array, offset: number): Uint8Array {
  const view = new DataView(moof.buffer);
  // moof 8, mfhd 16, then traf with tfhd first
  const traf = 24, tfhd = traf + 8;
  const tfhdBytes = view.getUint32(tfhd);
  const flags = view.getUint32(tfhd + 8) & ~0x2_0000 | 1;
  const writer = new BoxWriter();
  writer.bytes(moof.subarray(0, tfhd)).u32(tfhdBytes + 8).fourCc("tfhd").u32(flags);
  writer.bytes(moof.subarray(tfhd + 12, tfhd + 16)).u64(offset).bytes(moof.subarray(tfhd + 16));
  writer.patchU32(0, moof.length + 8).patchU32(traf, view.getUint32(traf) + 8);
  const bytes = writer.take();
  // the data moved by what was put in
  const trun = bytes.length - (moof.length - moof.findLastIndex((_, at) => isTrun(moof, at)));
  const moved = new DataView(bytes.buffer);
  moved.setUint32(trun + 12, moved.getUint32(trun + 12) + 8);
  return bytes;
}

function isTrun(bytes: Uint8Array, at: number): boolean {
  return String.fromCharCode(...bytes.subarray(at, at + 4)) === "trun";
}
