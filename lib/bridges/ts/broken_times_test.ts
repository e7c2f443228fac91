import assert from "node:assert/strict";
import { concatBytes } from "#bytes";
import type { MuxTrack, Packet } from "#media";
import { TsMuxer } from "#mediaformats/mpegts";
import { TsToStream } from "./mod.ts";

const PACKET_BYTES = 188;
const FRAME_MS = 40;
const CONFIG = Uint8Array.fromHex(
  "0164000affe100186764000aacd9447b011000000300100000030320f122596001000468ef8fcbfdf8f800",
);
const TRACKS: readonly MuxTrack[] = [
  { kind: "video", trackId: 0, codec: "avc1", codecConfig: CONFIG },
  { kind: "audio", trackId: 0, codec: "mp4a", codecConfig: Uint8Array.of(0x12, 0x10) },
];
const SLICE = Uint8Array.fromHex("00000008658884211f5a5a5a");

/** A picture and a frame of sound every 40 ms, as a transport stream. */
function film(startMs: number, lengthMs: number): Uint8Array {
  const muxer = new TsMuxer(TRACKS, { timeOffsetTicks: 126_000 });
  const pieces = [muxer.begin()];
  for (let ms = startMs; ms < startMs + lengthMs; ms += FRAME_MS) {
    const made = { trackId: 0, role: "media", isKeyFrame: true, dtsUs: ms * 1000, ptsUs: ms * 1000 } as const;
    pieces.push(muxer.write({ ...made, kind: "video", codec: "avc1", payload: SLICE }));
    const payload = new Uint8Array(180).fill(0x21);
    pieces.push(muxer.write({ ...made, kind: "audio", codec: "mp4a", payload }));
  }
  return concatBytes(pieces);
}

/** Decoding times of both kinds, in ms. */
function timesOf(bytes: Uint8Array): { video: number[]; audio: number[] } {
  const feed = new TsToStream();
  const packets: Packet[] = [];
  for (let at = 0; at < bytes.length; at += PACKET_BYTES) {
    packets.push(...feed.push(bytes.slice(at, at + PACKET_BYTES)));
  }
  packets.push(...feed.flush());
  const ofKind = (kind: string) =>
    packets.filter((packet) => packet.kind === kind && packet.role === "media").map(({ dtsUs }) =>
      dtsUs / 1000
    );
  return { video: ofKind("video"), audio: ofKind("audio") };
}

/** Changes each packet; `pesAt` is where its PES header begins, -1 for none. */
function changed(bytes: Uint8Array, change: (packet: Uint8Array, pesAt: number) => void): Uint8Array {
  const copy = bytes.slice();
  for (let at = 0; at < copy.length; at += PACKET_BYTES) {
    const packet = copy.subarray(at, at + PACKET_BYTES);
    const payloadAt = (packet[3]! & 0x20) === 0 ? 4 : 5 + packet[4]!;
    const isPes = (packet[1]! & 0x40) !== 0 && packet[payloadAt + 2] === 1;
    change(packet, isPes ? payloadAt : -1);
  }
  return copy;
}

Deno.test("TsToStream takes its times from PES packets, whatever the clock says", () => {
  const bytes = film(0, 2_000);
  let clocks = 0;
  const wrong = changed(bytes, (packet) => {
    const hasClock = (packet[3]! & 0x20) !== 0 && packet[4]! > 0 && (packet[5]! & 0x10) !== 0;
    if (hasClock) packet.fill(0x11 * (clocks++ % 15), 6, 12);
  });
  assert.ok(clocks > 10, `${clocks} clocks`);
  assert.deepEqual(timesOf(wrong), timesOf(bytes));
});

Deno.test("TsToStream gives what has no time of its own the time after what came before", () => {
  const bytes = film(0, 2_000);
  for (const [what, every] of [["every second", 2], ["all but each tenth", 10]] as const) {
    const counts = new Map<number, number>();
    const without = changed(bytes, (packet, pesAt) => {
      if (pesAt < 0) return;
      const pid = packet[2]!;
      const count = counts.get(pid) ?? 0;
      counts.set(pid, count + 1);
      const isKept = every === 2 ? count % 2 === 0 : count % every === 0;
      // PTS_DTS_flags 0: the bytes of the times are passed over
      if (!isKept) packet[pesAt + 7]! &= 0x3f;
    });
    const { video, audio } = timesOf(without);
    const whole = timesOf(bytes);
    assert.deepEqual([video.length, audio.length], [whole.video.length, whole.audio.length], what);
    for (const [kind, line] of Object.entries({ video, audio })) {
      for (let at = 1; at < line.length; at++) {
        assert.ok(
          line[at]! >= line[at - 1]!,
          `${what}: ${kind} goes back to ${line[at]} from ${line[at - 1]}`,
        );
        const expected = kind === "video" ? whole.video[at]! : whole.audio[at]!;
        assert.ok(Math.abs(line[at]! - expected) <= 300, `${what}: ${kind} at ${line[at]}, not ${expected}`);
      }
    }
  }
});

Deno.test("TsToStream goes on rising over jumps of all times, ahead and back, tracks in step", () => {
  const jumps = [[10_000, 3_600_000], [3_600_000, 10_000], [60_000, 57_000], [60_000, 73_000]] as const;
  for (const [first, second] of jumps) {
    const { video, audio } = timesOf(concatBytes([film(first, 1_000), film(second, 1_000)]));
    for (const line of [video, audio]) {
      assert.ok(line.length >= 48, `${first}, ${second}: ${line.length} packets`);
      for (let at = 1; at < line.length; at++) {
        const step = line[at]! - line[at - 1]!;
        assert.ok(step >= 0 && step <= 200, `${first}, ${second}: step of ${step} ms`);
      }
    }
    const apart = Math.abs(video.at(-1)! - audio.at(-1)!);
    assert.ok(apart <= 80, `${first}, ${second}: ${apart} ms apart at the end`);
  }
});
