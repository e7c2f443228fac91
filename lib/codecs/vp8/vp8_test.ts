import assert from "node:assert/strict";
import fc from "fast-check";
import { FormatError, LimitError } from "#errors";
import { decodeVp8FrameHeader, describeVp8Frame, isVp8KeyFrame } from "./mod.ts";

const CASES = [
  {
    hex: "3006009d012a4001b400",
    header: { isKeyFrame: true, version: 0, isShown: true, width: 320, height: 180 },
  },
  // version 3, not shown, upscaling bits set
  {
    hex: "4606009d012a10407080",
    header: { isKeyFrame: true, version: 3, isShown: false, width: 16, height: 112 },
  },
  { hex: "b10300", header: { isKeyFrame: false, version: 0, isShown: true } },
] as const;

for (const { hex, header } of CASES) {
  Deno.test(`VP8 frame ${hex} is read, and refused where it is cut off`, () => {
    const frame = Uint8Array.fromHex(hex);
    assert.deepEqual(decodeVp8FrameHeader(frame), header);
    assert.equal(isVp8KeyFrame(frame), header.isKeyFrame);
    for (let cut = 0; cut < frame.length; cut++) {
      assert.throws(() => decodeVp8FrameHeader(frame.subarray(0, cut)), FormatError, `cut at ${cut}`);
    }
  });
}

Deno.test("describeVp8Frame describes key frames only", () => {
  assert.deepEqual(describeVp8Frame(Uint8Array.fromHex(CASES[0].hex)), {
    kind: "video",
    codec: "vp08",
    codecString: "vp8",
    profile: "Profile 0",
    width: 320,
    height: 180,
  });
  assert.throws(() => describeVp8Frame(Uint8Array.fromHex("b10300")), {
    message: "Cannot describe VP8 track: the frame is no key frame",
  });
  assert.throws(() => decodeVp8FrameHeader(Uint8Array.fromHex("3006009d012b4001b400")), {
    message: "Cannot read VP8 frame: start code 0x9d012b at offset 3, expected 0x9d012a",
  });
});

Deno.test("VP8 headers of any bytes are read or refused", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 12 }), (frame) => {
      try {
        assert.equal(decodeVp8FrameHeader(frame).isKeyFrame, isVp8KeyFrame(frame));
      } catch (error) {
        assert.ok(error instanceof FormatError || error instanceof LimitError, String(error));
      }
    }),
    { numRuns: 1_000 },
  );
});
