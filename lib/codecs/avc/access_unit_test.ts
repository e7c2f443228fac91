import assert from "node:assert/strict";
import { findNalUnits, nalUnitsAt, splitAnnexB } from "#media";
import {
  AvcAccessUnitSplitter,
  avccFromParameterSets,
  decodeAvcDecoderConfiguration,
  decodeAvcSps,
  isAvcKeyFrame,
} from "./mod.ts";

interface StreamCase {
  readonly name: string;
  /** First bytes of each NAL unit; `|` stands before those that begin an access unit. */
  readonly units: string;
}

/** Made by x264; slices are cut after 14 bytes. */
const STREAMS: readonly StreamCase[] = [
  {
    name: "two slices a picture, interlaced coding, SEI before each picture",
    units: `
      | 67640015acd9444fcb808800000300080000030190f8a14cb0 68fe8fcb
      0605ffffafdc45e9bde6d948b796 0601013280 6588820b047fd2e397d3c4073b52 65288820b047e1290b6106ff25ed
      | 0601013280 419a21d88cffc05f841f0dbe8460 4129a21d88ef2260
      | 0601013280 419e40dc210ffa9c6127128db6f3 4129e40dc212ff9481
      | 0601013280 019e615c429ffb707715ff0e3d41`,
  },
  {
    name: "delimiters",
    units: `
      | 0910 6764000aacb423d80880000003008000001907891350 68ef0fcb 0605ffff6cdc45e9bde6d948b796
      65888411ffdae397d3c4073b52ba
      | 0930 419a26223f05f4 | 0930 419a46223f05f5 | 0930 419a66223fb8fb12bfa0af63efd4`,
  },
  {
    name: "slices alone: frame_num and picture order tell pictures apart",
    units: `
      | 67640015acd9444fcb808800000300080000030190f8a14cb0 68fe8fcb
      6588820b047fd2e397d3c4073b52 65288820b047e1290b6106ff25ed
      | 419a21d88cffc05f841f0dbe8460 4129a21d88ef2260 | 419e40dc210ffa9c6127128db6f3 4129e40dc212ff9481
      | 019e615c429ffb707715ff0e3d41`,
  },
  {
    name: "slices before any parameter set: the first macroblock tells",
    units: `
      | 6588820b047fd2e397d3c4073b52 65288820b047e1290b6106ff25ed
      | 419a21d88cffc05f841f0dbe8460 4129a21d88ef2260 | 419e40dc210ffa9c6127128db6f3`,
  },
  {
    name: "malformed units, which stay where they are",
    units: "| 67 68 65 0910 41 6588820b047fd2e397d3c4073b52 41 65 | 09",
  },
];

for (const { name, units } of STREAMS) {
  Deno.test(`AvcAccessUnitSplitter splits ${name}`, () => {
    const splitter = new AvcAccessUnitSplitter();
    const expected = units.trim().split(/\s+/);
    const found = expected.filter((word) => word !== "|").flatMap((word) =>
      splitter.startsAccessUnit(Uint8Array.fromHex(word)) ? ["|", word] : [word]
    );
    assert.deepEqual(found, expected);
    splitter.reset();
    assert.equal(splitter.startsAccessUnit(Uint8Array.fromHex("0c")), true);
  });
}

Deno.test("AvcAccessUnitSplitter tells IDR pictures in a row, and reference from other pictures", () => {
  const splitter = new AvcAccessUnitSplitter();
  const starts = (text: string) => splitter.startsAccessUnit(Uint8Array.fromHex(text));
  for (const set of ["6764000aacd9447b011000000300100000030320f1225960", "68ef8fcb"]) starts(set);
  // first_mb 0, slice type 7, pps 0, frame_num 0, idr_pic_id 0 and then 1
  assert.equal(starts("65" + "8884" + "0000"), false);
  assert.equal(starts("65" + "8882" + "0000"), true);
  // nal_ref_idc 1 and 3 are both reference pictures
  assert.equal(starts("41" + "9a21" + "d88c"), true);
  assert.equal(starts("21" + "9a21" + "d88c"), false);
  assert.equal(starts("01" + "9a21" + "d88c"), true);
});

