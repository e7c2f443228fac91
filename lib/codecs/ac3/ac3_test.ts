import assert from "node:assert/strict";
import fc from "fast-check";
import { FormatError } from "#errors";
import {
  Ac3Reader,
  decodeAc3SyncFrame,
  decodeDac3,
  decodeDec3,
  describeAc3,
  describeDac3,
  describeDec3,
  encodeDac3,
  encodeDec3,
  readAc3SyncFrame,
} from "./mod.ts";

/** Headers and boxes that ffmpeg made. */
const CASES = [
  { hex: "0b77336a144043e1", box: "101140", codec: "ac-3", frameBytes: 768, sampleRate: 48_000, channels: 2 },
  { hex: "0b77bf61504043e1", box: "501100", codec: "ac-3", frameBytes: 556, sampleRate: 44_100, channels: 2 },
  { hex: "0b77bf61514043e1", box: "501100", codec: "ac-3", frameBytes: 558, sampleRate: 44_100, channels: 2 },
  {
    hex: "0b77fa965e40ebf8",
    box: "503de0",
    codec: "ac-3",
    frameBytes: 1950,
    sampleRate: 44_100,
    channels: 6,
  },
  { hex: "0b77e3f188402f84", box: "900880", codec: "ac-3", frameBytes: 384, sampleRate: 32_000, channels: 1 },
  {
    hex: "0b77017f3487c000",
    box: "0600200400",
    codec: "ec-3",
    frameBytes: 768,
    sampleRate: 48_000,
    channels: 2,
  },
  {
    hex: "0b7703ce7f87c000",
    box: "0e00600f00",
    codec: "ec-3",
    frameBytes: 1950,
    sampleRate: 44_100,
    channels: 6,
  },
  {
    hex: "0b7700bfb287c000",
    box: "0200a00200",
    codec: "ec-3",
    frameBytes: 384,
    sampleRate: 32_000,
    channels: 1,
  },
] as const;

for (const { hex, box, ...expected } of CASES) {
  Deno.test(`AC-3 ${hex} is ${expected.codec} at ${expected.sampleRate} Hz, and gives its box`, () => {
    const header = decodeAc3SyncFrame(Uint8Array.fromHex(hex));
    const { codec, frameBytes, sampleRate, channels, frameSamples } = header;
    assert.deepEqual({ codec, frameBytes, sampleRate, channels }, expected);
    assert.equal(frameSamples, 1536);
    const described = { kind: "audio", codec, codecString: codec, sampleRate, channels };
    assert.deepEqual(describeAc3(Uint8Array.fromHex(hex)), described);
    const body = codec === "ac-3" ? encodeDac3(header) : encodeDec3([header]);
    assert.equal(body.toHex(), box);
    assert.deepEqual((codec === "ac-3" ? describeDac3 : describeDec3)(body), described);
    for (let cut = 0; cut < 8; cut++) {
      assert.throws(() => decodeAc3SyncFrame(Uint8Array.fromHex(hex).subarray(0, cut)), FormatError);
    }
    for (let cut = 0; cut < body.length; cut++) {
      const decode = codec === "ac-3" ? decodeDac3 : decodeDec3;
      assert.throws(() => decode(body.subarray(0, cut)), FormatError, `cut ${cut}`);
    }
  });
}

Deno.test("AC-3 reads bit rate, mode bits, blocks and half rates", () => {
  const read = (hex: string) => decodeAc3SyncFrame(Uint8Array.fromHex(hex));
  assert.equal(read("0b77336a144043e1").bitrateBps, 192_000);
  assert.equal(read("0b77017f3487c000").bitrateBps, 192_000);
  // two centre and surround mix levels stand before lfeon
  assert.deepEqual([read("0b77fa965e40ebf8").channelMode, read("0b77fa965e40ebf8").hasLowFrequency], [
    7,
    true,
  ]);
  // E-AC-3 with one block, and at 24 kHz; a dependent substream
  assert.equal(read("0b77017f0487c000").frameSamples, 256);
  const half = read("0b77017fc487c000");
  assert.deepEqual([half.sampleRate, half.frameSamples], [24_000, 1536]);
  const dependent = read("0b77417f3487c000");
  assert.deepEqual([dependent.streamType, dependent.substreamId], [1, 0]);
  // bsid 9 is half the rate
  assert.deepEqual(
    [read("0b77336a144843e1").sampleRate, read("0b77336a144843e1").bitrateBps],
    [24_000, 96_000],
  );
});

