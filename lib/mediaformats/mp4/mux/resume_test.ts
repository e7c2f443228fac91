import assert from "node:assert/strict";
import { concatBytes, MemorySource } from "#bytes";
import { FormatError } from "#errors";
import type { MuxTrack, Packet } from "#media";
import { Mp4Demuxer, Mp4FragmentMuxer, Mp4Muxer, readMp4ResumePoint } from "../mod.ts";
import { readAll } from "../rig_test.ts";
import { boxesAt, listBoxes, muxAll, readFragments, wordsOf } from "./rig_test.ts";

const AVC = Uint8Array.fromHex(
  "014d401effe10018674d401eeca05017fcb808800000030080000019078b16cb01000568ebe3cb20",
);
const VIDEO: MuxTrack = { kind: "video", trackId: 0, codec: "avc1", codecConfig: AVC };
const AUDIO: MuxTrack = {
  kind: "audio",
  trackId: 0,
  codec: "mp4a",
  codecConfig: new Uint8Array([0x11, 0x90]),
};
const TRACKS = [VIDEO, AUDIO];

/** 25 pictures a second, shown 80 ms after they are decoded, the first of each second a key; AAC. */
function film(seconds: number, startMs = 0): Packet[] {
  const packets: Packet[] = [];
  const add = (track: MuxTrack, ms: number, isKeyFrame: boolean): void => {
    const { kind, codec } = track;
    const payload = Uint8Array.of(packets.length & 255, packets.length >> 8, 7);
    const [dtsUs, ptsUs] = [ms * 1000, (ms + (kind === "video" ? 80 : 0)) * 1000];
    packets.push({ kind, codec, trackId: 0, role: "media", dtsUs, ptsUs, isKeyFrame, payload });
  };
  for (let ms = startMs; ms < startMs + seconds * 1000; ms += 40) {
    add(VIDEO, ms, (ms - startMs) % 1000 === 0);
    add(AUDIO, ms, true);
    add(AUDIO, ms + 21, true);
  }
  return packets;
}

/** Goes on with a file, as a recorder does. */
async function goOn(bytes: Uint8Array, packets: readonly Packet[]): Promise<Uint8Array> {
  const resume = await readMp4ResumePoint(new MemorySource(bytes), TRACKS);
  const muxer = new Mp4FragmentMuxer(TRACKS, { resume, timeOffsetUs: resume.nextMs * 1000 });
  const pieces = [bytes.slice(0, resume.fileBytes), ...packets.map((packet) => muxer.write(packet))];
  const { append, patches } = muxer.end();
  const file = concatBytes([...pieces, append]);
  for (const { offset, bytes } of patches) file.set(bytes, offset);
  return file;
}

function payloadsOf(file: Uint8Array): string[] {
  return readFragments(file).flat().map(({ trackId, payload }) => `${trackId}:${payload}`);
}

Deno.test("A fragmented file is gone on with: packets, times, index and durations are those of one file", async () => {
  for (const startMs of [0, -120]) {
    const first = muxAll(new Mp4FragmentMuxer(TRACKS), film(3, startMs)).file;
    const file = await goOn(await goOn(first, film(2)), film(1));
    const samples = readFragments(file).flat().filter(({ trackId }) => trackId === 1);
    assert.deepEqual(
      samples.map(({ payload }) => String(payload)),
      [...film(3), ...film(2), ...film(1)].filter(({ kind }) => kind === "video").map(({ payload }) =>
        String([...payload])
      ),
    );
    const steps = samples.slice(1).map(({ dts }, at) => dts - samples[at]!.dts);
    assert.ok(steps.every((ticks) => ticks >= 3600 && ticks < 3600 * 4), `${Math.max(...steps)} ticks`);
    const boxes = listBoxes(file);
    assert.deepEqual(boxes.map(({ type }) => type).filter((type) => type === "mfra"), ["mfra"]);
    const numbers = boxesAt(boxes, "moof/mfhd").map((box) => wordsOf(box)[1]);
    assert.deepEqual(numbers, numbers.map((_, at) => at + 1), "sequence numbers go on");
    const demuxer = await Mp4Demuxer.open(new MemorySource(file));
    assert.equal(demuxer.canSeek, true);
    assert.ok(Math.abs(demuxer.summary.durationUs! - 6_200_000) < 150_000, `${demuxer.summary.durationUs}`);
    const keys = (await readAll(demuxer)).filter(({ kind, isKeyFrame }) => kind === "video" && isKeyFrame);
    assert.equal(keys.length, 6);
    for (const { ptsUs } of keys) assert.equal((await demuxer.seek(ptsUs)).timeUs, ptsUs);
    demuxer.close();
  }
});

Deno.test("A fragmented file that is cut anywhere is gone on with after its last whole fragment", async () => {
  const { file: whole } = muxAll(new Mp4FragmentMuxer(TRACKS), film(3));
  const all = payloadsOf(whole);
  const header = boxesAt(listBoxes(whole), "moof")[0]!.offset;
  for (let cut = 0; cut <= whole.length; cut += 13) {
    const bytes = whole.slice(0, cut);
    if (cut < header) {
      await assert.rejects(goOn(bytes, film(1)), FormatError);
      continue;
    }
    const got = payloadsOf(await goOn(bytes, film(1)));
    const kept = got.length - film(1).length;
    assert.deepEqual(got.slice(0, kept), all.slice(0, kept), `cut at ${cut}`);
  }
});

Deno.test("Files of other tracks and other writers are not gone on with", async () => {
  const { file } = muxAll(new Mp4FragmentMuxer(TRACKS), film(1));
  const other = { ...AUDIO, codecConfig: new Uint8Array([0x12, 0x10]) };
  const mp3: MuxTrack = { kind: "audio", trackId: 0, codec: ".mp3" };
  for (const tracks of [[VIDEO], [VIDEO, other], [AUDIO, VIDEO], [...TRACKS, { ...AUDIO, trackId: 1 }]]) {
    await assert.rejects(readMp4ResumePoint(new MemorySource(file), tracks), /header is not the one/);
  }
  await assert.rejects(
    readMp4ResumePoint(new MemorySource(file), [VIDEO, mp3]),
    /only a first packet would tell/,
  );
  const { file: tabled } = muxAll(new Mp4Muxer(TRACKS), film(1));
  await assert.rejects(readMp4ResumePoint(new MemorySource(tabled), TRACKS), /header is not the one/);
  await assert.rejects(readMp4ResumePoint(new MemorySource(new Uint8Array(100)), TRACKS), FormatError);
});
