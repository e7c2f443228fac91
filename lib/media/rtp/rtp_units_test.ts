import assert from "node:assert/strict";
import fc from "fast-check";
import { LimitError } from "#errors";
import {
  DecodeOrder,
  MAX_REORDERED_NAL_UNITS,
  MAX_RTP_UNIT_BYTES,
  ReorderedUnits,
  type RtpUnit,
  UnitAssembler,
  WholeFrameRtpDepacketizer,
  WholeFrameRtpPacketizer,
} from "#media";

Deno.test("UnitAssembler writes lengths before NAL units, and leaves out what is empty or open", () => {
  const assembler = new UnitAssembler();
  assembler.nalUnit(Uint8Array.of(0x67, 1));
  assembler.nalUnit(new Uint8Array(0));
  assembler.begin();
  assembler.append(Uint8Array.of(0x65));
  assembler.append(Uint8Array.of(2, 3));
  assembler.end();
  assembler.begin();
  assembler.append(Uint8Array.of(9));
  assert.equal(assembler.isOpen, true);
  assert.equal(assembler.take().toHex(), "0000000267010000000365" + "0203");
  assert.equal(assembler.length, 0);
});

Deno.test("UnitAssembler refuses to grow over MAX_RTP_UNIT_BYTES", () => {
  const assembler = new UnitAssembler();
  const piece = new Uint8Array(MAX_RTP_UNIT_BYTES / 8);
  for (let count = 0; count < 8; count++) assembler.append(piece);
  assert.throws(() => assembler.append(Uint8Array.of(1)), LimitError);
  assert.equal(assembler.length, MAX_RTP_UNIT_BYTES);
});

Deno.test("ReorderedUnits holds MAX_REORDERED_NAL_UNITS and MAX_RTP_UNIT_BYTES at most, whatever depth is asked for", () => {
  const units: RtpUnit[] = [];
  const many = new ReorderedUnits({ depth: 32_767, counts: () => false });
  for (let number = 0; number < 2 * MAX_REORDERED_NAL_UNITS; number++) {
    many.push({ number, timestamp: number, nalUnit: Uint8Array.of(1) }, units);
    assert.ok(many.heldNalUnits < MAX_REORDERED_NAL_UNITS);
  }
  assert.equal(units.length, MAX_REORDERED_NAL_UNITS);
  const large = new ReorderedUnits({ depth: 1_000 });
  for (let number = 0; number < 20; number++) {
    large.push({ number, timestamp: number, nalUnit: new Uint8Array(MAX_RTP_UNIT_BYTES / 8) }, []);
    assert.ok(large.heldNalUnits <= 8);
  }
});

Deno.test("WholeFrameRtpDepacketizer takes payloads as frames, and counts empty ones", () => {
  const depacketizer = new WholeFrameRtpDepacketizer();
  const take = (payload: Uint8Array) =>
    depacketizer.push({ payload, timestamp: 7, isMarked: false, isAfterLoss: false });
  assert.deepEqual(take(Uint8Array.of(1, 2)), [{ payload: Uint8Array.of(1, 2), timestamp: 7 }]);
  assert.deepEqual(take(new Uint8Array(0)), []);
  assert.equal(depacketizer.malformedPayloads, 1);
  assert.equal(new WholeFrameRtpPacketizer().packetize(new Uint8Array(10), 100).length, 1);
  assert.equal(new WholeFrameRtpPacketizer().packetize(new Uint8Array(101), 100).length, 0);
});

Deno.test("DecodeOrder finds the decoding times of a stream with B pictures", () => {
  const cases: [depth: number, pts: number[], dts: number[]][] = [
    [0, [0, 40, 80], [0, 40, 80]],
    [1, [0, 120, 40, 80, 240, 160, 200], [-40, 0, 40, 80, 120, 160, 200]],
    [2, [0, 160, 80, 40, 120, 320, 240, 200, 280], [-80, -40, 0, 40, 80, 120, 160, 200, 240]],
  ];
  for (const [depth, pts, dts] of cases) {
    const order = new DecodeOrder();
    order.depth = depth;
    assert.deepEqual(pts.map((ms) => order.next(ms * 1000) / 1000), dts, `depth ${depth}`);
  }
});

Deno.test("DecodeOrder never gives a time above that of presentation", () => {
  fc.assert(fc.property(
    fc.integer({ min: 0, max: 20 }),
    fc.array(fc.integer({ min: -1000, max: 20_000_000 }), { maxLength: 60 }),
    (depth, times) => {
      const order = new DecodeOrder();
      order.depth = depth;
      for (const ptsUs of times) assert.ok(order.next(ptsUs) <= ptsUs);
    },
  ));
});
