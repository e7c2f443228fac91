import type { MediaPacket, MuxTrack, Packet } from "#media";
import assert from "node:assert/strict";
import { sampleEntryOf } from "../entries/sample_entry.ts";
import { TrackClock } from "./track_clock.ts";

const AAC_44100 = new Uint8Array([0x12, 0x10]);

function clockOf(track: Partial<MuxTrack>): TrackClock {
  return new TrackClock(
    sampleEntryOf({ kind: "audio", trackId: 0, codec: "mp4a", codecConfig: AAC_44100, ...track }),
  );
}

function at(dtsUs: number, ptsUs = dtsUs): Packet {
  const payload = new Uint8Array([0xfc, 0xff, 0xfe]);
  return { kind: "audio", trackId: 0, codec: "mp4a", role: "media", dtsUs, ptsUs, isKeyFrame: true, payload };
}

function ticks(clock: TrackClock, packets: readonly Packet[]): number[] {
  return packets.map((packet) => clock.sampleOf(packet).dtsTicks);
}

Deno.test("TrackClock counts audio in samples, video in 90,000, and any track in its own ticks", () => {
  const vp9: Partial<MuxTrack> = { kind: "video", codec: "vp09", codecConfig: new Uint8Array(8) };
  assert.equal(clockOf({}).timescale, 44_100);
  assert.equal(clockOf({ codec: "Opus", codecConfig: new Uint8Array(0) }).timescale, 48_000);
  assert.equal(clockOf(vp9).timescale, 90_000);
  assert.equal(clockOf({ ...vp9, timescale: 30_000 }).timescale, 30_000);
  assert.equal(clockOf({ ...vp9, timescale: 1_000_000_000 }).timescale, 1_000_000);
});

Deno.test("TrackClock makes whole frames of the milliseconds of RTMP, rounded down or to the nearest", () => {
  for (const round of [Math.round, Math.floor]) {
    const packets = Array.from({ length: 5_000 }, (_, index) => at(1000 * round(index * 1024 / 44.1)));
    assert.deepEqual(ticks(clockOf({}), packets), packets.map((_, index) => index * 1024));
  }
});

Deno.test("TrackClock follows audio that drifts or has a gap", () => {
  const drifting = Array.from(
    { length: 2_000 },
    (_, index) => at(Math.round(index * 1024 / 44_100 * 1e6 * 1.001)),
  );
  const errors = ticks(clockOf({}), drifting).map((tick, index) =>
    Math.abs(tick / 44_100 * 1e6 - drifting[index]!.dtsUs)
  );
  assert.ok(Math.max(...errors) < 1_000, `${Math.max(...errors)} us`);
  assert.deepEqual(ticks(clockOf({}), [at(0), at(23_000), at(1_000_000)]), [0, 1024, 44_100]);
});

Deno.test("TrackClock keeps exact ticks, and rounds what has none, each by itself", () => {
  const exact: MediaPacket = {
    ...at(40_040),
    ...{ trackIndex: 0, dtsTicks: 1201, ptsTicks: 1203, durationTicks: 7, isDiscarded: false },
  };
  const { dtsTicks, ptsTicks, durationTicks } = clockOf({ timescale: 30_000 }).sampleOf(exact);
  assert.deepEqual([dtsTicks, ptsTicks, durationTicks], [1201, 1203, 7]);
  const video = clockOf({ kind: "video", codec: "vp09", codecConfig: new Uint8Array(8) });
  const samples = Array.from({ length: 9_000 }, (_, index) => at(Math.round(index * 1e6 / 90)));
  assert.ok(samples.every((packet, index) => video.sampleOf(packet).dtsTicks === index * 1000));
  assert.equal(video.sampleOf(at(200e6, 200_040_000)).ptsTicks, 200.04 * 90_000);
});

Deno.test("TrackClock holds decoding times that go back a little, and refuses what cannot be written", () => {
  const video = () => clockOf({ kind: "video", codec: "vp09", codecConfig: new Uint8Array(8) });
  const clock = video();
  assert.deepEqual(ticks(clock, [at(1_000_000), at(960_000), at(1_040_000)]), [90_000, 90_000, 93_600]);
  assert.equal(video().sampleOf(at(1_000_000, 960_000)).ptsTicks, 86_400, "shown before it is decoded");
  assert.throws(() => ticks(video(), [at(20_000_000), at(0)]), {
    name: "FormatError",
    message: "Cannot write video track 0: decoding time goes back by 1800000 ticks of 1/90000 s",
  });
  assert.throws(() => video().sampleOf(at(0, 30_000_000_000)), {
    name: "FormatError",
    message: "Cannot write video track 0: shown 2700000000 ticks after it is decoded, at most 2147483647",
  });
});
