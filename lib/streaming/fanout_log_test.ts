import assert from "node:assert/strict";
import fc from "fast-check";
import { ManualClock } from "#clock";
import { LimitError } from "#errors";
import { inter, key, LineWire, settled, TestSink, testStreams } from "./_rig_test.ts";
import { FlushTimer, MergeSchedule } from "./merge_schedule.ts";
import { SEGMENT_BYTES } from "./segment.ts";

const ORIGIN = { origin: "test", replaced() {} };
const LIMITS = { maxLagMs: 1_000, maxLagBytes: 1_000_000, closeLagMs: 5_000 };

/**
 * What a viewer got must be whole lines, in order, without a gap but where a jump said so; and a jump goes to a
 * key frame.
 */
function checkLines(received: string): { lines: number; jumps: number } {
  let previous: number | undefined;
  let jumps = 0;
  const lines = received.split("\n");
  lines.pop(); // what a viewer has of the message in flight
  for (const line of lines) {
    if (line.startsWith("H:") || line.startsWith("J:")) {
      if (line.startsWith("J:")) jumps++;
      previous = undefined;
      continue;
    }
    const match = /^v:media:(\d+):([Kp])(\d+)-(.)\4*$/.exec(line);
    assert.ok(match, `a whole line, not ${line.slice(0, 60)}`);
    const number = Number(match[3]);
    if (previous === undefined) assert.equal(match[2], "K", "starts at a key frame");
    else assert.equal(number, previous + 1, "no gap");
    previous = number;
  }
  return { lines: lines.length, jumps };
}

function lineText(kind: "K" | "p", number: number, length: number): string {
  return `${kind}${number}-${String.fromCharCode(97 + number % 26).repeat(length)}`;
}

Deno.test("FanoutLog gives slow viewers whole messages while freed segments are overwritten", async () => {
  let totalJumps = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 90_000 }), { minLength: 60, maxLength: 120 }),
      fc.array(fc.integer({ min: 0, max: 200_000 }), { minLength: 20, maxLength: 60 }),
      async (sizes, rooms) => {
        const { clock, registry, open } = testStreams(LIMITS);
        const stream = open();
        const publisher = stream.publish(ORIGIN)!;
        const sinks = [0, 1, 2, 3].map(() => new TestSink());
        publisher.publish(key(0, lineText("K", 0, 10)));
        for (const [i, sink] of sinks.entries()) {
          if (i > 0) sink.room = 0;
          stream.subscribe(sink, new LineWire());
        }
        for (const [i, size] of sizes.entries()) {
          const number = i + 1;
          const ms = number * 40;
          const isKey = number % 10 === 0;
          publisher.publish(
            isKey ? key(ms, lineText("K", number, size)) : inter(ms, lineText("p", number, size)),
          );
          await settled();
          for (const [k, sink] of sinks.entries()) {
            if (k > 0 && !sink.aborted) sink.drain(Math.floor(rooms[(i + k * 7) % rooms.length]! / k));
          }
          clock.advance(40);
        }
        for (const sink of sinks) if (!sink.aborted) sink.drain();
        const results = sinks.map((sink) => checkLines(sink.received));
        assert.equal(results[0]!.jumps, 0);
        assert.equal(results[0]!.lines, sizes.length + 2, "a fast viewer misses nothing");
        for (const result of results) totalJumps += result.jumps;
        assert.ok(registry.pool.live < 24, `${registry.pool.live} segments live`);
      },
    ),
    { numRuns: 10, endOnFailure: true },
  );
  assert.ok(totalJumps > 0, "some viewer was slow enough to jump");
});

