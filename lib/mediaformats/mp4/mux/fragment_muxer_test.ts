import { ByteWriter, concatBytes } from "#bytes";
import type { MediaPacket, MuxTrack, Packet } from "#media";
import fc from "fast-check";
import assert from "node:assert/strict";
import { boxesAt, listBoxes, muxAll, readFragments } from "./rig_test.ts";
import { Mp4FragmentMuxer } from "./fragment_muxer.ts";

const AVC = Uint8Array.fromHex(
  "014d401effe10018674d401eeca05017fcb808800000030080000019078b16cb01000568ebe3cb20",
);
const VIDEO: MuxTrack = { kind: "video", trackId: 0, codec: "avc1", codecConfig: AVC };
const AUDIO: MuxTrack = {
  kind: "audio",
  trackId: 0,
  codec: "mp4a",
  codecConfig: new Uint8Array([0x11, 0x90]), // 48 kHz, stereo
};

function picture(ms: number, options: Partial<Packet> = {}): Packet {
  const payload = new Uint8Array([ms & 255, ms >> 8 & 255, 7]);
  const us = ms * 1000;
  return {
    ...{
      kind: "video",
      trackId: 0,
      codec: "avc1",
      role: "media",
      isKeyFrame: false,
      dtsUs: us,
      ptsUs: us,
      payload,
    },
    ...options,
  };
}

function sound(ms: number): Packet {
  return { ...picture(ms), kind: "audio", codec: "mp4a", isKeyFrame: true };
}

/** 25 pictures a second with a key frame each second, and AAC; in order of time. */
function film(seconds: number): Packet[] {
  const packets: Packet[] = [];
  for (let ms = 0; ms < seconds * 1000; ms += 40) packets.push(picture(ms, { isKeyFrame: ms % 1000 === 0 }));
  for (let frame = 0; frame * 1024 < seconds * 48_000; frame++) {
    packets.push(sound(Math.floor(frame * 1024 / 48)));
  }
  return packets.sort((a, b) => a.dtsUs - b.dtsUs);
}

Deno.test("Mp4FragmentMuxer writes a fragment for each group of pictures, and a header before the first", () => {
  const { pieces, file } = muxAll(new Mp4FragmentMuxer([VIDEO, AUDIO]), film(3));
  assert.equal(pieces[0]!.length, 0);
  const types = pieces.map((piece) => listBoxes(piece).map(({ type }) => type).join(" ")).filter((line) =>
    line !== ""
  );
  assert.deepEqual(types, ["ftyp moov moof mdat", "moof mdat", "moof mdat mfra"]);
  const fragments = readFragments(file);
  assert.deepEqual(fragments.map((samples) => samples.filter(({ trackId }) => trackId === 1).length), [
    25,
    25,
    25,
  ]);
  assert.ok(
    fragments.every(([first]) => first!.trackId === 1 && first!.isKeyFrame),
    "each begins with a key frame",
  );
});

Deno.test("Mp4FragmentMuxer gives each picture the time to the next one, and audio back its whole frames", () => {
  const { file } = muxAll(new Mp4FragmentMuxer([VIDEO, AUDIO]), film(3));
  const samples = readFragments(file).flat();
  const video = samples.filter(({ trackId }) => trackId === 1);
  assert.deepEqual(video.map(({ dts }) => dts), video.map((_, index) => index * 3600));
  const audio = samples.filter(({ trackId }) => trackId === 2);
  assert.deepEqual(audio.map(({ dts }) => dts), audio.map((_, index) => index * 1024));
  assert.ok(audio.every(({ duration }) => duration === 1024));
});

