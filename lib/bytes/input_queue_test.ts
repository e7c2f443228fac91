import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes, InputQueue } from "./mod.ts";

Deno.test("InputQueue gives what was pushed, whatever the caller does with its array afterwards", () => {
  const step = fc.record({
    push: fc.integer({ min: 0, max: 300 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const queue = new InputQueue({ maxBytes: 1 << 20 });
    const buffer = new Uint8Array(300);
    const pushed: Uint8Array[] = [];
    const read: Uint8Array[] = [];
    let next = 0;
    for (const { push, share } of steps) {
      const bytes = buffer.subarray(0, push).map(() => next++ & 0xff);
      pushed.push(bytes);
      buffer.set(bytes);
      queue.push(buffer.subarray(0, push));
      const count = Math.floor(queue.length * share);
      read.push(queue.readable.slice(0, count));
      queue.consume(count);
      queue.settle();
      buffer.fill(0xee);
    }
    read.push(queue.readable.slice());
    assert.deepEqual(concatBytes(read), concatBytes(pushed));
  }));
});

Deno.test("InputQueue copies nothing while it is empty, and only what is left otherwise", () => {
  const queue = new InputQueue({ maxBytes: 100 });
  const bytes = Uint8Array.of(1, 2, 3);
  queue.push(bytes);
  assert.equal(queue.readable.buffer, bytes.buffer, "a view of the pushed array");
  queue.consume(2);
  queue.settle();
  queue.settle();
  bytes.fill(0);
  assert.deepEqual(queue.readable, Uint8Array.of(3));
  assert.notEqual(queue.readable.buffer, bytes.buffer);
  assert.equal(queue.readable.buffer.byteLength, 1);
});

Deno.test("InputQueue holds maxBytes and not one more", () => {
  const queue = new InputQueue({ maxBytes: 10 });
  queue.push(new Uint8Array(4));
  queue.push(new Uint8Array(6));
  assert.equal(queue.length, 10);
  assert.throws(() => queue.push(new Uint8Array(1)), {
    name: "LimitError",
    message: "Cannot accept maxBytes of an input queue: 11 exceeds the limit 10",
  });
  queue.consume(1);
  queue.push(new Uint8Array(1));
  assert.equal(queue.length, 10);
  assert.throws(() => new InputQueue({ maxBytes: 10 }).push(new Uint8Array(11)), { name: "LimitError" });
});

Deno.test("InputQueue refuses to consume what is not there", () => {
  const queue = new InputQueue({ maxBytes: 10 });
  queue.push(new Uint8Array(2));
  assert.throws(() => queue.consume(3), { name: "RangeError", message: "Cannot consume 3 of 2 bytes" });
  queue.consume(2);
  assert.equal(queue.length, 0);
});

Deno.test("InputQueue takes one byte at a time with copies in proportion to its length", () => {
  const queue = new InputQueue({ maxBytes: 1 << 20 });
  let buffers = 0;
  let last: ArrayBufferLike | undefined;
  for (let i = 0; i < 100_000; i++) {
    queue.push(Uint8Array.of(i & 0xff));
    queue.settle();
    const { buffer } = queue.readable;
    if (buffer !== last) buffers++;
    last = buffer;
  }
  assert.equal(queue.length, 100_000);
  assert.ok(buffers < 40, `${buffers} memories for 100,000 bytes`);
});
