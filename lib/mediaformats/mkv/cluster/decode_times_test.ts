import assert from "node:assert/strict";
import fc from "fast-check";
import { DecodeTimes, reorderDepthOf } from "./decode_times.ts";

function timesOf(
  pts: readonly number[],
  depth: number,
  options = { frameTicks: 40, isTold: true },
): number[] {
  const { frameTicks, isTold } = options;
  const decodeTimes = new DecodeTimes({ frames: depth, isTold }, { frameTicks });
  const times: number[] = [];
  for (const time of pts) {
    if (!decodeTimes.isGathering) times.push(decodeTimes.next(time));
    else if (decodeTimes.gather(time)) times.push(...decodeTimes.settle());
  }
  return decodeTimes.isGathering ? [...times, ...decodeTimes.settle()] : times;
}

/** Presentation times in decoding order, depth, decoding times. */
const CASES: readonly (readonly [string, number[], number, number[]])[] = [
  ["one frame ahead", [0, 80, 40, 160, 120], 1, [-40, 0, 40, 80, 120]],
  ["a pyramid of B-frames", [0, 160, 80, 40, 120, 320, 240], 2, [-80, -40, 0, 40, 80, 120, 160]],
  ["leading pictures before the key frame", [120, 40, 80, 240, 160, 200], 1, [0, 40, 80, 120, 160, 200]],
  ["fewer frames than the depth", [0, 80], 4, [-40, 0]],
  ["a deeper order than told", [0, 120, 80, 40, 160], 1, [-40, 0, 80, 40, 41]],
  ["times that begin anew", [0, 80, 40, 60_000, 0, 80, 40], 1, [-40, 0, 40, 80, 0, 1, 40]],
];

for (const [name, pts, depth, dts] of CASES) {
  Deno.test(`DecodeTimes times ${name}`, () => assert.deepEqual(timesOf(pts, depth), dts));
}

Deno.test("DecodeTimes takes from the first frames what the codec does not tell", () => {
  const pts = [0, 120, 40, 80, 240, 160, 200, 360, 280, 320, 480, 400, 440, 600, 520, 560, 720, 640, 680];
  const times = timesOf(pts, 16, { frameTicks: 0, isTold: false });
  assert.deepEqual(times.slice(0, 5), [-80, -40, 0, 40, 80]);
});

Deno.test("DecodeTimes rise and are not after presentation, for any order within the depth", () => {
  const swaps = fc.array(fc.nat(4), { minLength: 1, maxLength: 60 });
  fc.assert(fc.property(swaps, (choices) => {
    // takes one of the next five frames each time, so at most four come too early before another
    const waiting: number[] = [];
    let next = 0;
    const pts = choices.map((choice) => {
      while (waiting.length < 5) waiting.push(next++ * 40);
      // the oldest may not wait for ever
      const at = next * 40 - waiting[0]! > 200 ? 0 : choice % waiting.length;
      return waiting.splice(at, 1)[0]!;
    });
    const times = timesOf(pts, 4);
    for (const [index, time] of times.entries()) {
      assert.ok(time <= pts[index]!);
      assert.ok(index === 0 || time > times[index - 1]!);
    }
  }));
});

Deno.test("DecodeTimes are never after presentation, whatever the times", () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: -9e15, max: 9e15 })), fc.nat(16), (pts, depth) => {
    const times = timesOf(pts, depth);
    assert.equal(times.length, pts.length);
    for (const [index, time] of times.entries()) assert.ok(time <= pts[index]!);
  }));
});

Deno.test("reorderDepthOf goes by the parameter sets, else by the codec", () => {
  const avcc = Uint8Array.fromHex(
    "0164000dffe1001a6764000dacd941419f9f011000000300100000030320f142996001000468efbcb0fdf8f800",
  );
  const avc = { codec: "avc1", codecName: "h264" } as const;
  assert.deepEqual(reorderDepthOf(avc, avcc), { frames: 2, isTold: true });
  assert.deepEqual(reorderDepthOf(avc, undefined), { frames: 16, isTold: false });
  assert.deepEqual(reorderDepthOf(avc, avcc.subarray(0, 9)), { frames: 16, isTold: false });
  assert.deepEqual(reorderDepthOf({ codec: "vp09", codecName: "vp9" }, undefined), {
    frames: 0,
    isTold: true,
  });
  assert.deepEqual(reorderDepthOf({ codec: "unknown", codecName: "mpeg4" }, undefined), {
    frames: 1,
    isTold: true,
  });
});