Deno.test("Mp4FragmentMuxer ends a fragment after a second without key frame, and before too many bytes", () => {
  const long = Array.from({ length: 100 }, (_, index) => picture(index * 40, { isKeyFrame: index === 0 }));
  const lengths = (file: Uint8Array) => readFragments(file).map((samples) => samples.length);
  assert.deepEqual(lengths(muxAll(new Mp4FragmentMuxer([VIDEO]), long).file), [25, 25, 25, 25]);
  assert.deepEqual(lengths(muxAll(new Mp4FragmentMuxer([VIDEO], { fragmentUs: 2e6 }), long).file), [50, 50]);
  const small = new Mp4FragmentMuxer([VIDEO], { maxFragmentBytes: 30 });
  assert.deepEqual(lengths(muxAll(small, long).file), Array(10).fill(10));
  const intra = long.map((packet) => ({ ...packet, isKeyFrame: true }));
  assert.deepEqual(lengths(muxAll(new Mp4FragmentMuxer([VIDEO]), intra).file), Array(20).fill(5));
});

Deno.test("Mp4FragmentMuxer starts fragments at key frames, whenever they come", () => {
  for (const groupMs of [400, 960, 1_000, 1_080, 1_960, 5_000]) {
    const packets = film(12).map((packet) =>
      packet.kind === "audio" ? packet : { ...packet, isKeyFrame: packet.dtsUs % (groupMs * 1000) === 0 }
    );
    const { file } = muxAll(new Mp4FragmentMuxer([VIDEO, AUDIO]), packets);
    const starts = readFragments(file).map((samples) => samples.find(({ trackId }) => trackId === 1)!);
    const keyFrames = readFragments(file).flat().filter(({ trackId, isKeyFrame }) =>
      trackId === 1 && isKeyFrame
    );
    assert.ok(keyFrames.length > 2);
    assert.deepEqual(starts.filter(({ isKeyFrame }) => isKeyFrame), keyFrames, `every ${groupMs} ms`);
    assert.ok(
      starts.length <= 2 + 12_000 / groupMs * Math.ceil(groupMs / 1000),
      `${starts.length} fragments`,
    );
  }
});

Deno.test("Mp4FragmentMuxer loses one second at most, wherever what was appended is cut", () => {
  const muxer = new Mp4FragmentMuxer([VIDEO, AUDIO]);
  const appended: Uint8Array[] = [muxer.begin()];
  for (const packet of film(5)) {
    appended.push(muxer.write(packet));
    const samples = readFragments(concatBytes(appended)).flat();
    const ends = [1, 2].map((id) =>
      Math.max(
        0,
        ...samples.filter(({ trackId }) => trackId === id).map(({ dts, duration }) => dts + duration),
      )
    );
    const writtenMs = Math.min(ends[0]! / 90, ends[1]! / 48);
    assert.ok(packet.dtsUs / 1000 - writtenMs <= 1_040, `${writtenMs} of ${packet.dtsUs / 1000} ms`);
  }
});

Deno.test("Mp4FragmentMuxer holds a picture whose duration is open, but not longer than a fragment", () => {
  const packets = [
    picture(0, { isKeyFrame: true }),
    ...Array.from({ length: 150 }, (_, index) => sound(index * 20)),
  ];
  const { file } = muxAll(new Mp4FragmentMuxer([VIDEO, AUDIO]), [...packets, picture(3_000)]);
  const places = readFragments(file).map((samples) => samples.filter(({ trackId }) => trackId === 1));
  assert.deepEqual(places.map((samples) => samples.length), [1, 0, 1]);
  assert.equal(places[0]![0]!.duration, 1_260 * 90, "up to the end of its fragment");
  assert.equal(places[2]![0]!.dts, 3_000 * 90);
});

