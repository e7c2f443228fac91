import assert from "node:assert/strict";
import fc from "fast-check";
import { inter, key, packet } from "./_rig_test.ts";
import { MAX_LOGGED_PACKETS, PacketLog } from "./packet_log.ts";
import type { PacketCursor } from "./packet_log.ts";

const BOUNDS = { maxBytes: 400, maxMs: 2_000 };

/** Everything a cursor has to say now, as times in ms. */
function drain(cursor: PacketCursor): number[] {
  const times: number[] = [];
  for (let next = cursor.next(); next !== undefined; next = cursor.next()) times.push(next.dtsUs / 1000);
  return times;
}

Deno.test("PacketLog keeps within its bounds, whatever is appended and read", () => {
  const step = fc.oneof(
    fc.record({
      isKey: fc.boolean(),
      ms: fc.integer({ min: 0, max: 300 }),
      bytes: fc.integer({ min: 1, max: 90 }),
    }),
    fc.constantFrom("read", "join", "leave", "clear"),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
    const log = new PacketLog(BOUNDS);
    const cursors = new Map<PacketCursor, number>();
    let ms = 0;
    let appended = 0;
    for (const one of steps) {
      if (one === "read") {
        for (const [cursor, last] of cursors) {
          const times = drain(cursor);
          assert.ok(times.every((time, index) => time >= (times[index - 1] ?? last)), "in order");
          cursors.set(cursor, times.at(-1) ?? last);
        }
      } else if (one === "join") cursors.set(log.cursor(), -1);
      else if (one === "leave") {
        const [cursor] = cursors.keys();
        cursor?.[Symbol.dispose]();
        if (cursor !== undefined) cursors.delete(cursor);
      } else if (one === "clear") log.clear();
      else {
        ms += one.ms;
        const text = "x".repeat(one.bytes);
        log.append(one.isKey ? key(ms, text) : inter(ms, text), one.isKey);
        appended++;
      }
      const kept = Array.from({ length: log.end - log.first }, (_, index) => log.at(log.first + index)!);
      assert.equal(log.end, appended, "numbers count from the start of the stream");
      assert.equal(log.bytes, kept.reduce((sum, { payload }) => sum + payload.length, 0));
      assert.ok(log.bytes <= BOUNDS.maxBytes || kept.length === 0, `${log.bytes} bytes`);
      if (kept.length > 0) {
        assert.ok(kept.at(-1)!.dtsUs - kept[0]!.dtsUs <= BOUNDS.maxMs * 1000);
        if (log.start !== undefined) assert.ok(log.at(log.start)?.isKeyFrame, "a start is a key frame");
        if (cursors.size === 0 && typeof one !== "string") {
          assert.equal(log.first, log.start, "nobody reads what is before the newest start");
        }
      }
    }
  }));
});

Deno.test("PacketLog without consumers keeps the newest GOP only, with them what they have still to read", () => {
  const log = new PacketLog({ maxBytes: 1_000, maxMs: 10_000 });
  const fill = (from: number) => {
    log.append(key(from), true);
    log.append(inter(from + 40), false);
  };
  fill(0);
  fill(1_000);
  assert.deepEqual([log.first, log.start, log.end], [2, 2, 4]);
  const cursor = log.cursor();
  assert.equal(cursor.next()?.dtsUs, 1_000_000);
  fill(2_000);
  assert.deepEqual(drain(cursor), [1_040, 2_000, 2_040]);
  cursor[Symbol.dispose]();
  fill(3_000);
  assert.deepEqual([log.first, log.end], [6, 8]);
});

Deno.test("PacketLog holds a publisher that sends many tiny packets at one time to a number of them", () => {
  const log = new PacketLog({ maxBytes: 16 * 1024 * 1024, maxMs: 15_000 });
  log.append(key(0), true);
  for (let i = 1; i < MAX_LOGGED_PACKETS; i++) log.append(inter(0), false);
  assert.deepEqual([log.start, log.end - log.first], [0, MAX_LOGGED_PACKETS], "all fit");
  log.append(inter(0), false);
  log.append(inter(0), false);
  assert.deepEqual([log.start, log.end - log.first], [undefined, 0], "without its key frame it is of no use");
  const cursor = log.cursor();
  for (let i = 0; i < 3 * MAX_LOGGED_PACKETS; i++) log.append(inter(i), i % 1_000 === 0);
  assert.ok(log.end - log.first <= MAX_LOGGED_PACKETS, "with a consumer that does not read");
  assert.equal(log.at(log.first - 1), undefined);
  assert.equal(log.at(log.end - 1)?.dtsUs, (3 * MAX_LOGGED_PACKETS - 1) * 1000);
  cursor[Symbol.dispose]();
});

