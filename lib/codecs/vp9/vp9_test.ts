import assert from "node:assert/strict";
import fc from "fast-check";
import { FormatError, LimitError } from "#errors";
import { decodeVp9KeyFrame, describeVp9Frame, isVp9KeyFrame, vpccFromKeyFrame } from "./mod.ts";

/** Key frames of libvpx, the frames after them, and the records that ffmpeg wrote into MP4. */
const CASES = [
  { hex: "824983420013f00b36", next: "86004092f0", vpcc: "000b820202020000", width: 320, height: 180 },
  { hex: "a24983420002820162c0", next: "a6004092f0", vpcc: "010b860202020000", width: 322, height: 178 },
  { hex: "b124c1a102013f80b3b0", next: "b300204938", vpcc: "0315a40202020000", width: 640, height: 360 },
  { hex: "a2498342e003f002f604", next: "a60040929c", vpcc: "010a870202020000", width: 64, height: 48 },
  { hex: "924983428001f8017b01", next: "960040929c", vpcc: "020ac20202020000", width: 64, height: 48 },
  // 4:4:0, which ffmpeg does not write
  { hex: "a249834204007e005ec0", next: "a60040929c", vpcc: "010a880202020000", width: 64, height: 48 },
] as const;

for (const { hex, next, vpcc, width, height } of CASES) {
  Deno.test(`VP9 key frame ${hex} is ${width}x${height} and gives its configuration`, () => {
    const frame = Uint8Array.fromHex(hex);
    const header = decodeVp9KeyFrame(frame)!;
    assert.deepEqual([header.width, header.height], [width, height]);
    assert.equal(vpccFromKeyFrame(header).toHex(), vpcc);
    const track = describeVp9Frame(frame);
    assert.deepEqual([track.width, track.height], [width, height]);
    assert.equal(isVp9KeyFrame(frame), true);
    assert.equal(isVp9KeyFrame(Uint8Array.fromHex(next)), false);
    assert.equal(decodeVp9KeyFrame(Uint8Array.fromHex(next)), undefined);
    for (let cut = 1; cut < frame.length - 1; cut++) {
      assert.throws(() => decodeVp9KeyFrame(frame.subarray(0, cut)), FormatError, `cut at ${cut}`);
    }
  });
}

Deno.test("VP9 frames that are none, are shown again, or lack their sync code", () => {
  assert.equal(decodeVp9KeyFrame(new Uint8Array(0)), undefined);
  assert.equal(isVp9KeyFrame(Uint8Array.fromHex("88")), false);
  assert.equal(isVp9KeyFrame(Uint8Array.fromHex("02498342")), false);
  assert.throws(() => decodeVp9KeyFrame(Uint8Array.fromHex("824983430013f00b36")), {
    message: "Cannot read VP9 key frame: sync code 0x498343, expected 0x498342",
  });
  assert.throws(() => describeVp9Frame(Uint8Array.fromHex("86004092f0")), {
    message: "Cannot describe VP9 track: the frame is no key frame",
  });
});

Deno.test("VP9 headers of any bytes are read or refused", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 14 }), (frame) => {
      try {
        assert.equal(decodeVp9KeyFrame(frame) !== undefined, isVp9KeyFrame(frame));
      } catch (error) {
        assert.ok(error instanceof FormatError || error instanceof LimitError, String(error));
      }
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("vpccFromKeyFrame takes the lowest level that allows the picture", () => {
  const header = { profile: 0, bitDepth: 8, chromaSubsampling: 1, isFullRange: false };
  const levelOf = (width: number, height: number) => vpccFromKeyFrame({ ...header, width, height })[1];
  assert.deepEqual(
    [levelOf(256, 144), levelOf(1920, 1080), levelOf(3840, 2160), levelOf(7680, 4320)],
    [10, 40, 50, 60],
  );
});
