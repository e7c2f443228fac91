import assert from "node:assert/strict";
import fc from "fast-check";
import { FormatError, LimitError } from "#errors";
import {
  decodeAvcDecoderConfiguration,
  decodeAvcSps,
  describeAvc,
  encodeAvcDecoderConfiguration,
  MAX_AVC_SPS_BYTES,
} from "./mod.ts";

/** Configurations that x264 made, and one of a hardware encoder's form without extension. */
const CASES = [
  {
    name: "Constrained Baseline, 29.97 frames/s",
    hex: "0142c00bffe100156742c00bd902c4ec04400000fa40003a9803c50a9201000568cb83cb20",
    track: {
      codecString: "avc1.42c00b",
      profile: "Constrained Baseline",
      level: "1.1",
      width: 176,
      height: 144,
      frameRate: 30_000 / 1001,
    },
    sps: { chromaFormatIdc: 1, bitDepth: 8, isProgressive: true },
  },
  {
    name: "Main with cropped height",
    hex: "014d401effe10018674d401eeca05017fcb808800000030080000019078b16cb01000568ebe3cb20",
    track: {
      codecString: "avc1.4d401e",
      profile: "Main",
      level: "3",
      width: 640,
      height: 360,
      frameRate: 25,
    },
    sps: { chromaFormatIdc: 1, bitDepth: 8, isProgressive: true },
  },
  {
    name: "High, 1080p at 50 frames/s",
    hex: "0164002affe1001b6764002aacd940780227e5c044000003000400000301903c60c65801000668ebe3cb22c0fdf8f800",
    track: {
      codecString: "avc1.64002a",
      profile: "High",
      level: "4.2",
      width: 1920,
      height: 1080,
      frameRate: 50,
    },
    sps: { chromaFormatIdc: 1, bitDepth: 8, isProgressive: true },
  },
  {
    name: "High, interlaced",
    hex: "01640028ffe1001a67640028acd94078044fde0220000003002000000643e2c5b2c001000668fba3cb22c0fdf8f800",
    track: {
      codecString: "avc1.640028",
      profile: "High",
      level: "4",
      width: 1920,
      height: 1080,
      frameRate: 25,
    },
    sps: { chromaFormatIdc: 1, bitDepth: 8, isProgressive: false },
  },
  {
    name: "High 4:2:2 with ten bits",
    hex: "017a000dffe1001b677a000db6cd941519e223f011000003000100000300320f14299601000668ebe3cb22c0fefafa00",
    track: {
      codecString: "avc1.7a000d",
      profile: "High 4:2:2",
      level: "1.3",
      width: 322,
      height: 178,
      frameRate: 25,
    },
    sps: { chromaFormatIdc: 2, bitDepth: 10, isProgressive: true },
  },
  {
    name: "High 4:4:4 with odd sides",
    hex: "01f4000dffe1001b67f4000d919b282a33c7476022000003000200000300641e28532c01000668ebe3c44844fff8f800",
    track: {
      codecString: "avc1.f4000d",
      profile: "High 4:4:4 Predictive",
      level: "1.3",
      width: 323,
      height: 179,
      frameRate: 25,
    },
    sps: { chromaFormatIdc: 3, bitDepth: 8, isProgressive: true },
  },
  {
    name: "monochrome with scaling lists",
    hex: "0164000affe100196764000af3651cfe3637016c800000030080000019078912cb01000768ebe3cb3002c0fcf8f800",
    track: {
      codecString: "avc1.64000a",
      profile: "High",
      level: "1",
      width: 100,
      height: 100,
      frameRate: 25,
    },
    sps: { chromaFormatIdc: 0, bitDepth: 8, isProgressive: true },
  },
  {
    name: "configuration without parameter sets",
    hex: "01640015ffe000",
    track: { codecString: "avc1.640015", profile: "High", level: "2.1" },
    sps: undefined,
  },
] as const;

for (const { name, hex, track, sps } of CASES) {
  Deno.test(`AVC ${name} is described, and its configuration encodes to the same bytes`, () => {
    const bytes = Uint8Array.fromHex(hex);
    assert.deepEqual(describeAvc(bytes), { kind: "video", codec: "avc1", ...track });
    const configuration = decodeAvcDecoderConfiguration(bytes);
    assert.equal(configuration.nalLengthSize, 4);
    assert.equal(encodeAvcDecoderConfiguration(configuration).toHex(), hex);
    if (sps === undefined) return;
    const { chromaFormatIdc, bitDepth, isProgressive } = decodeAvcSps(configuration.sps[0]!);
    assert.deepEqual({ chromaFormatIdc, bitDepth, isProgressive }, sps);
  });
}

Deno.test("AVC level 1b is told by its number or by constraint_set3_flag", () => {
  const level = (hex: string) => describeAvc(Uint8Array.fromHex(hex)).level;
  assert.equal(level("0142100bffe000"), "1b");
  assert.equal(level("0164000bffe000"), "1.1");
  assert.equal(level("0164100bffe000"), "1.1");
  assert.equal(level("01640009ffe000"), "1b");
});

Deno.test("AVC configurations cut anywhere are FormatErrors, but for their extension", () => {
  for (const { name, hex } of CASES) {
    const whole = Uint8Array.fromHex(hex);
    const required = whole.length - decodeAvcDecoderConfiguration(whole).extension.length;
    for (let length = 0; length < required; length++) {
      assert.throws(
        () => decodeAvcDecoderConfiguration(whole.subarray(0, length)),
        { name: "FormatError" },
        `${name} cut at ${length}`,
      );
    }
  }
});

Deno.test("AVC parameter sets with any change are described, or refused with FormatError or LimitError", () => {
  const edits = fc.array(fc.record({ at: fc.nat(60), byte: fc.nat(255) }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(fc.nat(CASES.length - 1), edits, (index, changes) => {
      const bytes = Uint8Array.fromHex(CASES[index]!.hex);
      for (const { at, byte } of changes) bytes[at % bytes.length] = byte;
      try {
        const { width = 1, height = 1 } = describeAvc(bytes);
        assert.ok(width > 0 && width <= 16_888 && height > 0 && height <= 16_888);
      } catch (error) {
        assert.ok(error instanceof FormatError || error instanceof LimitError, String(error));
      }
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("AVC parameter sets are bounded in bytes and picture size", () => {
  assert.throws(() => decodeAvcSps(new Uint8Array(MAX_AVC_SPS_BYTES + 1)), {
    limitName: "MAX_AVC_SPS_BYTES",
  });
  // profile 66, ids and counts 0, pic_width_in_mbs_minus1 = 65534
  const wide = Uint8Array.fromHex("6742001e" + "f800007fff" + "ffff");
  assert.throws(() => decodeAvcSps(wide), { limitName: "MAX_VIDEO_DIMENSION_PIXELS" });
});

Deno.test("AVC refuses other NAL units, other versions, and cropping that leaves nothing", () => {
  assert.throws(() => decodeAvcSps(Uint8Array.fromHex("68ebe3cb20")), {
    name: "FormatError",
    message: "Cannot read SPS: NAL unit type 8, expected 7",
  });
  assert.throws(() => describeAvc(Uint8Array.fromHex("0042c00bffe000")), {
    message: "Cannot read AVC configuration: version 0 at offset 0, expected 1",
  });
  // one macroblock, cropped by 2 x 8 pixels on the left: frame_crop_left_offset is the code 0001001
  assert.throws(() => decodeAvcSps(Uint8Array.fromHex("6742001e" + "fbe278")), {
    message: "Cannot read SPS: cropping 16x16 leaves 0x16 pixels",
  });
});