Deno.test("Mp4FragmentMuxer gives at a flush all but pictures whose duration is open, and the same samples", () => {
  const packets = film(5);
  const muxer = new Mp4FragmentMuxer([VIDEO, AUDIO], { fragmentUs: 2e6, timeOffsetUs: 7e6 });
  const writer = new ByteWriter();
  muxer.flushInto(writer);
  assert.equal(writer.length, 0);
  let flushedUs = 0;
  for (const [index, packet] of packets.entries()) {
    muxer.writeInto(packet, writer);
    if (packet.dtsUs - flushedUs < 900_000) continue;
    flushedUs = packet.dtsUs;
    muxer.flushInto(writer);
    muxer.flushInto(writer);
    const written = readFragments(writer.view().slice()).flat().length;
    assert.ok(written >= index, `${written} of ${index + 1} packets`);
  }
  const { append } = muxer.end();
  const timesOf = (file: Uint8Array) =>
    [1, 2].map((id) =>
      readFragments(file).flat().filter(({ trackId }) => trackId === id).map(({ dts }) => dts)
    );
  const [video = [], audio = []] = timesOf(muxAll(new Mp4FragmentMuxer([VIDEO, AUDIO]), packets).file);
  assert.deepEqual(timesOf(writer.bytes(append).take()), [
    video.map((dts) => dts + 7 * 90_000),
    audio.map((dts) => dts + 7 * 48_000),
  ]);
});

Deno.test("Mp4FragmentMuxer keeps times below 0 by an edit list, one shift for all tracks", () => {
  const early = { ...sound(0), dtsUs: -21_333, ptsUs: -21_333 };
  const { file } = muxAll(new Mp4FragmentMuxer([VIDEO, AUDIO]), [
    picture(0, { isKeyFrame: true }),
    early,
    sound(0),
  ]);
  const edits = boxesAt(listBoxes(file), "moov/trak/edts/elst").map(({ content }) => content.getInt32(12));
  assert.deepEqual(edits, [1920, 1024], "21.333 ms of 90,000 and of 48,000 Hz");
  assert.deepEqual(readFragments(file).flat().map(({ dts }) => dts), [1920, 0, 1024]);
  assert.equal(
    boxesAt(listBoxes(muxAll(new Mp4FragmentMuxer([VIDEO]), film(1).slice(0, 1)).file), "moov/trak/edts")
      .length,
    0,
  );
});

Deno.test("Mp4FragmentMuxer patches every duration once it is known", () => {
  const { file, patches } = muxAll(new Mp4FragmentMuxer([VIDEO, AUDIO]), film(3));
  const moov = boxesAt(listBoxes(file), "moov");
  const u64 = (path: string, at: number) =>
    boxesAt(moov, path).map(({ content }) => Number(content.getBigUint64(at)));
  assert.equal(patches.length, 6);
  assert.deepEqual(u64("moov/mvhd", 24), [3_008]);
  assert.deepEqual(u64("moov/trak/tkhd", 28), [3_000, 3_008]);
  assert.deepEqual(u64("moov/trak/mdia/mdhd", 24), [270_000, 141 * 1024]);
  assert.deepEqual(u64("moov/mvex/mehd", 4), [3_008]);
});

Deno.test("Mp4FragmentMuxer ends with an index of the fragments that have a key frame", () => {
  const { file } = muxAll(new Mp4FragmentMuxer([VIDEO, AUDIO]), film(3));
  const boxes = listBoxes(file);
  const { content } = boxesAt(boxes, "mfra/tfra")[0]!;
  assert.deepEqual([content.getUint32(4), content.getUint32(12)], [1, 3]);
  const rows = [0, 1, 2].map((row) => [0, 8].map((at) => Number(content.getBigUint64(16 + 20 * row + at))));
  assert.deepEqual(rows, boxesAt(boxes, "moof").map(({ offset }, second) => [second * 90_000, offset]));
  const mfra = boxes.at(-1)!;
  assert.equal(boxesAt([mfra], "mfra/mfro")[0]!.content.getUint32(4), mfra.sizeBytes);
});

