import assert from "node:assert/strict";
import fc from "fast-check";
import { FormatError, LimitError } from "#errors";
import {
  decodeHevcDecoderConfiguration,
  decodeHevcSps,
  describeHevc,
  encodeHevcDecoderConfiguration,
  MAX_HEVC_SPS_BYTES,
} from "./mod.ts";

/** Configurations that x265 made. */
const CASES = [
  {
    name: "Main with a conformance window",
    hex: "016000000090000000000078f000fcfdf8f800000f03a00001001840010c01ffff01600000030090000003000003" +
      "0078959809a10001002b420101016000000300900000030000030078a003c08010e75596566924caf01680800000" +
      "03008000000c84a2000100074401c172b46240",
    track: { codecString: "hvc1.1.6.L120.90", profile: "Main", level: "4", width: 1918, height: 1078 },
    sps: { chromaFormatIdc: 1, bitDepth: 8 },
  },
  {
    name: "Main 10, high tier",
    hex: "2220000000900000000000" + "99f000fcfdfafa00000f03a00001001840010c01ffff222000000300900000030000" +
      "030099959809a10001002b420101222000000300900000030000030099a005020169365959a4932bc05a0200000300" +
      "02000003003210a2000100074401c172b46240",
    track: { codecString: "hvc1.2.4.H153.90", profile: "Main 10", level: "5.1", width: 640, height: 360 },
    sps: { chromaFormatIdc: 1, bitDepth: 10 },
  },
  {
    name: "Range Extensions 4:2:2 with sub-layers",
    hex: "04080000009d0800000000" + "3cf000fcfef8f800001303a00001001b40010c02ffff0408000003009d0800000300" +
      "003c00009598acc048a10001002e4201020408000003009d0800000300003c0000b00a480b9c93e59598acd24995e0" +
      "2d010000030001000003001908a2000100074401c172b46240",
    track: {
      codecString: "hvc1.4.10.L60.9D.8",
      profile: "Range Extensions",
      level: "2",
      width: 322,
      height: 178,
    },
    sps: { chromaFormatIdc: 2, bitDepth: 8 },
  },
].map((item) => ({ ...item, hex: `01${item.hex}` }));

for (const { name, hex, track, sps } of CASES) {
  Deno.test(`HEVC ${name} is described, and its configuration encodes to the same bytes`, () => {
    const bytes = Uint8Array.fromHex(hex);
    assert.deepEqual(describeHevc(bytes), { kind: "video", codec: "hvc1", ...track });
    const configuration = decodeHevcDecoderConfiguration(bytes);
    assert.equal(configuration.nalLengthSize, 4);
    assert.equal(encodeHevcDecoderConfiguration(configuration).toHex(), hex);
    const { nalUnits } = configuration.arrays.find(({ nalUnitType }) => nalUnitType === 33)!;
    const { chromaFormatIdc, bitDepth } = decodeHevcSps(nalUnits[0]!);
    assert.deepEqual({ chromaFormatIdc, bitDepth }, sps);
  });
}

Deno.test("HEVC configurations cut anywhere are FormatErrors", () => {
  for (const { name, hex } of CASES) {
    const whole = Uint8Array.fromHex(hex);
    for (let length = 0; length < whole.length; length++) {
      const cut = whole.subarray(0, length);
      assert.throws(
        () => decodeHevcDecoderConfiguration(cut),
        { name: "FormatError" },
        `${name} at ${length}`,
      );
    }
  }
});

Deno.test("HEVC configurations with any change are described, or refused with FormatError or LimitError", () => {
  const edits = fc.array(fc.record({ at: fc.nat(140), byte: fc.nat(255) }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(fc.nat(CASES.length - 1), edits, (index, changes) => {
      const bytes = Uint8Array.fromHex(CASES[index]!.hex);
      for (const { at, byte } of changes) bytes[at % bytes.length] = byte;
      try {
        const { width = 1, height = 1 } = describeHevc(bytes);
        assert.ok(width > 0 && width <= 16_888 && height > 0 && height <= 16_888);
      } catch (error) {
        assert.ok(error instanceof FormatError || error instanceof LimitError, String(error));
      }
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("HEVC average frame rate counts frames in 256 s; a configuration may lack parameter sets", () => {
  const bytes = Uint8Array.fromHex("016000000090000000000078f000fcfdf8f819000f00".replace(/^/, "01"));
  assert.deepEqual(describeHevc(bytes), {
    kind: "video",
    codec: "hvc1",
    codecString: "hvc1.1.6.L120.90",
    profile: "Main",
    level: "4",
    frameRate: 25,
  });
});

Deno.test("HEVC refuses long parameter sets, other NAL units and other versions", () => {
  assert.throws(() => decodeHevcSps(new Uint8Array(MAX_HEVC_SPS_BYTES + 1)), {
    limitName: "MAX_HEVC_SPS_BYTES",
  });
  assert.throws(() => decodeHevcSps(Uint8Array.fromHex("4401c172b46240")), {
    name: "FormatError",
    message: "Cannot read SPS: NAL unit type 34, expected 33",
  });
  assert.throws(() => describeHevc(new Uint8Array(23).fill(2)), {
    message: "Cannot read HEVC configuration: version 2 at offset 0, expected 1",
  });
});