Deno.test("PacketLog counts what a packet came in, not only what is played of it", () => {
  const log = new PacketLog({ maxBytes: 1_000, maxMs: 10_000 });
  const padded = { ...key(0), flvTagBody: new Uint8Array(600) };
  log.append(padded, true);
  assert.equal(log.bytes, 600);
  log.append({ ...padded, isKeyFrame: false }, false);
  assert.equal(log.start, undefined, "both are too much");
});

Deno.test("PacketCursor that joins a log without a key frame waits for one", () => {
  const log = new PacketLog({ maxBytes: 1_000, maxMs: 10_000 });
  const cursor = log.cursor();
  log.append(inter(0), false);
  assert.deepEqual(drain(cursor), []);
  log.append(key(40), true);
  log.append(inter(80), false);
  assert.deepEqual([drain(cursor), cursor.missed], [[40, 80], 0]);
});

Deno.test("PacketCursor starts where the log was when it was made, however late it is read", () => {
  const log = new PacketLog({ maxBytes: 1_000, maxMs: 10_000 });
  const early = log.cursor();
  const gop = (from: number) => {
    log.append(key(from), true);
    log.append(inter(from + 40), false);
  };
  gop(0);
  const late = log.cursor();
  gop(1_000);
  assert.deepEqual(drain(early), [0, 40, 1_000, 1_040]);
  assert.deepEqual(drain(late), [0, 40, 1_000, 1_040]);
  assert.deepEqual([early.missed, late.missed], [0, 0]);
  assert.deepEqual(drain(log.cursor()), [1_000, 1_040]);
});

Deno.test("PacketCursor from now on starts at the next packet, whatever it is", () => {
  const log = new PacketLog({ maxBytes: 1_000, maxMs: 10_000 });
  log.append(key(0), true);
  const cursor = log.cursor(undefined, { isFromNow: true });
  log.append(inter(40), false);
  assert.deepEqual(drain(cursor), [40]);
});

Deno.test("PacketCursor that reads at once misses nothing where the log keeps nothing", () => {
  const log = new PacketLog({ maxBytes: 0, maxMs: 0 });
  const cursor = log.cursor(undefined, { isFromNow: true });
  const times: number[] = [];
  const read = () => {
    times.push(...drain(cursor));
    cursor.whenAppended(read);
  };
  read();
  for (let ms = 0; ms < 5; ms++) log.append(inter(ms), false);
  assert.deepEqual([times, log.end - log.first, cursor.missed], [[0, 1, 2, 3, 4], 0, 0]);
});

Deno.test("PacketLog keeps no more than the newest GOP for consumers that keep up", () => {
  const log = new PacketLog({ maxBytes: 1_000, maxMs: 10_000 });
  const cursor = log.cursor();
  for (let ms = 0; ms < 500; ms += 10) {
    log.append(ms % 100 === 0 ? key(ms) : inter(ms), ms % 100 === 0);
    drain(cursor);
  }
  assert.deepEqual([log.first, log.end], [40, 50]);
});

Deno.test("PacketCursor goes on with the next packet after the log was cleared", () => {
  const log = new PacketLog({ maxBytes: 1_000, maxMs: 10_000 });
  const cursor = log.cursor();
  log.append(key(0), true);
  log.append(inter(40), false);
  assert.equal(cursor.next()?.dtsUs, 0);
  log.clear();
  log.append(key(0), true);
  assert.deepEqual([drain(cursor), cursor.missed], [[0], 1]);
});

Deno.test("PacketCursor as an iterator gives packets as they come, and ends when it is disposed", async () => {
  const log = new PacketLog({ maxBytes: 1_000, maxMs: 10_000 });
  const cursor = log.cursor();
  const times: number[] = [];
  const reading = (async () => {
    for await (const one of cursor) times.push(one.dtsUs / 1000);
  })();
  for (let ms = 0; ms < 5; ms++) {
    log.append(packet("video", ms, { isKeyFrame: ms === 0 }), ms === 0);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  cursor[Symbol.dispose]();
  await reading;
  assert.deepEqual(times, [0, 1, 2, 3, 4]);
});
