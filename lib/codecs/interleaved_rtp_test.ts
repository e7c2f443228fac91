import assert from "node:assert/strict";
import fc from "fast-check";
import { AvcRtpDepacketizer } from "#codecs/avc";

/** Access units of some pictures each, the order their NAL units are sent in, and how these are packed. */
const INTERLEAVED = fc.record({
  sizes: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 12 }),
  moves: fc.array(fc.nat(6), { minLength: 36, maxLength: 36 }),
  packings: fc.array(fc.nat(3), { minLength: 36, maxLength: 36 }),
  first: fc.integer({ min: 0, max: 0xffff }),
});

interface Numbered {
  readonly number: number;
  readonly place: number;
  readonly timestamp: number;
  readonly nalUnit: Uint8Array;
}

Deno.test("AvcRtpDepacketizer puts any interleaving of mode 2 in order at the depth it declares", () => {
  fc.assert(
    fc.property(INTERLEAVED, ({ sizes, moves, packings, first }) => {
      const sent = sizes.flatMap((count, unit) => Array(count).fill(unit)).map((unit, place): Numbered => ({
        number: first + place & 0xffff,
        place,
        timestamp: unit * 3000,
        nalUnit: Uint8Array.of(0x61, place, unit, 7),
      }));
      // each goes back some places at most
      const order = sent.map((unit, at) => ({ unit, key: at + moves[at]! })).sort((a, b) => a.key - b.key);
      const units = order.map(({ unit }) => unit);
      const interleavingDepth = Math.max(
        ...units.map((unit, at) => units.slice(0, at).filter(({ place }) => place > unit.place).length),
      );
      // what pushes the last ones out
      for (let more = 0; more <= interleavingDepth; more++) {
        const place = sent.length + more;
        const timestamp = 90_000 + place;
        units.push({ number: first + place & 0xffff, place, timestamp, nalUnit: Uint8Array.of(0x61, place) });
      }
      const depacketizer = new AvcRtpDepacketizer({ interleavingDepth });
      const got = units.flatMap((unit, at) =>
        interleavedPayloads(unit, packings[at] ?? 0).flatMap((payload) =>
          depacketizer.push({ payload, timestamp: unit.timestamp, isMarked: false, isAfterLoss: false })
        )
      );
      const expected = sizes.map((_, unit) =>
        sent.filter(({ timestamp }) => timestamp === unit * 3000).map(({ nalUnit }) =>
          "00000004" + nalUnit.toHex()
        ).join("")
      );
      assert.deepEqual(got.map(({ payload }) => payload.toHex()), expected);
      assert.equal(depacketizer.malformedPayloads, 0);
    }),
    { numRuns: 200 },
  );
});

/** STAP-B, MTAP16, MTAP24, or FU-B and FU-A. */
function interleavedPayloads({ number, nalUnit }: Numbered, packing: number): Uint8Array[] {
  const don = [number >> 8, number & 0xff];
  const size = [0, nalUnit.length];
  if (packing === 0) return [Uint8Array.of(0x79, ...don, ...size, ...nalUnit)];
  if (packing === 1) return [Uint8Array.of(0x7a, ...don, ...size, 0, 0, 0, ...nalUnit)];
  if (packing === 2) return [Uint8Array.of(0x7b, ...don, ...size, 0, 0, 0, 0, ...nalUnit)];
  const [, second = 0, ...rest] = nalUnit;
  return [Uint8Array.of(0x7d, 0x81, ...don, second), Uint8Array.of(0x7c, 0x41, ...rest)];
}
