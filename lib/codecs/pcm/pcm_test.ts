import assert from "node:assert/strict";
import {
  decodeLpcmConfig,
  describeLpcm,
  encodeLpcmConfig,
  type LpcmConfig,
  LpcmRtpDepacketizer,
} from "#codecs/pcm";
import { FormatError } from "#errors";

const CONFIGS: readonly (readonly [LpcmConfig, string])[] = [
  [{ bitsPerSample: 16, channels: 1, sampleRate: 44_100 }, "10010000ac44"],
  [{ bitsPerSample: 24, channels: 6, sampleRate: 96_000 }, "180600017700"],
];

Deno.test("LPCM configurations go both ways, and what no sender has is refused", () => {
  for (const [config, hex] of CONFIGS) {
    assert.equal(encodeLpcmConfig(config).toHex(), hex);
    assert.deepEqual(decodeLpcmConfig(Uint8Array.fromHex(hex)), config);
  }
  assert.deepEqual(describeLpcm(Uint8Array.fromHex("180200017700")), {
    kind: "audio",
    codec: "lpcm",
    codecString: "pcm-s24be",
    sampleRate: 96_000,
    channels: 2,
  });
  for (const hex of ["", "1001000000", "080100001f40", "100000001f40", "10ff00001f40", "100100000000"]) {
    assert.throws(() => decodeLpcmConfig(Uint8Array.fromHex(hex)), FormatError, hex);
  }
});

const PAYLOADS: readonly (readonly [
  what: string,
  frameBytes: number,
  bytes: number,
  units: (readonly [number, number])[],
])[] = [
  ["20 ms of L16 mono", 2, 640, [[640, 7]]],
  ["half a sample", 4, 642, []],
  ["nothing", 4, 0, []],
  ["more than a packet holds", 6, 3_000, [[1_200, 7], [1_200, 207], [600, 407]]],
  ["32 channels of L24", 96, 1_920, [[1_152, 7], [768, 19]]],
];

Deno.test("LpcmRtpDepacketizer gives whole samples with their times", async (context) => {
  for (const [what, frameBytes, bytes, units] of PAYLOADS) {
    await context.step(what, () => {
      const depacketizer = new LpcmRtpDepacketizer(frameBytes);
      const packet = { payload: new Uint8Array(bytes), timestamp: 7, isMarked: false, isAfterLoss: false };
      const got = depacketizer.push(packet).map(({ payload, timestamp }) => [payload.length, timestamp]);
      assert.deepEqual(got, units);
      assert.equal(depacketizer.malformedPayloads, units.length === 0 ? 1 : 0);
    });
  }
});