Deno.test("FanoutLog does not hold memory for a viewer that stopped", async () => {
  const { clock, registry, open } = testStreams(LIMITS);
  const stream = open();
  const publisher = stream.publish(ORIGIN)!;
  publisher.publish(key(0, lineText("K", 0, 1000)));
  const stopped = new TestSink();
  stopped.room = 0;
  stream.subscribe(stopped, new LineWire());
  const live: number[] = [];
  for (let number = 1; number <= 300; number++) {
    const ms = number * 40;
    const text = lineText(number % 25 === 0 ? "K" : "p", number, 20_000);
    publisher.publish(number % 25 === 0 ? key(ms, text) : inter(ms, text));
    await settled();
    clock.advance(40);
    live.push(registry.pool.live);
  }
  assert.ok(stopped.aborted instanceof LimitError, "it was closed, and not as a normal end");
  assert.match(stopped.aborted.message, /Peer too slow: it took no byte for \d+ ms with \d+ bytes waiting/);
  assert.ok(Math.max(...live) * SEGMENT_BYTES < 3_000_000, `${Math.max(...live)} segments at most`);
});

Deno.test("FanoutLog does not hold memory for a viewer that trickles while no key frame comes", async () => {
  const { clock, registry, open } = testStreams({
    ...LIMITS,
    gopCacheBytes: 1_000_000,
    maxLagBytes: 1_000_000,
  });
  const stream = open();
  const publisher = stream.publish(ORIGIN)!;
  publisher.publish(key(0, lineText("K", 0, 1000)));
  const trickling = new TestSink();
  trickling.room = 0;
  const skipped: number[] = [];
  stream.subscribe(trickling, new LineWire(), { jumped: (skippedMs) => void skipped.push(skippedMs) });
  const live: number[] = [];
  for (let number = 1; number <= 300; number++) {
    publisher.publish(inter(number * 4, lineText("p", number, 20_000)));
    await settled();
    clock.advance(40);
    trickling.drain(10);
    live.push(registry.pool.live);
  }
  assert.equal(trickling.aborted, undefined, "it takes some bytes");
  assert.ok(Math.max(...live) * SEGMENT_BYTES < 3_000_000, `${Math.max(...live)} segments at most`);
  assert.equal(skipped.length, 1);
  trickling.drain();
  const before = trickling.received.length;
  publisher.publish(key(2_000, "NEW"));
  await settled();
  assert.equal(
    trickling.received.slice(before),
    "J:2000:\nv:media:2000:NEW\n",
    "goes on at the next key frame",
  );
});

Deno.test("FanoutLog gives a message larger than a segment whole", async () => {
  const stream = testStreams().open();
  const publisher = stream.publish(ORIGIN)!;
  const sink = new TestSink();
  stream.subscribe(sink, new LineWire());
  publisher.publish(key(0, lineText("K", 0, 3 * SEGMENT_BYTES)));
  publisher.publish(inter(40, lineText("p", 1, 10)));
  await settled();
  assert.deepEqual(checkLines(sink.received), { lines: 3, jumps: 0 });
});

Deno.test("Subscriber pauses between messages and goes on at the newest key frame", async () => {
  const stream = testStreams().open();
  const publisher = stream.publish(ORIGIN)!;
  const sink = new TestSink();
  const subscriber = stream.subscribe(sink, new LineWire());
  publisher.publish(key(0, lineText("K", 0, 4)));
  await settled();
  sink.room = 3;
  publisher.publish(inter(40, lineText("p", 1, 4)));
  await settled();
  subscriber.pause();
  sink.drain();
  publisher.publish(key(80, lineText("K", 2, 4)));
  publisher.publish(inter(120, lineText("p", 3, 4)));
  await settled();
  assert.deepEqual(checkLines(sink.received), { lines: 3, jumps: 0 });
  subscriber.resume();
  assert.ok(sink.received.endsWith("J:80:\nv:media:80:K2-cccc\nv:media:120:p3-dddd\n"), sink.received);
});

// the prelude is a line too
for (const [durationMs, lines] of [[80, 3], [81, 4], [0, 2]] as const) {
  Deno.test(`Subscriber sends ${durationMs} ms of media if it was asked for no more`, async () => {
    const stream = testStreams().open();
    const publisher = stream.publish(ORIGIN)!;
    const sink = new TestSink();
    let finished = 0;
    const subscriber = stream.subscribe(sink, new LineWire(), { durationMs, finished: () => finished++ });
    for (let index = 0; index < 8; index++) {
      const text = lineText(index % 4 === 0 ? "K" : "p", index, 4);
      publisher.publish(index % 4 === 0 ? key(index * 40, text) : inter(index * 40, text));
      // the first write is short: the rest of its message still goes out
      if (index === 0) sink.room = 5;
      await settled();
      if (index === 0) sink.drain();
      await settled();
    }
    assert.deepEqual(checkLines(sink.received), { lines, jumps: 0 });
    assert.equal(finished, 1);
    stream.unsubscribe(subscriber);
  });
}

