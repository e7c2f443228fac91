import assert from "node:assert/strict";
import { concatBytes } from "#bytes";
import fc from "fast-check";
import { OwnBytes } from "./own_bytes.ts";

Deno.test("OwnBytes gives what was pushed, in order, however much of each front is taken", () => {
  const step = fc.oneof(
    fc.record({ push: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 8_000, max: 20_000 })) }),
    fc.record({ share: fc.double({ min: 0.01, max: 1, noNaN: true }) }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
    const own = new OwnBytes();
    const pushed: Uint8Array[] = [];
    const left: Uint8Array[] = [];
    let next = 0;
    const take = (share: number) => {
      const front = own.front();
      const count = Math.max(1, Math.floor(front.length * share));
      left.push(front.slice(0, count));
      own.consume(count);
    };
    for (const one of steps) {
      if ("push" in one) {
        const bytes = Uint8Array.from({ length: one.push }, () => next++ & 0xff);
        pushed.push(bytes);
        own.push(bytes);
      } else if (own.length > 0) take(one.share);
      const waiting = concatBytes(pushed).length - concatBytes(left).length;
      assert.equal(own.length, waiting);
    }
    while (own.length > 0) take(1);
    assert.deepEqual(concatBytes(left), concatBytes(pushed));
  }));
});

Deno.test("OwnBytes merges small neighbours into one front, and copies no large array", () => {
  const own = new OwnBytes();
  for (let i = 0; i < 1_000; i++) own.push(new Uint8Array(100).fill(i));
  const fronts: number[] = [];
  while (own.length > 0) {
    fronts.push(own.front().length);
    own.consume(fronts.at(-1)!);
  }
  assert.deepEqual(fronts, [16_300, 16_300, 16_300, 16_300, 16_300, 16_300, 2_200]);

  const large = new Uint8Array(100_000);
  own.push(large);
  own.push(new Uint8Array(1));
  assert.equal(own.front(), large);
});

Deno.test("OwnBytes takes the end of a write that was in flight when it was cleared", () => {
  const own = new OwnBytes();
  own.push(new Uint8Array(10));
  own.front();
  own.clear();
  own.consume(10);
  assert.equal(own.length, 0);
});
