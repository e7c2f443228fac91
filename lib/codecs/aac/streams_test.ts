import assert from "node:assert/strict";
import fc from "fast-check";
import {
  AdtsReader,
  audioSpecificConfigFromAdts,
  decodeAdtsHeader,
  decodeAudioSpecificConfig,
  encodeAdtsHeader,
  LoasReader,
} from "./mod.ts";

const hexBytes = (hex: string) => Uint8Array.fromHex(hex.replaceAll(/\s/g, ""));

/** Four frames of ffmpeg's encoder: one with its name, three of silence. */
const PAYLOADS = [
  "de02004c61766335392e33372e31303000422008c11838",
  "211004608c1c",
  "211004608c1c",
  "211004608c1c",
] as const;
const ADTS = hexBytes(`fff1508003dffc ${PAYLOADS[0]} ${`fff1508001bffc ${PAYLOADS[1]}`.repeat(3)}`);
const LOAS = hexBytes(
  "56e01e200012101fe0bef01002630bb319a9c97199b9718981800211004608c1c0" + "56e0088310880230460e00".repeat(3),
);

interface Case {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Payload of each frame, and the offset of its header. */
  readonly frames: readonly (readonly [string, number])[];
  readonly skipped?: number;
}

const [first, silence] = PAYLOADS;
const adtsFrames = [[first, 0], [silence, 30], [silence, 43], [silence, 56]] as const;

const ADTS_CASES: readonly Case[] = [
  { name: "frames alone", bytes: ADTS, frames: adtsFrames },
  {
    name: "garbage with false sync words around",
    bytes: hexBytes(`00fff1508003dffc aaff ${ADTS.toHex()} fff1508003`),
    frames: adtsFrames.map(([payload, offset]) => [payload, offset + 10] as const),
    skipped: 15,
  },
  {
    name: "garbage between",
    bytes: hexBytes(ADTS.subarray(0, 43).toHex() + "fff15080" + ADTS.subarray(43).toHex()),
    frames: [[first, 0], [silence, 30], [silence, 47], [silence, 60]],
    skipped: 4,
  },
  {
    name: "frames with CRC",
    bytes: hexBytes("fff0508001fffc abcd 211004608c1c".repeat(2)),
    frames: [[silence, 0], [silence, 15]],
  },
  { name: "one frame", bytes: ADTS.subarray(0, 30), frames: [[first, 0]] },
  { name: "a frame cut off", bytes: ADTS.subarray(0, 50), frames: [[first, 0], [silence, 30]], skipped: 7 },
  { name: "nothing", bytes: new Uint8Array(0), frames: [] },
  { name: "sync words only", bytes: new Uint8Array(300).fill(0xff), frames: [], skipped: 300 },
];

const LOAS_CASES: readonly Case[] = [
  { name: "frames alone", bytes: LOAS, frames: [[first, 0], [silence, 33], [silence, 44], [silence, 55]] },
  {
    name: "frames before the first configuration, and garbage",
    bytes: hexBytes(`56e0 5600 ${LOAS.subarray(33, 44).toHex()} 5656e0 ${LOAS.toHex()} 0156`),
    frames: [[first, 18], [silence, 51], [silence, 62], [silence, 73]],
    skipped: 20,
  },
  {
    name: "an element that is malformed",
    bytes: hexBytes(`${LOAS.subarray(0, 33).toHex()} 56e002 bfff ${LOAS.subarray(33, 44).toHex()}`),
    frames: [[first, 0], [silence, 38]],
    skipped: 5,
  },
];

/** Reads `bytes` in pieces that end at `cuts`. */
function readAll(
  reader: AdtsReader | LoasReader,
  bytes: Uint8Array,
  options: { cuts: readonly number[] },
): [string, number][] {
  const frames: [string, number][] = [];
  let start = 0;
  for (const end of [...options.cuts, bytes.length]) {
    // what was pushed may be overwritten at once
    const piece = bytes.slice(start, end);
    for (const { payload, offset } of reader.push(piece)) frames.push([payload.toHex(), offset]);
    piece.fill(0xff);
    start = end;
  }
  for (const { payload, offset } of reader.flush()) frames.push([payload.toHex(), offset]);
  return frames;
}

const READERS = [
  { Reader: AdtsReader, cases: ADTS_CASES },
  { Reader: LoasReader, cases: LOAS_CASES },
] as const;

