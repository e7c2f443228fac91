import { FormatError } from "#errors";
import assert from "node:assert/strict";
import { describeMpegVideo } from "./mpeg_video.ts";

Deno.test("describeMpegVideo reads the size of a sequence header", () => {
  const { width, height } = describeMpegVideo(Uint8Array.fromHex("000001b31400b423"));
  assert.deepEqual([width, height], [320, 180]);
});

Deno.test("describeMpegVideo refuses what begins otherwise, or is cut", () => {
  for (const hex of ["", "000001b31400", "000001001400b4"]) {
    assert.throws(() => describeMpegVideo(Uint8Array.fromHex(hex)), FormatError, hex);
  }
});
