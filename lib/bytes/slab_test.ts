import assert from "node:assert/strict";
import { Slab, SLAB_BYTES } from "./slab.ts";

Deno.test("Slab gives arrays that do not overlap, zeroed, from shared memory", () => {
  const slab = new Slab();
  const arrays = Array.from({ length: 100 }, (_, i) => slab.take(1000 + i));
  for (const [i, array] of arrays.entries()) {
    assert.equal(array.length, 1000 + i);
    assert.ok(array.every((byte) => byte === 0), "zeroed, not written by another");
    array.fill(i + 1);
  }
  for (const [i, array] of arrays.entries()) assert.ok(array.every((byte) => byte === i + 1));
  assert.equal(arrays.at(-1)!.buffer, arrays.at(-2)!.buffer, "neighbours share memory");
});

Deno.test("Slab gives a large array memory of its own", () => {
  const array = new Slab().take(SLAB_BYTES);
  assert.equal(array.buffer.byteLength, SLAB_BYTES);
});

Deno.test("Slab costs an owner that takes little no more than that", () => {
  const slab = new Slab();
  const memory = new Set(Array.from({ length: 20 }, () => slab.take(100).buffer));
  let total = 0;
  for (const buffer of memory) total += buffer.byteLength;
  assert.ok(total <= 2 * 20 * 100, `${total} bytes for 2000`);
});