Deno.test("AC-3 refuses reserved rates, sizes, stream types and ids", () => {
  for (
    const hex of [
      "0b78336a144043e1",
      "0b77336ad44043e1",
      "0b77336a264043e1",
      "0b77336a148843e1".replace("1488", "14a8"),
      "0b77c17f3487c000",
      "0b77017ff487c000",
      "0b7700003487c000",
    ]
  ) {
    assert.equal(readAc3SyncFrame(Uint8Array.fromHex(hex)), undefined, hex);
  }
});

Deno.test("dac3 and dec3 of other encoders are described, and wrong ones refused", () => {
  // 7.1: 5.1 and a dependent substream with Lrs and Rrs
  const dec3 = Uint8Array.fromHex("1400" + "200f0202");
  assert.deepEqual(decodeDec3(dec3).substreams[0]!.dependentSubstreams, 1);
  assert.equal(describeDec3(dec3).channels, 8);
  assert.equal(describeDec3(Uint8Array.fromHex("1400" + "e00f00")).sampleRate, undefined);
  assert.throws(() => decodeDac3(Uint8Array.fromHex("d01140")), {
    message: "Cannot read dac3: fscod 3 is reserved",
  });
  const [ac3, eac3] = [CASES[0], CASES[5]].map(({ hex }) => decodeAc3SyncFrame(Uint8Array.fromHex(hex)));
  assert.throws(() => encodeDac3(eac3!), { message: "Cannot write dac3: the frame is E-AC-3" });
  assert.throws(() => encodeDec3([ac3!]), { message: "Cannot write dec3: ac-3 of stream type 0 in it" });
  assert.throws(() => encodeDec3([]), { message: "Cannot write dec3: no substream" });
  assert.throws(() => encodeDec3(new Array(9).fill(eac3)), { limitName: "MAX_EAC3_SUBSTREAMS" });
  assert.equal(encodeDec3([eac3!, eac3!]).toHex(), "0c01" + "200400" + "200400");
});

Deno.test("Ac3Reader splits frames, whole, at every split, and byte by byte", () => {
  const frame = new Uint8Array(128).fill(0x55);
  // 32 kbit/s at 48 kHz: 128 bytes
  frame.set(Uint8Array.fromHex("0b77336a004043e1"));
  const bytes = new Uint8Array([
    0x0b,
    0x77,
    0x0b,
    ...frame,
    ...frame,
    1,
    ...frame,
    ...frame.subarray(0, 100),
  ]);
  const read = (cuts: readonly number[]) => {
    const reader = new Ac3Reader();
    const offsets: number[] = [];
    let start = 0;
    for (const end of [...cuts, bytes.length]) {
      for (const { offset, payload } of reader.push(bytes.slice(start, end))) {
        assert.deepEqual(payload, frame);
        offsets.push(offset);
      }
      start = end;
    }
    offsets.push(...reader.flush().map(({ offset }) => offset));
    assert.equal(reader.skippedBytes, 3 + 1 + 100);
    return offsets;
  };
  assert.deepEqual(read([]), [3, 131, 260]);
  assert.deepEqual(read([...bytes.keys()]), [3, 131, 260]);
  for (let cut = 0; cut < bytes.length; cut++) assert.deepEqual(read([cut]), [3, 131, 260], `cut ${cut}`);
});

Deno.test("AC-3 headers of any bytes give bounded frames or none", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), (tail) => {
      const header = readAc3SyncFrame(new Uint8Array([0x0b, 0x77, ...tail]));
      if (header === undefined) return;
      assert.ok(header.frameBytes >= 8 && header.frameBytes <= 4096);
      assert.ok(header.sampleRate >= 8000 && header.channels >= 1 && header.channels <= 6);
    }),
    { numRuns: 2_000 },
  );
});
