import assert from "node:assert/strict";
import { MemorySource, SourceWindow } from "./mod.ts";

const BYTES = Uint8Array.from({ length: 100 }, (_, index) => index);

Deno.test("SourceWindow gives every range of the source, whatever the size of a block", async () => {
  for (const blockBytes of [1, 7, 32, 100, 1000]) {
    const window = new SourceWindow(new MemorySource(BYTES), { blockBytes });
    for (const [offset, length] of [[0, 4], [2, 10], [5, 1], [90, 10], [0, 100], [99, 1], [40, 0]] as const) {
      assert.deepEqual(await window.read(offset, length), BYTES.subarray(offset, offset + length));
      assert.deepEqual(window.peek(offset, length), BYTES.subarray(offset, offset + length));
    }
  }
});

Deno.test("SourceWindow says where the source ends, and sees it grow", async () => {
  const source = new MemorySource(BYTES);
  const window = new SourceWindow(source, { blockBytes: 16 });
  assert.equal(await window.read(95, 6), undefined);
  assert.deepEqual(await window.readUpTo(95, 6), BYTES.subarray(95));
  assert.deepEqual(await window.readUpTo(500, 6), new Uint8Array(0));
  source.append(Uint8Array.of(100));
  assert.deepEqual(await window.read(95, 6), Uint8Array.of(95, 96, 97, 98, 99, 100));
});

Deno.test("SourceWindow never writes into a block it has lent", async () => {
  const window = new SourceWindow(new MemorySource(BYTES), { blockBytes: 8 });
  const lent = await window.read(0, 8);
  await window.read(4, 8);
  await window.read(50, 8);
  assert.deepEqual(lent, BYTES.subarray(0, 8));
});
