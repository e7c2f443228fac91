import assert from "node:assert/strict";
import fc from "fast-check";
import {
  AacRtpDepacketizer,
  AacRtpPacketizer,
  encodeStreamMuxConfig,
  LatmRtpDepacketizer,
  LatmRtpPacketizer,
  parseAacConfig,
} from "#codecs/aac";
import { Ac3RtpDepacketizer, Ac3RtpPacketizer } from "#codecs/ac3";
import { Av1RtpDepacketizer, Av1RtpPacketizer } from "#codecs/av1";
import { AvcRtpDepacketizer, AvcRtpPacketizer } from "#codecs/avc";
import { HevcRtpDepacketizer, HevcRtpPacketizer } from "#codecs/hevc";
import { KlvRtpDepacketizer, KlvRtpPacketizer } from "#codecs/klv";
import { Mp3RtpDepacketizer, Mp3RtpPacketizer } from "#codecs/mp3";
import { Vp8RtpDepacketizer, Vp8RtpPacketizer } from "#codecs/vp8";
import { Vp9RtpDepacketizer, Vp9RtpPacketizer } from "#codecs/vp9";
import type { RtpDepacketizer, RtpFragment, RtpPacketizer, RtpUnit } from "#media";

/** A payload in hexadecimal, and what is said of it: m(arked), l(ost before), the timestamp. */
type Row = readonly [hex: string, flags?: string, timestamp?: number];

function feed(depacketizer: RtpDepacketizer, rows: readonly Row[]): [hex: string, timestamp: number][] {
  const units: RtpUnit[] = [];
  for (const [hex, flags = "", timestamp = 0] of rows) {
    const lent = Uint8Array.fromHex(hex.replaceAll(" ", ""));
    const isMarked = flags.includes("m");
    units.push(
      ...depacketizer.push({ payload: lent, timestamp, isMarked, isAfterLoss: flags.includes("l") }),
    );
    lent.fill(0xee);
  }
  return units.map(({ payload, timestamp }) => [payload.toHex(), timestamp]);
}

interface Case {
  readonly what: string;
  readonly rows: readonly Row[];
  readonly units: readonly (readonly [hex: string, timestamp: number])[];
  readonly malformed?: number;
}

function testCases(name: string, make: () => RtpDepacketizer, cases: readonly Case[]): void {
  Deno.test(name, async (context) => {
    for (const { what, rows, units, malformed = 0 } of cases) {
      await context.step(what, () => {
        const depacketizer = make();
        assert.deepEqual(
          feed(depacketizer, rows),
          units.map(([hex, time]) => [hex.replaceAll(" ", ""), time]),
        );
        assert.equal(depacketizer.malformedPayloads, malformed);
      });
    }
  });
}

testCases("AvcRtpDepacketizer", () => new AvcRtpDepacketizer(), [
  { what: "single NAL units", rows: [["6742"], ["6588", "m"]], units: [["00000002 6742 00000002 6588", 0]] },
  {
    what: "the timestamp ends a unit",
    rows: [["61aa", "", 1], ["61bb", "", 2]],
    units: [["00000002 61aa", 1]],
  },
  {
    what: "STAP-A, an empty unit in it",
    rows: [["78 0002 6742 0000 0001 68", "m"]],
    units: [["00000002 6742 00000001 68", 0]],
  },
  {
    what: "STAP-A that lies about a size",
    rows: [["78 0001 67 0009 68", "m"]],
    units: [["00000001 67", 0]],
    malformed: 1,
  },
  { what: "STAP-A cut in a size", rows: [["78 0001 67 00", "m"]], units: [["00000001 67", 0]], malformed: 1 },
  { what: "STAP-B", rows: [["79 0102 0002 6742", "m"]], units: [["00000002 6742", 0]] },
  {
    what: "MTAP16, two times",
    rows: [["7a 0000 0002 00 0000 6101 0002 01 0010 6102", "m", 100]],
    units: [["00000002 6101", 100], ["00000002 6102", 116]],
  },
  { what: "MTAP24", rows: [["7b 0000 0002 00 000001 6101", "m", 100]], units: [["00000002 6101", 101]] },
  { what: "MTAP24 that lies", rows: [["7b 0000 0009 00 000001 6101", "m"]], units: [], malformed: 1 },
  { what: "FU-A", rows: [["7c85 01"], ["7c05 02"], ["7c45 03", "m"]], units: [["00000004 65010203", 0]] },
  { what: "FU-B", rows: [["7d85 0000 01"], ["7c45 03", "m"]], units: [["00000003 650103", 0]] },
  {
    what: "FU-A without start",
    rows: [["7c05 02"], ["7c45 03"], ["6101", "m"]],
    units: [["00000002 6101", 0]],
    malformed: 2,
  },
  {
    what: "FU-A with a hole is left out",
    rows: [["6101"], ["7c85 01"], ["7c45 03", "lm"]],
    units: [["00000002 6101", 0]],
    malformed: 1,
  },
  { what: "FU-A without end", rows: [["7c85 01"], ["6101", "m"]], units: [["00000002 6101", 0]] },
  { what: "FU-A of its header alone", rows: [["7c"], ["", "m"]], units: [], malformed: 2 },
  { what: "reserved types", rows: [["1e00"], ["0000", "m"]], units: [], malformed: 2 },
]);

