import assert from "node:assert/strict";
import fc from "fast-check";
import { FormatError } from "#errors";
import { decodeAudioSpecificConfig, describeAac } from "./mod.ts";

/** The last column says where the bytes come from. */
const CASES = [
  // ffmpeg's encoder, which adds "no SBR" in backward compatible form
  { hex: "121056e500", text: "mp4a.40.2 LC", sampleRate: 44_100, channels: 2, core: [2, 44_100, 1024] },
  { hex: "1210", text: "mp4a.40.2 LC", sampleRate: 44_100, channels: 2, core: [2, 44_100, 1024] },
  { hex: "119056e500", text: "mp4a.40.2 LC", sampleRate: 48_000, channels: 2, core: [2, 48_000, 1024] },
  { hex: "101056e500", text: "mp4a.40.2 LC", sampleRate: 96_000, channels: 2, core: [2, 96_000, 1024] },
  { hex: "159056e500", text: "mp4a.40.2 LC", sampleRate: 8_000, channels: 2, core: [2, 8_000, 1024] },
  { hex: "11b056e500", text: "mp4a.40.2 LC", sampleRate: 48_000, channels: 6, core: [2, 48_000, 1024] },
  { hex: "11b856e500", text: "mp4a.40.2 LC", sampleRate: 48_000, channels: 8, core: [2, 48_000, 1024] },
  // 6.1 and quad, by a program_config_element with a comment
  {
    hex: "118004c848002000c4400d4c61766335392e33372e31303056e500",
    text: "mp4a.40.2 LC",
    sampleRate: 48_000,
    channels: 7,
    core: [2, 48_000, 1024],
  },
  {
    hex: "118004c4040021100d4c61766335392e33372e31303056e500",
    text: "mp4a.40.2 LC",
    sampleRate: 48_000,
    channels: 4,
    core: [2, 48_000, 1024],
  },
  // HE-AAC: hierarchical, and backward compatible; HE-AAC v2
  { hex: "2b920800", text: "mp4a.40.5 HE", sampleRate: 44_100, channels: 2, core: [2, 22_050, 1024] },
  { hex: "131056e598", text: "mp4a.40.5 HE", sampleRate: 48_000, channels: 2, core: [2, 24_000, 1024] },
  { hex: "eb098800", text: "mp4a.40.29 HE v2", sampleRate: 48_000, channels: 2, core: [2, 24_000, 1024] },
  // 960 samples; escaped rate of 50,000 Hz; escaped object type 42
  { hex: "1214", text: "mp4a.40.2 LC", sampleRate: 44_100, channels: 2, core: [2, 44_100, 960] },
  { hex: "1780" + "61a810", text: "mp4a.40.2 LC", sampleRate: 50_000, channels: 2, core: [2, 50_000, 1024] },
  { hex: "f94640", text: "mp4a.40.42 USAC", sampleRate: 48_000, channels: 2, core: [42, 48_000, 1024] },
] as const;

for (const { hex, text, sampleRate, channels, core } of CASES) {
  Deno.test(`AAC ${hex} is ${text} at ${sampleRate} Hz with ${channels} channels`, () => {
    const bytes = Uint8Array.fromHex(hex);
    const [codecString, ...profile] = text.split(" ");
    assert.deepEqual(describeAac(bytes), {
      kind: "audio",
      codec: "mp4a",
      codecString,
      profile: profile.join(" "),
      sampleRate,
      channels,
    });
    const { objectType, sampleRate: coreRate, frameSamples } = decodeAudioSpecificConfig(bytes);
    assert.deepEqual([objectType, coreRate, frameSamples], core);
  });
}

Deno.test("AAC configurations of two bytes cut anywhere are FormatErrors", () => {
  for (const { hex } of CASES) {
    for (let length = 0; length < 2; length++) {
      const cut = Uint8Array.fromHex(hex).subarray(0, length);
      assert.throws(() => decodeAudioSpecificConfig(cut), { name: "FormatError" }, `${hex} cut at ${length}`);
    }
  }
});

Deno.test("AAC configurations of any bytes are described or refused with FormatError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 24 }), (bytes) => {
      try {
        assert.ok(describeAac(bytes).sampleRate! > 0);
      } catch (error) {
        assert.ok(error instanceof FormatError, String(error));
      }
    }),
    { numRuns: 3_000 },
  );
});

Deno.test("AAC refuses reserved rates and channel configurations", () => {
  assert.throws(() => decodeAudioSpecificConfig(Uint8Array.fromHex("1690")), {
    name: "FormatError",
    message: "Cannot read AudioSpecificConfig: sampling frequency index 13 is reserved",
  });
  assert.throws(() => decodeAudioSpecificConfig(Uint8Array.fromHex("1240")), {
    message: "Cannot read AudioSpecificConfig: channel configuration 8 is reserved",
  });
  assert.throws(() => decodeAudioSpecificConfig(Uint8Array.fromHex("1780000010")), {
    message: "Cannot read AudioSpecificConfig: samplingFrequency is 0",
  });
});
