import assert from "node:assert/strict";
import { ManualClock } from "#clock";
import { READ_BUFFER_BYTES, ReadBuffers, ReadSizing } from "./read_buffers.ts";
import { ReadPacer } from "./read_pacer.ts";

/** Reads at a rate for some time; `paces` are the waits after each window of 100 ms. */
function readAt(pacer: ReadPacer, clock: ManualClock, use: { readsPerS: number; windows: number }): number[] {
  const paces: number[] = [];
  for (let window = 0; window < use.windows; window++) {
    clock.advance(100);
    // the rate is taken once in 16 reads
    for (let i = 0; i < use.readsPerS / 10; i++) pacer.shouldPace();
    paces.push(pacer.paceMs);
  }
  return paces;
}

Deno.test("ReadPacer holds nothing up while the process reads seldom", () => {
  const clock = new ManualClock();
  const pacer = new ReadPacer(clock);
  readAt(pacer, clock, { readsPerS: 2_400, windows: 20 });
  assert.equal(pacer.paceMs, 0);
  assert.equal(pacer.shouldPace(), false);
});

Deno.test("ReadPacer waits longer as long as it reads often, up to its bound, and shorter when it does not", () => {
  const clock = new ManualClock();
  const pacer = new ReadPacer(clock);
  const rising = readAt(pacer, clock, { readsPerS: 6_400, windows: 12 });
  assert.ok(rising.every((pace, index) => pace >= (rising[index - 1] ?? 0)), rising.join());
  assert.equal(rising.at(-1), 40);
  const falling = readAt(pacer, clock, { readsPerS: 320, windows: 14 });
  assert.ok(falling.every((pace, index) => pace <= (falling[index - 1] ?? 40)), falling.join());
  assert.equal(falling.at(-1), 0);
});

Deno.test("ReadPacer lets all that wait read at one beat", () => {
  const clock = new ManualClock();
  const pacer = new ReadPacer(clock);
  readAt(pacer, clock, { readsPerS: 6_400, windows: 12 });
  const reads: string[] = [];
  pacer.wait(() => reads.push("a"));
  clock.advance(15);
  pacer.wait(() => reads.push("b"));
  assert.equal(clock.pending, 1, "one timer for all");
  clock.advance(24);
  assert.deepEqual(reads, []);
  clock.advance(1);
  assert.deepEqual(reads, ["a", "b"]);
  assert.equal(clock.pending, 0);
});

Deno.test("ReadPacer comes to rest when nothing is read any more", () => {
  const clock = new ManualClock();
  const pacer = new ReadPacer(clock);
  readAt(pacer, clock, { readsPerS: 6_400, windows: 12 });
  for (let beat = 0; beat < 200 && pacer.paceMs > 0; beat++) {
    pacer.wait(() => {});
    clock.advance(pacer.paceMs);
  }
  assert.equal(pacer.paceMs, 0);
});

Deno.test("ReadSizing goes up with full buffers and down with eight small reads in a row", () => {
  const sizing = new ReadSizing();
  assert.equal(sizing.sizeClass, 0);
  for (const size of READ_BUFFER_BYTES) sizing.observe(size);
  assert.equal(sizing.sizeClass, 3);
  sizing.observe(READ_BUFFER_BYTES[3]);
  assert.equal(sizing.sizeClass, 3, "there is nothing above");
  for (let i = 0; i < 7; i++) sizing.observe(10);
  sizing.observe(READ_BUFFER_BYTES[2]);
  for (let i = 0; i < 7; i++) sizing.observe(10);
  assert.equal(sizing.sizeClass, 3, "a large read starts the count anew");
  sizing.observe(10);
  assert.equal(sizing.sizeClass, 2);
  for (let i = 0; i < 100; i++) sizing.observe(10);
  assert.equal(sizing.sizeClass, 0);
});

Deno.test("ReadBuffers reuses what was given back, by size, up to a bound", () => {
  const buffers = new ReadBuffers();
  const small = buffers.take(0);
  const large = buffers.take(3);
  assert.deepEqual([small.length, large.length], [READ_BUFFER_BYTES[0], READ_BUFFER_BYTES[3]]);
  buffers.give(0, small);
  buffers.give(3, large);
  assert.equal(buffers.take(3), large);
  assert.equal(buffers.take(0), small);
  const many = Array.from({ length: 40 }, () => buffers.take(3));
  for (const buffer of many) buffers.give(3, buffer);
  const kept = new Set(many);
  const reused = Array.from({ length: 40 }, () => buffers.take(3)).filter((buffer) => kept.has(buffer));
  assert.equal(reused.length, 32, "8 MiB of 256 KiB");
});