testCases("AvcRtpDepacketizer, mode 2", () => new AvcRtpDepacketizer({ interleavingDepth: 1 }), [
  {
    what: "pictures that changed places, two in a STAP-B, one in fragments",
    rows: [
      // numbers 65535 and 0 of one access unit, then 3 before 1 and 2
      ["79 ffff 0002 6742 0003 658801", "m", 0],
      ["7d81 0003 33", "", 300],
      ["7c41 34", "m", 300],
      ["7a 0001 0002 00 0000 6111 0002 01 0064 6122", "m", 100],
      ["7b 0004 0002 00 000000 6144", "m", 400],
    ],
    units: [
      ["00000002 6742 00000003 658801", 0],
      ["00000002 6111", 100],
      ["00000002 6122", 200],
    ],
  },
  {
    what: "without numbers: single units, STAP-A, FU-A first",
    rows: [["6742"], ["78 0002 6742"], ["7c85 01"], ["7c45 02", "m"]],
    units: [],
    malformed: 4,
  },
  {
    what: "twice, and too late",
    rows: [["79 0005 0002 6105", "", 5], ["79 0005 0002 6105", "", 5], ["79 0006 0002 6106", "", 6], [
      "79 0004 0002 6104",
      "",
      4,
    ]],
    units: [],
    malformed: 2,
  },
  {
    what: "numbers of another run begin behind what waits",
    rows: [["79 0005 0002 6105", "", 5], ["79 9000 0002 6106", "", 6], ["79 9001 0002 6107", "", 7]],
    units: [["00000002 6105", 5]],
  },
  { what: "fragments with a hole", rows: [["7d81 0003 33"], ["7c41 34", "lm"]], units: [], malformed: 1 },
  { what: "numbers cut off", rows: [["79"], ["79 00"], ["7a 00"], ["7d81 00"]], units: [], malformed: 4 },
]);

testCases("HevcRtpDepacketizer with numbers", () => new HevcRtpDepacketizer({ reorderedNalUnits: 1 }), [
  {
    what: "single, aggregated and in fragments",
    rows: [
      ["4001 0000 aa", "", 0],
      ["6201 93 0003 33", "", 300],
      ["6201 53 34", "m", 300],
      ["6001 0001 0003 260111 00 0003 020122", "m", 0],
      ["0201 0004 44", "m", 400],
      ["0201 0005 55", "m", 500],
    ],
    units: [["00000003 4001aa 00000003 260111 00000003 020122", 0], ["00000004 26013334", 300]],
  },
  {
    what: "cut",
    rows: [["4001 00"], ["4001 0000"], ["6001 00"], ["6201 93 00"], ["6001 0001 0005 4001"]],
    units: [],
    malformed: 5,
  },
]);

testCases("HevcRtpDepacketizer takes payload content information off", () => new HevcRtpDepacketizer(), [
  {
    what: "around a single unit and an aggregation",
    // A 0, cType 19 and 48, PHSsize 1 and 0
    rows: [["6401 2610 ff aabb"], ["6401 6000 0003 4001cc", "m"]],
    units: [["00000004 2601aabb 00000003 4001cc", 0]],
  },
  {
    what: "within itself, longer than the packet, of nothing",
    rows: [["6401 6400 aa"], ["6401 27f0 aa"], ["6401 2600"], ["640126", "m"]],
    units: [],
    malformed: 4,
  },
]);