for (const { Reader, cases } of READERS) {
  for (const { name, bytes, frames, skipped } of cases) {
    Deno.test(`${Reader.name} reads ${name}, whole, at every split, and byte by byte`, () => {
      const cuts = [[], [...bytes.keys()], ...[...bytes.keys()].map((cut) => [cut])];
      for (const list of cuts) {
        const reader = new Reader();
        assert.deepEqual(readAll(reader, bytes, { cuts: list }), frames, `cuts ${list}`);
        assert.equal(reader.skippedBytes, skipped ?? 0);
      }
    });
  }

  Deno.test(`${Reader.name} takes any bytes, in any pieces with the same result`, () => {
    const input = fc.record({
      index: fc.nat(cases.length - 1),
      edits: fc.array(fc.record({ at: fc.nat(99), byte: fc.nat(255) }), { maxLength: 5 }),
      cut: fc.nat(99),
    });
    fc.assert(
      fc.property(input, ({ index, edits, cut }) => {
        const bytes = cases[index]!.bytes.slice();
        for (const { at, byte } of edits) if (at < bytes.length) bytes[at] = byte;
        const whole = readAll(new Reader(), bytes, { cuts: [] });
        assert.deepEqual(readAll(new Reader(), bytes, { cuts: [Math.min(cut, bytes.length)] }), whole);
      }),
      { numRuns: 1_000 },
    );
  });
}

Deno.test("AdtsReader counts offsets on after flush", () => {
  const reader = new AdtsReader();
  reader.push(ADTS);
  reader.flush();
  assert.equal(reader.push(ADTS)[0]!.offset, ADTS.length);
});

const HEADERS = [
  { hex: "fff1508001bffc", objectType: 2, sampleRate: 44_100, channelConfiguration: 2, payloadBytes: 6 },
  { hex: "fff14d40403ffc", objectType: 2, sampleRate: 48_000, channelConfiguration: 5, payloadBytes: 506 },
  { hex: "fff16dc3fffffc", objectType: 2, sampleRate: 8_000, channelConfiguration: 7, payloadBytes: 8184 },
] as const;

for (const { hex, payloadBytes, ...format } of HEADERS) {
  Deno.test(`ADTS header ${hex} is encoded, decoded, and gives its configuration`, () => {
    assert.equal(encodeAdtsHeader(format, { payloadBytes }).toHex(), hex);
    const header = decodeAdtsHeader(hexBytes(hex));
    assert.deepEqual(
      { ...format, channels: format.channelConfiguration === 7 ? 8 : format.channelConfiguration },
      {
        objectType: header.objectType,
        sampleRate: header.sampleRate,
        channelConfiguration: header.channelConfiguration,
        channels: header.channels,
      },
    );
    assert.equal(header.frameBytes, payloadBytes + 7);
    const config = decodeAudioSpecificConfig(audioSpecificConfigFromAdts(header, new Uint8Array(0)));
    assert.equal(config.sampleRate, format.sampleRate);
    assert.equal(config.channels, header.channels);
    for (let cut = 0; cut < 7; cut++) {
      assert.throws(() => decodeAdtsHeader(hexBytes(hex).subarray(0, cut)), { name: "FormatError" });
    }
  });
}

Deno.test("decodeAdtsHeader refuses other layers, reserved rates and frames shorter than their header", () => {
  for (
    const hex of ["fff3508001bffc", "ffe1508001bffc", "fff1748001bffc", "fff1508000dffc", "fff05080011ffc"]
  ) {
    assert.throws(() => decodeAdtsHeader(hexBytes(hex)), { name: "FormatError" }, hex);
  }
});

Deno.test("encodeAdtsHeader refuses what ADTS cannot say", () => {
  const format = { objectType: 2, sampleRate: 44_100, channelConfiguration: 2 };
  const encode = (change: Partial<typeof format>, payloadBytes = 1) => () =>
    encodeAdtsHeader({ ...format, ...change }, { payloadBytes });
  assert.throws(encode({ objectType: 42 }), { name: "FormatError" });
  assert.throws(encode({ sampleRate: 44_000 }), { name: "FormatError" });
  assert.throws(encode({ channelConfiguration: 11 }), { name: "FormatError" });
  assert.throws(encode({}, 8185), { message: "Cannot write ADTS header: 8192 bytes exceed 8191" });
});