Deno.test("FanoutLog lets a viewer leave in the middle of a message", async () => {
  const { registry, open } = testStreams();
  const stream = open();
  const publisher = stream.publish(ORIGIN)!;
  const sink = new TestSink();
  const subscriber = stream.subscribe(sink, new LineWire());
  sink.room = 4;
  publisher.publish(key(0, lineText("K", 0, 30)));
  await settled();
  stream.unsubscribe(subscriber);
  sink.drain();
  assert.deepEqual(checkLines(sink.received), { lines: 2, jumps: 0 });
  publisher.end();
  assert.equal(registry.pool.live, 0);
});

Deno.test("MergeSchedule holds nothing while writes are cheap, and up to its bound when they are not", () => {
  const clock = new ManualClock();
  const schedule = new MergeSchedule(clock);
  const load = (subscribers: number) => {
    for (let ms = 0; ms < 3_000; ms += 14) {
      clock.advance(14);
      schedule.wanted(subscribers, clock.nowMs());
    }
    return schedule.holdMs("adaptive");
  };
  assert.equal(load(10), 0);
  const hundred = load(100);
  assert.ok(hundred > 25 && hundred <= 30, `${hundred} ms at 100 subscribers: less than a video frame`);
  assert.ok(load(1_000) > 55);
  assert.equal(load(5), 0, "and lets go again");
  assert.equal(schedule.holdMs(20), 20);
});

Deno.test("FlushTimer flushes held packets with the video packet after which the next would be too late", async () => {
  const clock = new ManualClock();
  const flushes: number[] = [];
  const timer = new FlushTimer(new MergeSchedule(clock), {
    merge: 60,
    flush: () => flushes.push(clock.nowMs()),
  });
  for (let ms = 0; ms <= 1_000; ms++) {
    if (ms % 33 === 0) timer.appended(true, 1);
    else if (ms % 23 === 0) timer.appended(false, 1);
    await settled();
    clock.advance(1);
  }
  timer.stop();
  const late = flushes.filter((ms) => ms > 300);
  for (const [i, ms] of late.entries()) {
    assert.equal(ms % 33, 0, `flush at ${ms} is a video packet's`);
    if (i > 0) assert.ok(ms - late[i - 1]! <= 66, `${ms - late[i - 1]!} ms between rounds`);
  }
});

Deno.test("FlushTimer of an adaptive log lets no audio leave alone that came just after its picture", async () => {
  const clock = new ManualClock();
  const flushes: number[] = [];
  const timer = new FlushTimer(new MergeSchedule(clock), {
    merge: "adaptive",
    flush: () => flushes.push(clock.nowMs()),
  });
  for (let ms = 0; ms <= 4_000; ms++) {
    // an eighth of the audio comes within 3 ms of a picture
    if (ms % 33 === 0) timer.appended(true, 100);
    else if (ms % 23 === 1) timer.appended(false, 100);
    await settled();
    clock.advance(1);
  }
  timer.stop();
  const late = flushes.filter((ms) => ms > 2_000);
  assert.deepEqual(late.filter((ms) => ms % 33 !== 0), []);
  assert.ok(late.length >= 2_000 / 33 - 1, `${late.length} rounds: a picture waited for another`);
});

Deno.test("FlushTimer flushes at the bound when no packet follows", async () => {
  const clock = new ManualClock();
  let flushes = 0;
  const timer = new FlushTimer(new MergeSchedule(clock), { merge: 50, flush: () => flushes++ });
  timer.appended(false, 1);
  await settled();
  clock.advance(49);
  assert.equal(flushes, 0);
  clock.advance(2);
  assert.equal(flushes, 1);
});
