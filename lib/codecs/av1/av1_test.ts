import assert from "node:assert/strict";
import fc from "fast-check";
import { FormatError, LimitError } from "#errors";
import {
  AV1_UNIT_TYPE,
  av1cFromUnits,
  decodeAv1SequenceHeader,
  findAv1Units,
  isAv1KeyFrame,
  withoutTemporalDelimiters,
} from "./mod.ts";

/** Sequence headers of libaom, and the records that ffmpeg wrote into MP4 for them. */
const CASES = [
  { name: "4:2:0", unit: "0a0b000000043cfeccdaf90040", head: "81000c00", size: [320, 180] },
  { name: "4:4:4", unit: "0a0a200000043d06c4daf902", head: "81200000", size: [322, 178] },
  { name: "4:2:0, ten bits", unit: "0a0b0000000cc4ff6736be5010", head: "81014c00", size: [640, 360] },
  { name: "monochrome", unit: "0a0a00000002aff79b5f2540", head: "81001c00", size: [64, 48] },
  { name: "4:2:2", unit: "0a0a400000032c1c4daf9010", head: "81400800", size: [66, 50] },
  { name: "4:2:0, twelve bits", unit: "0a0a40000002aff79b5f2c61", head: "81406c00", size: [64, 48] },
  { name: "RGB", unit: "0a0d20000002aff79b5f2404340080", head: "81200000", size: [64, 48] },
  { name: "4:4:4, twelve bits", unit: "0a0a40000002aff79b5f2c08", head: "81406000", size: [64, 48] },
] as const;

for (const { name, unit, head, size } of CASES) {
  Deno.test(`AV1 ${name} gives its configuration`, () => {
    const unitBytes = Uint8Array.fromHex(unit);
    const temporalUnit = Uint8Array.fromHex(`1200${unit}320110`);
    assert.equal(av1cFromUnits(temporalUnit)?.toHex(), head + unit);
    // the last unit may lack its size
    const unsized = new Uint8Array([0x08, ...unitBytes.subarray(2)]);
    assert.equal(av1cFromUnits(unsized)?.toHex(), head + unit);
    const sequence = decodeAv1SequenceHeader(temporalUnit)!;
    assert.deepEqual([sequence.width, sequence.height], size);
    for (let cut = 1; cut < unitBytes.length; cut++) {
      assert.throws(() => av1cFromUnits(unitBytes.subarray(0, cut)), FormatError, `cut at ${cut}`);
    }
  });
}

Deno.test("AV1 units are found, and delimiters taken out", () => {
  const { unit } = CASES[0];
  // with extension; with a size of two bytes; without size
  assert.deepEqual(
    findAv1Units(Uint8Array.fromHex("1200" + "0a0100" + "36000110" + "2a810000" + "30aa")).map(
      ({ type, start, payloadStart, end }) => [type, start, payloadStart, end],
    ),
    [[2, 0, 2, 2], [1, 2, 4, 5], [6, 5, 8, 9], [5, 9, 12, 13], [6, 13, 14, 15]],
  );
  const without = (hex: string) => withoutTemporalDelimiters(Uint8Array.fromHex(hex)).toHex();
  assert.equal(without(`1200${unit}320110`), `${unit}320110`);
  assert.equal(without(`${unit}320110`), `${unit}320110`);
  assert.equal(without(`1200${unit}1200320110`), `${unit}320110`);
  assert.equal(without("1200"), "");
  assert.throws(() => findAv1Units(Uint8Array.fromHex("1202aa")), {
    message: "Cannot read AV1 unit: need 2 bytes at offset 2, have 1",
  });
});

Deno.test("isAv1KeyFrame takes temporal units that begin with a key frame that is shown", () => {
  const { unit } = CASES[0];
  const cases = [
    [`1200${unit}320110`, true],
    ["1200320110", true],
    ["12001a0110", true],
    // inter frame, key frame that is not shown, frame shown again
    ["1200320130", false],
    ["1200320100", false],
    ["12001a0188", false],
    // a sequence of still pictures
    ["0a0118", true],
    ["1200", false],
    ["", false],
    ["3200320110", true],
  ] as const;
  for (const [hex, isKeyFrame] of cases) {
    assert.equal(isAv1KeyFrame(Uint8Array.fromHex(hex)), isKeyFrame, hex);
  }
  assert.equal(AV1_UNIT_TYPE.Frame, 6);
});

Deno.test("AV1 units with any change are read or refused", () => {
  const edits = fc.array(fc.record({ at: fc.nat(19), byte: fc.nat(255) }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fc.nat(CASES.length - 1), edits, (index, changes) => {
      const bytes = Uint8Array.fromHex(`1200${CASES[index]!.unit}320110`);
      for (const { at, byte } of changes) bytes[at % bytes.length] = byte;
      try {
        isAv1KeyFrame(bytes);
        const record = av1cFromUnits(bytes);
        assert.ok(record === undefined || record[0] === 0x81);
      } catch (error) {
        assert.ok(error instanceof FormatError || error instanceof LimitError, String(error));
      }
    }),
    { numRuns: 2_000 },
  );
});
