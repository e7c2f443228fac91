import assert from "node:assert/strict";
import { checkPictureSize, unescapeNalUnit } from "./mod.ts";

Deno.test("unescapeNalUnit takes out the byte 3 after two zeros, and only there", () => {
  const cases = [
    ["67000003000003", "6700000000"],
    ["6700000301", "67000001"],
    ["000003000003", "00000000"],
    ["00000000000003", "000000000000"],
    ["0003", "0003"],
    ["0000020000", "0000020000"],
    ["", ""],
  ] as const;
  for (const [escaped, raw] of cases) {
    assert.equal(unescapeNalUnit(Uint8Array.fromHex(escaped)).toHex(), raw, escaped);
  }
});

Deno.test("unescapeNalUnit leaves its input alone", () => {
  const input = Uint8Array.fromHex("6700000301");
  unescapeNalUnit(input);
  assert.equal(input.toHex(), "6700000301");
  const clean = Uint8Array.fromHex("6701");
  assert.equal(unescapeNalUnit(clean), clean);
});

Deno.test("checkPictureSize ends at the largest level", () => {
  checkPictureSize(16_888, 16_888);
  assert.throws(() => checkPictureSize(16_889, 16), {
    name: "LimitError",
    limitName: "MAX_VIDEO_DIMENSION_PIXELS",
    value: 16_889,
  });
});
