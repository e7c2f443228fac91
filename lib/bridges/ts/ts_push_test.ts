import assert from "node:assert/strict";
import { concatBytes } from "#bytes";
import { ManualClock } from "#clock";
import { Logger, MemorySink } from "#log";
import { TsMediaReader, TsMuxer } from "#mediaformats/mpegts";
import type { Packet } from "#media";
import { STREAM_DEFAULTS, StreamRegistry } from "#streaming";
import { ClockPacer, DATAGRAM_PACKETS, TsPush } from "./mod.ts";

/** MPEG audio of 24 ms and `bytes` bytes a frame. */
function frame(number: number, bytes = 384): Packet {
  const payload = new Uint8Array(bytes);
  payload.set([0xff, 0xfb, 0x94, 0xc4, number]);
  const dtsUs = number * 24_000;
  return {
    kind: "audio",
    trackId: 0,
    codec: ".mp3",
    role: "media",
    isKeyFrame: true,
    dtsUs,
    ptsUs: dtsUs,
    payload,
  };
}

function pacing(bitrateBps = 0) {
  const clock = new ManualClock();
  const sent: { atMs: number; bytes: Uint8Array }[] = [];
  const pacer = new ClockPacer({
    clock,
    bitrateBps,
    send: (bytes) => sent.push({ atMs: clock.nowMs(), bytes }),
  });
  const muxer = new TsMuxer([{ kind: "audio", trackId: 0, codec: ".mp3" }], { timeOffsetTicks: 126_000 });
  return { clock, sent, pacer, muxer };
}

function pidOf(packet: Uint8Array): number {
  return (packet[1]! & 0x1f) << 8 | packet[2]!;
}

function packetsOf(sent: readonly { bytes: Uint8Array }[]): Uint8Array[] {
  return sent.flatMap(({ bytes }) =>
    Array.from({ length: bytes.length / 188 }, (_, at) => bytes.subarray(at * 188, at * 188 + 188))
  );
}

Deno.test("ClockPacer spreads what comes in bursts over the time of its clock, and keeps the order", () => {
  const { clock, sent, pacer, muxer } = pacing();
  const all: Uint8Array[] = [];
  for (let burst = 0; burst < 10; burst++) {
    for (let at = 0; at < 10; at++) {
      const bytes = muxer.write(frame(burst * 10 + at));
      all.push(bytes.slice());
      pacer.push(bytes);
    }
    clock.advance(240);
  }
  clock.advance(500);
  const before = sent.length;
  pacer[Symbol.dispose]();
  assert.ok(sent.length - before <= 1, "nothing but what followed the last clock reference had to wait");
  assert.deepEqual(concatBytes(sent.map(({ bytes }) => bytes)), concatBytes(all));
  assert.ok(sent.every(({ bytes }) => bytes.length <= DATAGRAM_PACKETS * 188));
  for (let fromMs = 240; fromMs < 2_000; fromMs += 120) {
    const packets = packetsOf(sent.filter(({ atMs }) => atMs >= fromMs && atMs < fromMs + 120)).length;
    assert.ok(packets >= 8 && packets <= 30, `${packets} packets in the 120 ms after ${fromMs}`);
  }
  assert.equal(clock.pending, 0);
});

Deno.test("ClockPacer fills up to a bitrate with null packets, in whole datagrams", () => {
  const bitrateBps = 1_000_000;
  const { clock, sent, pacer, muxer } = pacing(bitrateBps);
  for (let number = 0; number < 250; number++) {
    pacer.push(muxer.write(frame(number)));
    clock.advance(24);
  }
  const packets = packetsOf(sent);
  const seconds = (clock.nowMs() - sent[0]!.atMs) / 1000;
  const rate = packets.length * 188 * 8 / seconds;
  assert.ok(Math.abs(rate - bitrateBps) < bitrateBps / 50, `${rate} bit/s`);
  assert.ok(sent.every(({ bytes }) => bytes.length === DATAGRAM_PACKETS * 188));
  const nulls = packets.filter((packet) => pidOf(packet) === 0x1fff);
  assert.ok(nulls.length > 1_000 && nulls.every((packet) => packet[3] === 0x10 && packet[0] === 0x47));
  const reader = new TsMediaReader();
  pacer[Symbol.dispose]();
  const media = [...reader.push(concatBytes(packetsOf(sent))), ...reader.flush()];
  assert.equal(media.filter(({ role }) => role === "media").length, 250);
  assert.equal(pacer.overruns, 0);
});

Deno.test("ClockPacer begins anew where the clock jumps or the source stalls, and says where a bitrate is too low", () => {
  const { clock, sent, pacer, muxer } = pacing(50_000);
  const times = [0, 1, 2, 3, 4, 90_000, 90_001, 90_002, 5, 6, 7];
  for (const number of times) {
    pacer.push(muxer.write(frame(number)));
    clock.advance(24);
  }
  clock.advance(10_000);
  for (let number = 8; number < 200; number++) {
    pacer.push(muxer.write(frame(number)));
    clock.advance(24);
  }
  clock.advance(1_000);
  pacer[Symbol.dispose]();
  const reader = new TsMediaReader();
  const media = [...reader.push(concatBytes(packetsOf(sent))), ...reader.flush()];
  assert.equal(media.filter(({ role }) => role === "media").length, times.length + 192);
  assert.ok(pacer.overruns > 0);
});

Deno.test("TsPush sends a stream from its newest start on, and what is left when the publisher goes", async () => {
  const clock = new ManualClock();
  const sink = new MemorySink();
  const registry = new StreamRegistry(clock);
  const stream = registry.open({ appName: "live", streamName: "a" }, { ...STREAM_DEFAULTS, mergeWriteMs: 0 });
  const publisher = stream.publish({ origin: "test", replaced() {} })!;
  const sent: { bytes: Uint8Array }[] = [];
  const ended = Promise.withResolvers<void>();
  using push = new TsPush({
    stream,
    clock,
    log: new Logger({ sinks: [sink] }),
    bitrateBps: 0,
    send: (bytes) => sent.push({ bytes }),
    ended: () => ended.resolve(),
  });
  assert.deepEqual([stream.subscriberCount, stream.audienceCount], [1, 0]);
  for (let number = 0; number < 50; number++) {
    publisher.publish(frame(number));
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    clock.advance(24);
  }
  publisher.publish({ ...frame(50), codec: "speex" });
  publisher.end();
  await ended.promise;
  push[Symbol.dispose]();
  assert.deepEqual([registry.size, clock.pending], [0, 0]);
  const reader = new TsMediaReader();
  const media = [...reader.push(concatBytes(packetsOf(sent))), ...reader.flush()];
  assert.equal(media.filter(({ role }) => role === "media").length, 50);
  assert.deepEqual(sink.lines().map((line) => line.replace(/^(\w+) +/, "$1 ")), [
    "INFO pushing",
    "WARNING pushes without audio: speex cannot be sent this way",
    "INFO stopped pushing",
  ]);
});