testCases("HevcRtpDepacketizer", () => new HevcRtpDepacketizer(), [
  { what: "single", rows: [["4001aa"], ["2601bb", "m"]], units: [["00000003 4001aa 00000003 2601bb", 0]] },
  {
    what: "aggregation, with a unit of no bytes and one that lies",
    rows: [["6001 0003 4001aa 0000 00ff 4201", "m"]],
    units: [["00000003 4001aa", 0]],
    malformed: 1,
  },
  {
    what: "fragments",
    rows: [["620193 01"], ["620113 02"], ["620153 03", "m"]],
    units: [["00000005 2601010203", 0]],
  },
  { what: "fragment without start", rows: [["620153 03", "m"]], units: [], malformed: 1 },
  { what: "cut, and unknown types", rows: [["26"], ["2601"], ["660100", "m"]], units: [], malformed: 3 },
]);

testCases("AacRtpDepacketizer, AAC-hbr", () => new AacRtpDepacketizer(), [
  { what: "one frame", rows: [["0010 0010 aabb", "m", 5]], units: [["aabb", 5]] },
  { what: "two frames", rows: [["0020 0010 0008 aabbcc", "m", 5]], units: [["aabb", 5], ["cc", 1029]] },
  { what: "a size that lies", rows: [["0020 0008 0080 aabbcc", "m"]], units: [["aa", 0]], malformed: 1 },
  { what: "fragments", rows: [["0010 0020 aabb"], ["0010 0020 ccdd", "m"]], units: [["aabbccdd", 0]] },
  { what: "a fragment was lost", rows: [["0010 0020 aabb"], ["0010 0020 ccdd", "ml"]], units: [] },
  { what: "more than the whole", rows: [["0010 0018 aabb"], ["0010 0018 ccdd"]], units: [], malformed: 1 },
  { what: "no headers", rows: [["0000 aabb"], ["00"], [""], ["ffff 00"]], units: [], malformed: 4 },
  { what: "an empty frame", rows: [["0010 0000"]], units: [] },
]);

testCases(
  "AacRtpDepacketizer, AAC-lbr",
  () => new AacRtpDepacketizer({ sizeLength: 6, indexLength: 2, indexDeltaLength: 2 }),
  [{ what: "two frames", rows: [["0010 08 04 aabbcc"]], units: [["aabb", 0], ["cc", 1024]] }],
);

testCases(
  "LatmRtpDepacketizer, configuration in the SDP",
  () => new LatmRtpDepacketizer({ config: parseAacConfig("400024203fc0") }),
  [
    { what: "one frame", rows: [["02 aabb", "m"]], units: [["aabb", 0]] },
    { what: "split over packets", rows: [["04 aabb"], ["ccdd", "m"]], units: [["aabbccdd", 0]] },
    { what: "a hole", rows: [["04 aabb"], ["dd", "lm"], ["01 ee", "m", 1]], units: [["ee", 1]] },
    { what: "a length that lies", rows: [["ff 05 aa", "m"]], units: [], malformed: 1 },
  ],
);

testCases("KlvRtpDepacketizer", () => new KlvRtpDepacketizer(), [
  { what: "a unit in two packets", rows: [["060e2b34"], ["0102", "m"]], units: [["060e2b340102", 0]] },
  {
    what: "without end, with a hole, empty",
    rows: [["aa"], ["bb", "", 1], ["cc", "lm", 1], ["", "m", 2], ["dd", "m", 3]],
    units: [["dd", 3]],
    malformed: 3,
  },
]);

testCases("Mp3RtpDepacketizer", () => new Mp3RtpDepacketizer(), [
  { what: "nothing", rows: [["00000000"], [""]], units: [], malformed: 2 },
  { what: "no frame", rows: [["00000000 01020304"]], units: [], malformed: 1 },
  { what: "a fragment without start", rows: [["00000010 aabb"]], units: [], malformed: 1 },
]);

testCases("Ac3RtpDepacketizer", () => new Ac3RtpDepacketizer(), [
  {
    what: "nothing, no frame, no start",
    rows: [["0001"], ["0001 0000"], ["0302 aa", "m"]],
    units: [],
    malformed: 3,
  },
]);