Deno.test("Mp4FragmentMuxer says what it cannot hold, and lets other roles by", () => {
  const muxer = () => new Mp4FragmentMuxer([VIDEO, AUDIO]);
  const config = { ...picture(0), role: "config" as const };
  assert.equal(muxer().write({ ...config, payload: AVC.slice() }).length, 0);
  assert.equal(muxer().write({ ...config, role: "metadata", kind: "data", codec: "script" }).length, 0);
  assert.throws(() => muxer().write({ ...config, payload: AVC.subarray(1) }), {
    name: "FormatError",
    message: "Cannot write video track 0: its codec configuration changed",
  });
  assert.throws(() => muxer().write({ ...picture(0), codec: "hvc1" }), {
    message: "Cannot write video track 0: its codec changed from avc1 to hvc1",
  });
  assert.throws(() => muxer().write({ ...picture(0), trackId: 1 }), {
    message: "Cannot write video packet: the file has no video track 1",
  });
  assert.throws(() => new Mp4FragmentMuxer([]), { message: "Cannot write MP4: there is no track" });
  assert.throws(() => new Mp4FragmentMuxer([{ kind: "audio", trackId: 0, codec: "speex" }]), {
    message: "Cannot write audio track 0: MP4 has no speex",
  });
  assert.throws(() => new Mp4FragmentMuxer([{ kind: "video", trackId: 0, codec: "avc1" }]), {
    message: "Cannot write video track 0: avc1 without its configuration",
  });
});

Deno.test("Mp4FragmentMuxer with nothing to write gives a header and an empty index", () => {
  const { file } = muxAll(new Mp4FragmentMuxer([VIDEO]), []);
  assert.deepEqual(listBoxes(file).map(({ type }) => type), ["ftyp", "moov", "mfra"]);
});

Deno.test("Mp4FragmentMuxer keeps the exact ticks of every packet, whatever the order", () => {
  const row = fc.record({
    isVideo: fc.boolean(),
    step: fc.integer({ min: 0, max: 40_000 }),
    offset: fc.integer({ min: -5_000, max: 90_000 }),
    isKeyFrame: fc.boolean(),
    size: fc.integer({ min: 0, max: 40 }),
  });
  const timescales = fc.constantFrom(1000, 12_800, 24_000, 44_100, 90_000, 1_000_000);
  fc.assert(
    fc.property(
      fc.array(row, { maxLength: 80 }),
      timescales,
      fc.integer({ min: -9_000, max: 9_000 }),
      (rows, timescale, start) => {
        const tracks: MuxTrack[] = [{ ...VIDEO, timescale }, { ...AUDIO, timescale }];
        const ticks = [start, start];
        const both = [true, false].map((isVideo) => ({
          isVideo,
          step: 0,
          offset: 0,
          isKeyFrame: true,
          size: 4,
        }));
        const packets = [...both, ...rows].map((each, index): MediaPacket => {
          const trackIndex = each.isVideo ? 0 : 1;
          const dtsTicks = ticks[trackIndex]! += each.step;
          const ptsTicks = dtsTicks + each.offset;
          return {
            ...(each.isVideo ? picture(0) : sound(0)),
            ...{ trackIndex, dtsTicks, ptsTicks, durationTicks: 0, isDiscarded: false },
            ...{
              dtsUs: Math.round(dtsTicks * 1e6 / timescale),
              ptsUs: Math.round(ptsTicks * 1e6 / timescale),
            },
            isKeyFrame: !each.isVideo || each.isKeyFrame,
            payload: new Uint8Array(each.size).fill(index),
          };
        });
        const { file } = muxAll(new Mp4FragmentMuxer(tracks), packets);
        const shifts = boxesAt(listBoxes(file), "moov/trak").map((trak) =>
          boxesAt(trak.children, "edts/elst")[0]?.content.getInt32(12) ?? 0
        );
        const samples = readFragments(file).flat();
        for (const trackIndex of [0, 1]) {
          assert.deepEqual(
            samples.filter(({ trackId }) => trackId === trackIndex + 1)
              .map(({ dts, pts, isKeyFrame, payload }) => [dts, pts, isKeyFrame, payload]),
            packets.filter((packet) => packet.trackIndex === trackIndex).map((packet) => [
              packet.dtsTicks + shifts[trackIndex]!,
              packet.ptsTicks + shifts[trackIndex]!,
              packet.isKeyFrame,
              [...packet.payload],
            ]),
          );
        }
      },
    ),
    { numRuns: 200 },
  );
});