Deno.test("audioSpecificConfigFromAdts copies the program element of a frame whose header does not tell", () => {
  // quad, of ffmpeg's encoder
  const frame = hexBytes("fff150000d3ffc a0a0808004220d4c61766335392e33372e313030de020000");
  const header = decodeAdtsHeader(frame);
  const config = audioSpecificConfigFromAdts(header, frame.subarray(header.headerBytes));
  assert.equal(config.toHex(), "12000504040021100d4c61766335392e33372e313030");
  assert.equal(decodeAudioSpecificConfig(config).channels, 4);
  assert.throws(() => audioSpecificConfigFromAdts(header, hexBytes("2110")), {
    message: "Cannot read ADTS frame: channel configuration 0 and first element 1, expected 5",
  });
  for (let cut = 0; cut < 20; cut++) {
    const payload = frame.subarray(7, 7 + cut);
    assert.throws(() => audioSpecificConfigFromAdts(header, payload), { name: "FormatError" }, `cut ${cut}`);
  }
});

Deno.test("LoasReader gives the configuration, the same object while it stays the same", () => {
  const frames = new LoasReader().push(new Uint8Array([...LOAS, ...LOAS, ...LOAS.subarray(0, 3)]));
  assert.equal(frames.length, 8);
  assert.equal(frames[0]!.mux.codecConfig.toHex(), "1210");
  assert.equal(frames[0]!.mux.config.sampleRate, 44_100);
  assert.ok(frames.every(({ mux }) => mux === frames[0]!.mux));
});

/** AudioMuxElements written bit by bit, with an AAC LC configuration at 44,100 Hz, stereo. */
const ELEMENTS = [
  {
    name: "version 0 with other data and CRC",
    bits: "0 0 1 000000 0000 000" + " 00010 0100 0010 000" + " 000 11111111 1 0 00001000 1 10101010" +
      " 00000010 00010001 00100010 11111111",
    payloads: ["1122"],
  },
  {
    name: "version 1 with the length of the configuration",
    bits: "0 1 0 00 00000000 1 000000 0000 000" + " 00 00010000 00010 0100 0010 000" + " 000 11111111 0 0" +
      " 00000001 00110011",
    payloads: ["33"],
  },
  {
    name: "two subframes of fixed length",
    bits: "0 0 1 000001 0000 000" + " 00010 0100 0010 000" + " 001 000000000 0 0 " + "01010101".repeat(40),
    payloads: ["55".repeat(20), "55".repeat(20)],
  },
  {
    name: "a payload of 300 bytes",
    bits: "0 0 1 000000 0000 000" + " 00010 0100 0010 000" + " 000 11111111 0 0" +
      " 11111111 00101101" + "01100110".repeat(300),
    payloads: ["66".repeat(300)],
  },
  { name: "audioMuxVersionA 1", bits: "0 1 1 0", fault: "audioMuxVersionA 1" },
  { name: "several programs", bits: "0 0 1 000000 0001", fault: "several programs" },
  { name: "several layers", bits: "0 0 1 000000 0000 001", fault: "several layers" },
  { name: "other time framing", bits: "0 0 0", fault: "streams of different time framing" },
  {
    name: "CELP framing",
    bits: "0 0 1 000000 0000 000" + " 00010 0100 0010 000" + " 011",
    fault: "frameLengthType 3",
  },
] as const;

for (const element of ELEMENTS) {
  Deno.test(`LoasReader reads or refuses ${element.name}`, () => {
    const bits = element.bits.replaceAll(" ", "");
    const bytes = new Uint8Array(Math.ceil(bits.length / 8));
    for (let at = 0; at < bits.length; at++) bytes[at >> 3]! |= Number(bits[at]) << (7 - at % 8);
    const reader = new LoasReader();
    reader.push(new Uint8Array([0x56, 0xe0 | bytes.length >> 8, bytes.length & 0xff, ...bytes]));
    const frames = reader.flush();
    if ("fault" in element) {
      assert.equal(reader.lastFault?.message, `Cannot read StreamMuxConfig: ${element.fault} not supported`);
      assert.deepEqual(frames, []);
    } else {
      assert.equal(reader.lastFault, undefined);
      assert.deepEqual(frames.map(({ payload }) => payload.toHex()), element.payloads);
      assert.equal(frames[0]!.mux.codecConfig.toHex(), "1210");
    }
  });
}
