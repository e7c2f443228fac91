import assert from "node:assert/strict";
import fc from "fast-check";
import { FormatError, LimitError } from "#errors";
import { findNalUnits } from "#media";
import {
  decodeHevcDecoderConfiguration,
  decodeHevcSps,
  describeHevc,
  encodeHevcDecoderConfiguration,
  HevcAccessUnitSplitter,
  hvccFromParameterSets,
  isHevcKeyFrame,
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

function parameterSetsOf(hex: string) {
  const { arrays } = decodeHevcDecoderConfiguration(Uint8Array.fromHex(hex));
  const unitsOf = (type: number) => arrays.find(({ nalUnitType }) => nalUnitType === type)?.nalUnits ?? [];
  return { vps: unitsOf(32), sps: unitsOf(33), pps: unitsOf(34) };
}

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
    assert.equal(hvccFromParameterSets(parameterSetsOf(hex)).toHex(), hex);
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

/** Made by x265, slices cut; `|` stands before the units that begin an access unit. */
const STREAMS = [
  {
    name: "delimiters and two slices a picture",
    units: `
      | 460110 40010c01ffff016000000300 42010101600000030090 4401c173d009 4e0105ffff 2801af1d627b 280133c740
      | 460130 0201d0115784 020164045540 | 460150 0001e024bf86 000168092fe1`,
  },
  {
    name: "slices alone, the suffix SEI of each kept with it",
    units: "| 2801af1d627b 280133c740 5001aa | 0201d0115784 020164045540 5001aa | 0001e024bf86 0000",
  },
  {
    name: "parameter sets, prefix SEI and units of another layer",
    units: "| 42010101 4401c1 4e0105 2801af | 4e0105 0201d0 0209d0 4209d0 | 4001ff 4201ff 2801af",
  },
] as const;

for (const { name, units } of STREAMS) {
  Deno.test(`HevcAccessUnitSplitter splits ${name}`, () => {
    const splitter = new HevcAccessUnitSplitter();
    const expected = units.trim().split(/\s+/);
    const found = expected.filter((word) => word !== "|").flatMap((word) =>
      splitter.startsAccessUnit(Uint8Array.fromHex(word)) ? ["|", word] : [word]
    );
    assert.deepEqual(found, expected);
    splitter.reset();
    assert.equal(splitter.startsAccessUnit(new Uint8Array(0)), true);
  });
}

Deno.test("isHevcKeyFrame takes intra random access points", () => {
  const cases = [
    ["00000001460110" + "000001420101" + "0000012801af", true],
    ["0000012a01af", true],
    ["0000012001af", true],
    ["0000010201d0", false],
    ["0000012c01d0" + "0000012801af", true],
    ["0000013001d0", false],
    ["000001420101", false],
    ["", false],
  ] as const;
  for (const [hex, isKeyFrame] of cases) {
    const bytes = Uint8Array.fromHex(hex);
    assert.equal(isHevcKeyFrame(bytes, findNalUnits(bytes)), isKeyFrame, hex);
  }
});

Deno.test("decodeHevcSps tells profile, layers and reordering", () => {
  const [layered, plain] = [CASES[2]!, CASES[0]!].map(({ hex }) =>
    decodeHevcSps(parameterSetsOf(hex).sps[0]!)
  );
  assert.equal(layered!.temporalLayers, 2);
  assert.equal(plain!.temporalLayers, 1);
  assert.deepEqual([layered!.maxReorderPictures, plain!.maxReorderPictures], [2, 2]);
  assert.equal(plain!.profile.levelIdc, 120);
});

Deno.test("hvccFromParameterSets wants an SPS and bounds what it writes", () => {
  const sets = parameterSetsOf(CASES[0]!.hex);
  assert.throws(() => hvccFromParameterSets({ ...sets, sps: [] }), {
    message: "Cannot build HEVC configuration: no SPS",
  });
  assert.throws(() => hvccFromParameterSets({ ...sets, pps: new Array(65).fill(sets.pps[0]) }), {
    limitName: "MAX_PARAMETER_SETS_COUNT",
  });
  assert.throws(() => hvccFromParameterSets({ ...sets, vps: [new Uint8Array(65_536)] }), {
    limitName: "MAX_PARAMETER_SET_BYTES",
  });
});