testCases("Vp8RtpDepacketizer", () => new Vp8RtpDepacketizer(), [
  { what: "two packets", rows: [["10 aa"], ["00 bb", "m"]], units: [["aabb", 0]] },
  { what: "all fields", rows: [["90 f0 8001 02 03 aa", "m"]], units: [["aa", 0]] },
  { what: "short picture id", rows: [["90 80 01 aa", "m"]], units: [["aa", 0]] },
  {
    what: "without start, with a hole",
    rows: [["00 bb", "m"], ["10 aa"], ["00 bb", "lm"]],
    units: [],
    malformed: 2,
  },
  { what: "descriptor alone", rows: [["90"], ["90 f0 80"], ["10"]], units: [], malformed: 3 },
]);

testCases("Vp9RtpDepacketizer", () => new Vp9RtpDepacketizer(), [
  { what: "two packets", rows: [["08 aa"], ["04 bb", "m"]], units: [["aabb", 0]] },
  { what: "picture id, layers, not flexible", rows: [["ac 8001 00 07 aa", "m"]], units: [["aa", 0]] },
  { what: "flexible with two references", rows: [["dc 01 03 02 aa", "m"]], units: [["aa", 0]] },
  {
    what: "structure",
    rows: [["0e 18 01400b4 0 01 04 02 aa".replace("01400b4 0", "014000b4"), "m"]],
    units: [["aa", 0]],
  },
  { what: "without start, cut", rows: [["04 bb", "m"], ["0a", "m"]], units: [], malformed: 2 },
]);

testCases("Av1RtpDepacketizer", () => new Av1RtpDepacketizer(), [
  { what: "one unit gets its size", rows: [["10 30 aabb", "m"]], units: [["32 02 aabb", 0]] },
  {
    what: "several with sizes, delimiters left out",
    rows: [["00 01 10 02 30aa 01 30", "m"]],
    units: [["32 01 aa 32 00", 0]],
  },
  { what: "fragments", rows: [["50 30 aa"], ["90 bb", "m"]], units: [["32 02 aabb", 0]] },
  { what: "a hole", rows: [["50 30 aa"], ["90 bb", "lm"], ["10 30 cc", "m", 1]], units: [["32 01 cc", 1]] },
  { what: "goes on without start", rows: [["90 bb", "m"]], units: [], malformed: 1 },
  { what: "does not go on", rows: [["50 30 aa"], ["10 bb", "m"]], units: [], malformed: 1 },
  {
    what: "sizes that lie, or do not end",
    rows: [["00 09 30", "m"], ["00 ffffffffffffffffff", "m"], ["00", "m"]],
    units: [],
    malformed: 3,
  },
]);

/** Codecs whose units of any bytes survive the way through packets. */
const ROUND_TRIPS: readonly {
  readonly name: string;
  readonly packetizer: RtpPacketizer;
  readonly make: () => RtpDepacketizer;
  readonly unit: fc.Arbitrary<Uint8Array>;
}[] = [
  {
    name: "avc",
    packetizer: new AvcRtpPacketizer(),
    make: () => new AvcRtpDepacketizer(),
    unit: nalUnits((body) => Uint8Array.of(0x61, ...body)),
  },
  {
    name: "hevc",
    packetizer: new HevcRtpPacketizer(),
    make: () => new HevcRtpDepacketizer(),
    unit: nalUnits((body) => Uint8Array.of(0x26, 0x01, 7, ...body)),
  },
  {
    name: "aac",
    packetizer: new AacRtpPacketizer(),
    make: () => new AacRtpDepacketizer(),
    unit: fc.uint8Array({ minLength: 1, maxLength: 3000 }),
  },
  {
    name: "latm",
    packetizer: new LatmRtpPacketizer(),
    make: () => new LatmRtpDepacketizer({ config: encodeStreamMuxConfig(parseAacConfig("1210")) }),
    unit: fc.uint8Array({ minLength: 1, maxLength: 3000 }),
  },
  {
    name: "klv",
    packetizer: new KlvRtpPacketizer(),
    make: () => new KlvRtpDepacketizer(),
    unit: fc.uint8Array({ minLength: 1, maxLength: 3000 }),
  },
  {
    name: "vp8",
    packetizer: new Vp8RtpPacketizer(),
    make: () => new Vp8RtpDepacketizer(),
    unit: fc.uint8Array({ minLength: 1, maxLength: 3000 }),
  },
  {
    name: "vp9",
    packetizer: new Vp9RtpPacketizer(),
    make: () => new Vp9RtpDepacketizer(),
    unit: fc.uint8Array({ minLength: 1, maxLength: 3000 }),
  },
  {
    name: "av1",
    packetizer: new Av1RtpPacketizer(),
    make: () => new Av1RtpDepacketizer(),
    unit: fc.array(fc.uint8Array({ minLength: 1, maxLength: 100 }), { minLength: 1, maxLength: 4 }).map((
      bodies,
    ) => Uint8Array.from(bodies.flatMap((body) => [0x32, body.length, ...body]))),
  },
  {
    name: "mp3",
    packetizer: new Mp3RtpPacketizer(),
    make: () => new Mp3RtpDepacketizer(),
    // MPEG-1 layer III, 128 kbit/s, 44.1 kHz: 417 bytes
    unit: fc.uint8Array({ minLength: 413, maxLength: 413 }).map((body) =>
      Uint8Array.of(0xff, 0xfb, 0x90, 0x00, ...body)
    ),
  },
  {
    name: "ac3",
    packetizer: new Ac3RtpPacketizer(),
    make: () => new Ac3RtpDepacketizer(),
    // 48 kHz, 32 kbit/s: 128 bytes
    unit: fc.uint8Array({ minLength: 120, maxLength: 120 }).map((body) =>
      Uint8Array.of(0x0b, 0x77, 0, 0, 0x00, 0x40, 0x43, 0xe1, ...body)
    ),
  },
];

