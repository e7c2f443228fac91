import assert from "node:assert/strict";
import fc from "fast-check";
import { describePicture, type PictureDescription } from "./mod.ts";

/** Heads of pictures, and what they say. */
const PICTURES: readonly { hex: string; description: PictureDescription }[] = [
  {
    // APP0, a fill byte, then a baseline frame of 48 by 64
    hex: "ffd8ffe000044a46ffffc0001108003000400301220002110103110",
    description: { codecName: "mjpeg", width: 64, height: 48 },
  },
  {
    // tables of Huffman before a progressive frame
    hex: "ffd8ffc4000400 00ffc2001108003000400301220002110103110",
    description: { codecName: "mjpeg", width: 64, height: 48 },
  },
  { hex: "ffd8ffe1fff04578", description: { codecName: "mjpeg" } },
  {
    hex: "89504e470d0a1a0a0000000d49484452000000400000003008020000",
    description: { codecName: "png", width: 64, height: 48 },
  },
  { hex: "89504e470d0a1a0a0000", description: { codecName: "png" } },
  { hex: "47494638396140003000", description: { codecName: "gif", width: 64, height: 48 } },
  {
    hex: "424d00000000000000003600000028000000400000 00d0ffffff0100",
    description: { codecName: "bmp", width: 64, height: 48 },
  },
  {
    hex: "52494646000000005745425056503820000000003001009d012a40003000",
    description: { codecName: "webp", width: 64, height: 48 },
  },
  {
    hex: "524946460000000057454250565038 4c000000002f3fc00b000000000000",
    description: { codecName: "webp", width: 64, height: 48 },
  },
  {
    hex: "52494646000000005745425056503858000000000000 00003f00002f0000",
    description: { codecName: "webp", width: 64, height: 48 },
  },
];

function bytesOf(hex: string): Uint8Array {
  const digits = hex.replaceAll(" ", "");
  return Uint8Array.fromHex(digits.length % 2 === 0 ? digits : `${digits}0`);
}

for (const { hex, description } of PICTURES) {
  Deno.test(`describePicture reads ${hex.slice(0, 44)}`, () => {
    assert.deepEqual(describePicture(bytesOf(hex)), description);
  });
}

Deno.test("describePicture knows nothing of other bytes, and bears any", () => {
  assert.equal(describePicture(new Uint8Array(0)), undefined);
  assert.equal(describePicture(new TextEncoder().encode("<svg/>")), undefined);
  fc.assert(
    fc.property(fc.constantFrom(...PICTURES), fc.nat(40), fc.nat(255), ({ hex }, at, byte) => {
      const bytes = bytesOf(hex);
      for (let end = 0; end <= bytes.length; end++) describePicture(bytes.subarray(0, end));
      bytes[at % bytes.length] = byte;
      const { width = 0 } = describePicture(bytes) ?? {};
      assert.equal(Number.isFinite(width), true);
    }),
    { numRuns: 300 },
  );
});
