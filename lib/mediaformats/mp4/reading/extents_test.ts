import { MemorySource } from "#bytes";
import fc from "fast-check";
import assert from "node:assert/strict";
import { ExtentReader } from "./extents.ts";

const FILE = Uint8Array.from({ length: 100_000 }, (_, at) => at * 7 + (at >> 8));

class CountingSource extends MemorySource {
  readonly reads: (readonly [offset: number, length: number])[] = [];

  override readAt(offset: number, into: Uint8Array): Promise<number> {
    this.reads.push([offset, into.length]);
    return super.readAt(offset, into);
  }
}

function placesOf(places: readonly (readonly [offset: number, size: number])[]) {
  return {
    offsets: Float64Array.from(places, ([offset]) => offset),
    sizes: Float64Array.from(places, ([, size]) => size),
  };
}

Deno.test("ExtentReader gives each place its own bytes, batch after batch, in any order", async () => {
  const place = fc.tuple(fc.nat(99_000), fc.nat(1000));
  const batches = fc.array(fc.array(place, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(batches, fc.constantFrom(0, 64, 2048), async (made, gapBytes) => {
      const reader = new ExtentReader(new MemorySource(FILE), { gapBytes });
      for (const batch of made) {
        const payloads = await reader.read(placesOf(batch));
        batch.forEach(([offset, size], at) => {
          assert.deepEqual(payloads[at], FILE.subarray(offset, offset + size));
        });
      }
    }),
    { numRuns: 100 },
  );
});

Deno.test("ExtentReader reads places near to each other at once, and a far track some batches ahead", async () => {
  const source = new CountingSource(FILE);
  const reader = new ExtentReader(source, { gapBytes: 1000 });
  await reader.read(placesOf([[0, 500], [900, 500], [500, 300]]));
  assert.deepEqual(source.reads.splice(0), [[0, 1400]]);
  // pictures of 3000 bytes from 2000 on, sounds of 100 bytes from 60,000 on
  for (let i = 0; i < 20; i++) {
    await reader.read(placesOf([[2000 + 3000 * i, 3000], [60_000 + 100 * i, 100]]));
  }
  const sounds = source.reads.filter(([offset]) => offset >= 60_000 && offset < 62_000);
  assert.deepEqual(sounds, [[60_000, 2000]]);
  assert.equal(source.reads.length, 21);
});

Deno.test("ExtentReader refuses places past the end, and reads on no further than it", async () => {
  const reader = new ExtentReader(new MemorySource(FILE), { gapBytes: 1000 });
  const [, last] = await reader.read(placesOf([[0, 10], [99_990, 10]]));
  assert.deepEqual(last, FILE.subarray(99_990));
  await assert.rejects(
    reader.read(placesOf([[99_990, 20]])),
    /Cannot read samples: need 20 bytes at offset 99990, have 10/,
  );
});