function nalUnits(make: (body: Uint8Array) => Uint8Array): fc.Arbitrary<Uint8Array> {
  return fc.array(fc.uint8Array({ maxLength: 900 }), { minLength: 1, maxLength: 6 }).map((bodies) =>
    Uint8Array.from(bodies.map(make).flatMap((unit) => [0, 0, unit.length >> 8, unit.length & 0xff, ...unit]))
  );
}

function payloadOf(unit: Uint8Array, { prefix, start, end }: RtpFragment): Uint8Array {
  return Uint8Array.of(...prefix, ...unit.subarray(start, end));
}

/** Depacketizers that survive anything, beside those of the round trips. */
const OTHERS: readonly { readonly name: string; readonly make: () => RtpDepacketizer }[] = [
  { name: "avc in mode 2", make: () => new AvcRtpDepacketizer({ interleavingDepth: 2 }) },
  { name: "hevc with numbers", make: () => new HevcRtpDepacketizer({ reorderedNalUnits: 2 }) },
  { name: "latm with configurations in it", make: () => new LatmRtpDepacketizer({}) },
];

for (const { name, packetizer, make, unit } of ROUND_TRIPS) {
  Deno.test(`${name}: what a packetizer makes is what a depacketizer reads, at any payload size`, () => {
    fc.assert(
      fc.property(
        fc.array(unit, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 64, max: 1400 }),
        (units, max) => {
          const depacketizer = make();
          const got: [string, number][] = [];
          for (const [index, sent] of units.entries()) {
            const fragments = packetizer.packetize(sent, max);
            for (const [at, fragment] of fragments.entries()) {
              const payload = payloadOf(sent, fragment);
              assert.ok(payload.length <= max, `payload of ${payload.length} bytes, at most ${max}`);
              const isMarked = at === fragments.length - 1;
              const read = depacketizer.push({
                payload,
                timestamp: index * 3000,
                isMarked,
                isAfterLoss: false,
              });
              got.push(
                ...read.map(({ payload, timestamp }): [string, number] => [payload.toHex(), timestamp]),
              );
            }
          }
          assert.deepEqual(got, units.map((sent, index) => [sent.toHex(), index * 3000]));
          assert.equal(depacketizer.malformedPayloads, 0);
        },
      ),
      { numRuns: 60 },
    );
  });
}

for (const { name, make } of [...ROUND_TRIPS, ...OTHERS]) {
  Deno.test(`${name}: a depacketizer survives any payloads, marks and losses`, () => {
    const payload = fc.record({
      payload: fc.uint8Array({ maxLength: 40 }),
      timestamp: fc.integer({ min: 0, max: 3 }),
      isMarked: fc.boolean(),
      isAfterLoss: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(payload, { maxLength: 20 }), (payloads) => {
        const depacketizer = make();
        for (const each of payloads) {
          for (const read of depacketizer.push(each)) assert.ok(read.payload.length > 0);
        }
      }),
      { numRuns: 200 },
    );
  });
}
