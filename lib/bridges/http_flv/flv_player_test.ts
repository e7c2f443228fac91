import assert from "node:assert/strict";
import { latin1, ScriptedCarrier } from "../../../tests/helpers/scripted_carrier.ts";
import { ManualClock } from "#clock";
import { ClosedError } from "#errors";
import { Logger, MemorySink } from "#log";
import { FLV_TAG_TYPE, FlvTagReader, flvTagToPacket } from "#mediaformats/flv";
import { Protocol } from "#stack";
import { STREAM_DEFAULTS, StreamRegistry } from "#streaming";
import type { StreamOptions } from "#streaming";
import { FlvPlayerProtocol } from "./flv_player.ts";
import { FlvWire } from "./flv_wire.ts";

const KEY = Uint8Array.of(0x17, 1, 0, 0, 0, 0x65);
const INTER = Uint8Array.of(0x27, 1, 0, 0, 0, 0x41);

function rig(options: Partial<StreamOptions> = {}) {
  const clock = new ManualClock();
  const registry = new StreamRegistry(clock);
  const sink = new MemorySink();
  const log = new Logger({ sinks: [sink] });
  const stream = registry.open({ appName: "live", streamName: "a" }, {
    ...STREAM_DEFAULTS,
    mergeWriteMs: 0,
    ...options,
  });
  const publisher = stream.publish({ origin: "test", replaced() {} })!;
  const publish = (ms: number, body: Uint8Array) =>
    publisher.publish(flvTagToPacket({ tagType: FLV_TAG_TYPE.Video, timestampMs: ms, body })!);
  const open = () => {
    const carrier = new ScriptedCarrier();
    const player = new FlvPlayerProtocol({ stream, wire: new FlvWire(), log });
    player.openOn(carrier);
    return { carrier, player };
  };
  return { clock, registry, sink, stream, publisher, publish, open };
}

function times(carrier: ScriptedCarrier): number[] {
  return new FlvTagReader().push(latin1(carrier.text)).map((tag) => tag.timestampMs);
}

function isEnded(carrier: ScriptedCarrier): boolean {
  return carrier.closedWith instanceof ClosedError;
}

/** The flushes of this turn have run. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

Deno.test("FlvPlayerProtocol sends a header, the newest GOP, and what follows; the body ends with the publisher", async () => {
  const { open, publish, publisher, registry, sink, clock } = rig();
  publish(0, KEY);
  publish(40, INTER);
  const { carrier } = open();
  await settled();
  assert.ok(carrier.text.startsWith("FLV\x01\x01"));
  publish(80, INTER);
  await settled();
  assert.deepEqual(times(carrier), [0, 40, 80]);
  publisher.end();
  await settled();
  assert.ok(isEnded(carrier));
  assert.deepEqual([registry.size, registry.pool.live, clock.pending], [0, 0, 0]);
  assert.deepEqual(sink.entries.map(({ message }) => message), ["playing", "stopped playing"]);
});

Deno.test("FlvPlayerProtocol holds its viewer while a lost publisher may come back", async () => {
  const { open, publish, publisher, stream, clock } = rig({ publisherGraceMs: 5_000 });
  publish(0, KEY);
  const { carrier } = open();
  await settled();
  publisher.end({ isLost: true });
  clock.advance(4_999);
  await settled();
  assert.ok(!isEnded(carrier));
  const next = stream.publish({ origin: "test", replaced() {} })!;
  next.publish(flvTagToPacket({ tagType: FLV_TAG_TYPE.Video, timestampMs: 0, body: KEY })!);
  await settled();
  assert.deepEqual(times(carrier), [0, 40], "one file, whose times rise");
  next.end({ isLost: true });
  clock.advance(5_000);
  await settled();
  assert.ok(isEnded(carrier));
});

Deno.test("FlvPlayerProtocol leaves its stream when the viewer goes, and drops what it says", async () => {
  const { open, publish, publisher, stream } = rig();
  publish(0, KEY);
  const { carrier } = open();
  await settled();
  carrier.deliver("GET / HTTP/1.1\r\n\r\n");
  assert.deepEqual([stream.subscriberCount, carrier.closedWith], [1, undefined]);
  carrier.drop();
  assert.equal(stream.subscriberCount, 0);
  publisher.end();
});

Deno.test("FlvPlayerProtocol says that a viewer is too slow the 1st, 2nd, 4th, ... time", async () => {
  const { open, publish, publisher, clock, sink } = rig({ maxLagMs: 1_000, closeLagMs: 600_000 });
  const { carrier } = open();
  carrier.isStuck = true;
  for (let second = 0; second < 40; second++) {
    publish(second * 1_000, KEY);
    await settled();
    // takes one tag in four seconds
    if (second % 4 === 3) {
      carrier.isStuck = false;
      carrier.pump();
      carrier.isStuck = true;
    }
    clock.advance(1_000);
  }
  const warnings = sink.lines().filter((line) => line.startsWith("WARNING"));
  const debugs = sink.lines().filter((line) => line.startsWith("DEBUG"));
  const counts = warnings.map((line) => Number(/(\d+) times so far/.exec(line)?.[1]));
  assert.deepEqual(counts, [1, 2, 4, 8].slice(0, counts.length));
  assert.ok(counts.length >= 2 && debugs.length >= 1, sink.lines().join("\n"));
  carrier.drop();
  publisher.end();
});

Deno.test("FlvPlayerProtocol says why a viewer that takes nothing is cut off", async () => {
  const { open, publish, publisher, clock, sink } = rig({ maxLagMs: 1_000, closeLagMs: 5_000 });
  const { carrier } = open();
  carrier.isStuck = true;
  for (let second = 0; second < 10; second++) {
    publish(second * 1_000, second === 0 ? KEY : INTER);
    await settled();
    clock.advance(1_000);
  }
  assert.ok(carrier.closedWith);
  const last = sink.lines().at(-1)!;
  assert.match(
    last,
    /^WARNING stopped playing: Peer too slow: it took no byte for \d+ ms with \d+ bytes waiting$/,
  );
  publisher.end();
});

Deno.test("FlvPlayerProtocol needs a carrier it can write shared bytes to", () => {
  class OpaqueProtocol extends Protocol {
    readonly tag = "opaque";
    readonly kind = "transport";
    protected override onReceive(): void {}
  }
  const { stream, publisher } = rig();
  const opaque = new OpaqueProtocol();
  opaque.linkNear(new FlvPlayerProtocol({ stream, wire: new FlvWire(), log: Logger.silent() }));
  const carrier = new ScriptedCarrier();
  assert.throws(() => opaque.openOn(carrier), {
    name: "TypeError",
    message: "Cannot play: the stack has no direct carrier",
  });
  assert.ok(carrier.closedWith);
  publisher.end();
});