Deno.test("isAvcKeyFrame takes IDR slices, and recovery points where told", () => {
  const cases = [
    ["00000109f0" + "0000016588", true, true],
    ["00000109f0" + "0000014188", false, false],
    // SEI: recovery point (6) alone, and after a message of 300 bytes; none; cut off
    ["00000106060188" + "80" + "0000014188", false, true],
    ["0000010605ff2d" + "aa".repeat(300) + "060188" + "80" + "0000014188", false, true],
    ["00000106010132" + "80" + "0000014188", false, false],
    ["00000106ff" + "0000014188", false, false],
    // a recovery point after the slice says nothing of it
    ["0000014188" + "00000106060188" + "80", false, false],
    ["", false, false],
  ] as const;
  for (const [text, isIdr, isRecovery] of cases) {
    const bytes = Uint8Array.fromHex(text);
    const ranges = findNalUnits(bytes);
    assert.equal(isAvcKeyFrame(bytes, ranges), isIdr, text);
    assert.equal(isAvcKeyFrame(bytes, ranges, { acceptsRecoveryPoint: true }), isRecovery, text);
    assert.equal(nalUnitsAt(bytes, ranges).length, splitAnnexB(bytes).length);
  }
});

/** Records that ffmpeg wrote into MP4 for streams of x264. */
const RECORDS = [
  "0164000affe100186764000aacd9447b011000000300100000030320f122596001000468ef8fcbfdf8f800",
  "01640015ffe1001967640015acd9444fcb808800000300080000030190f8a14cb001000468fe8fcbfdf8f800",
  "0142c00bffe100156742c00bd902c4ec04400000fa40003a9803c50a9201000568cb83cb20",
  "017a000dffe1001b677a000db6cd941519e223f011000003000100000300320f14299601000668ebe3cb22c0fefafa00",
] as const;

for (const record of RECORDS) {
  Deno.test(`avccFromParameterSets gives back ${record.slice(0, 8)}`, () => {
    const { sps, pps } = decodeAvcDecoderConfiguration(Uint8Array.fromHex(record));
    assert.equal(avccFromParameterSets(sps, pps).toHex(), record);
  });
}

Deno.test("avccFromParameterSets wants an SPS and bounds what it writes", () => {
  const sps = Uint8Array.fromHex("6742c00bd902c4ec04400000fa40003a9803c50a92");
  assert.throws(() => avccFromParameterSets([], []), {
    name: "FormatError",
    message: "Cannot build AVC configuration: no SPS",
  });
  assert.throws(() => avccFromParameterSets(new Array(32).fill(sps), []), {
    limitName: "MAX_AVC_SPS_COUNT",
    value: 32,
  });
  assert.throws(() => avccFromParameterSets([sps], new Array(256).fill(sps)), {
    limitName: "MAX_AVC_PPS_COUNT",
  });
  assert.throws(() => avccFromParameterSets([sps], [new Uint8Array(65_536)]), {
    limitName: "MAX_PARAMETER_SET_BYTES",
  });
});

Deno.test("decodeAvcSps tells how far pictures are reordered", () => {
  const cases = [
    // x264 with two B-frames and none, by bitstream_restriction
    ["6764000aacd9447b011000000300100000030320f1225960", 2],
    ["6764000aacb423d80880000003008000001907891350", 0],
    // Baseline
    ["6742001e" + "fbc8", 0],
    // Main, level 1, one macroblock, nothing said: all that fits into the buffer
    ["674d000a" + "fbc8", 16],
    // Main, 640x360 coded as 640x368, level 3: 8100 / 920, cut off before the usability information
    ["674d401eeca05017fcb8", 8],
  ] as const;
  for (const [text, frames] of cases) {
    assert.equal(decodeAvcSps(Uint8Array.fromHex(text)).maxReorderFrames, frames, text);
  }
});
