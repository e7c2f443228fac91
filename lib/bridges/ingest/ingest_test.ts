import assert from "node:assert/strict";
import { ScriptedCarrier } from "../../../tests/helpers/scripted_carrier.ts";
import { ManualClock } from "#clock";
import { ClosedError, FormatError } from "#errors";
import { Logger, MemorySink } from "#log";
import type { Packet } from "#media";
import type { Access, StreamRequest } from "#streaming";
import { STREAM_DEFAULTS, StreamRegistry } from "#streaming";
import {
  type IngestEnd,
  IngestProtocol,
  LiveIngest,
  type LiveIngestOptions,
  LiveTimes,
  MAX_UNDECIDED_BYTES,
  type MediaFeed,
  REFUSED_DATAGRAMS_MS,
} from "./mod.ts";

function packet(fields: Partial<Packet> = {}): Packet {
  const dtsUs = fields.dtsUs ?? 0;
  const made = { kind: "video", trackId: 0, codec: "avc1", role: "media", isKeyFrame: true } as const;
  return { ...made, dtsUs, ptsUs: dtsUs, payload: new Uint8Array(3), ...fields };
}

/** Each byte is a picture; 0 is metadata, 255 is no media at all. */
class ByteFeed implements MediaFeed {
  readonly protocol = "bytes";
  streamName: string | undefined;
  #told: string[] = [];

  push(bytes: Uint8Array): readonly Packet[] {
    return Array.from(bytes).flatMap((byte) => {
      if (byte === 255) throw new FormatError("Cannot read byte 255");
      if (byte === 254) return [];
      if (byte === 253) this.#told.push("something odd");
      if (byte === 0) this.streamName = "said";
      const dtsUs = byte * 1000;
      return [byte === 0 ? packet({ kind: "data", role: "metadata", codec: "script" }) : packet({ dtsUs })];
    });
  }

  flush(): readonly Packet[] {
    return [packet({ dtsUs: 900_000 })];
  }

  notices(): readonly string[] {
    return this.#told.splice(0);
  }
}

interface Use extends Partial<LiveIngestOptions> {
  readonly publish?: (request: StreamRequest) => Access | Promise<Access>;
}

function rig(registry = new StreamRegistry(new ManualClock()), clock = new ManualClock()) {
  const sink = new MemorySink();
  const asked: string[] = [];
  const ends: IngestEnd[] = [];
  const grant = ({ peer, streamName }: StreamRequest): Access => ({
    isGranted: true,
    path: { appName: peer.appName, streamName },
    options: STREAM_DEFAULTS,
  });
  const open = (use: Use = {}) =>
    new LiveIngest({
      registry,
      access: {
        publish: (request) => {
          asked.push(request.streamName);
          return (use.publish ?? grant)(request);
        },
        play: grant,
      },
      clock,
      log: new Logger({ sinks: [sink] }),
      peer: {
        protocol: "bytes",
        address: "2001:db8::1",
        port: 7,
        appName: "live",
        instance: "",
        userAgent: "",
        pageUrl: "",
        query: "",
      },
      feed: new ByteFeed(),
      idleTimeoutMs: 0,
      ended: (end) => ends.push(end),
      ...use,
    });
  const lines = () => sink.lines().map((line) => line.replace(/^(\w+) +/, "$1 "));
  return { registry, clock, lines, asked, ends, open };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

Deno.test("LiveTimes begin where they are told to, rise over a new time line, and never go back within a track", () => {
  const times = new LiveTimes();
  times.begin(5_000_000);
  const place = (ms: number, fields: Partial<Packet> = {}) => {
    const { dtsUs, ptsUs } = times.place(packet({ dtsUs: ms * 1000, ptsUs: ms * 1000 + 80_000, ...fields }));
    return [dtsUs / 1000, ptsUs / 1000];
  };
  assert.deepEqual(place(5_000), [0, 80]);
  assert.deepEqual(place(5_040), [40, 120]);
  assert.deepEqual(place(4_900, { kind: "audio" }), [0, 0], "before the start");
  assert.deepEqual(place(5_000), [40, 80], "held, and shown when it was to be");
  assert.deepEqual(place(5_080), [80, 160]);
  assert.deepEqual(place(1_000), [120, 200], "far back: a new time line");
  assert.deepEqual(place(1_040), [160, 240]);
  assert.deepEqual(place(1_000, { kind: "audio" }), [120, 200]);
  assert.deepEqual(place(90_000), [200, 280], "far ahead");
  assert.deepEqual(place(0, { kind: "data", role: "metadata" }), [200, 200]);
  assert.deepEqual([times.jumps, times.movedPackets], [2, 2]);
  const same = packet({ dtsUs: 40_000 });
  assert.equal(new LiveTimes().place(same), same);
});

Deno.test("LiveTimes takes tracks that are always far apart for one time line", () => {
  for (const lagMs of [1_500, 2_500, 9_000]) {
    const times = new LiveTimes();
    for (let ms = 10_000; ms < 40_000; ms += 500) {
      const placed = [packet({ dtsUs: ms * 1000 }), packet({ kind: "audio", dtsUs: (ms - lagMs) * 1000 })]
        .map((each) => times.place(each).dtsUs / 1000);
      assert.deepEqual(placed, [ms, ms - lagMs]);
    }
    assert.equal(times.jumps, 0);
  }
});

Deno.test("LiveIngest names the stream by its media, else by its option, else by its peer", async (context) => {
  const cases: [what: string, use: Use, bytes: number[], name: string][] = [
    ["metadata first", { streamName: "set" }, [0, 1], "said"],
    ["metadata too late", { streamName: "set" }, [1, 0], "said"],
    ["an option", { streamName: "set" }, [1], "set"],
    ["nothing", {}, [1], "bytes_2001-db8--1_7"],
    ["an empty option", { streamName: "" }, [1], "bytes_2001-db8--1_7"],
    ["metadata that is waited for", { streamName: "set", waitsForMetadata: true }, [1, 2, 0, 3], "said"],
  ];
  for (const [what, use, bytes, name] of cases) {
    await context.step(what, async () => {
      const { registry, open, lines } = rig();
      const ingest = open(use);
      ingest.receive(Uint8Array.from(bytes));
      await settled();
      ingest.receive(Uint8Array.of(50));
      const stream = registry.find({ appName: "live", streamName: name })!;
      const pictures = bytes.filter((byte) => byte > 0).length + 1;
      assert.equal(stream.publisher?.statistics.videoPackets, pictures);
      assert.equal(stream.publisher?.origin, "bytes [2001:db8::1]:7");
      ingest.finish(false);
      assert.equal(registry.size, 0);
      const bytesOf = 3 * (bytes.length + 2);
      assert.deepEqual(lines(), [
        `INFO live/${name}: publishing`,
        `INFO live/${name}: stopped publishing: ${pictures + 1} video and 0 audio packets, ${bytesOf} bytes`,
      ]);
    });
  }
});

Deno.test("LiveIngest publishes what came before the decision, also where the source has ended meanwhile", async () => {
  const decision = Promise.withResolvers<Access>();
  const { registry, open, lines, ends } = rig();
  const ingest = open({ streamName: "a", publish: () => decision.promise });
  ingest.receive(Uint8Array.of(1, 2));
  ingest.receive(Uint8Array.of(3));
  ingest.finish(false);
  ingest.finish(true, "told again");
  ingest.receive(Uint8Array.of(4));
  await settled();
  assert.deepEqual([ingest.isEnded, registry.size], [false, 0]);
  decision.resolve({ isGranted: true, path: { appName: "live", streamName: "b" }, options: STREAM_DEFAULTS });
  await settled();
  assert.deepEqual([ingest.isEnded, registry.size, ends], [true, 0, []]);
  assert.match(lines().at(-1)!, /live\/b: stopped publishing: 4 video/);
});

Deno.test("LiveIngest gives who hears of its stream, a turn later, the first packet", async () => {
  const seen: (Packet | undefined)[] = [];
  const registry = new StreamRegistry(new ManualClock(), (stream, isLive) => {
    if (!isLive) return;
    queueMicrotask(() => {
      const cursor = stream.packets.cursor(undefined, { isFromNow: true });
      cursor.whenAppended(() => seen.push(cursor.next()));
    });
  });
  const ingest = rig(registry).open({ streamName: "a" });
  ingest.receive(Uint8Array.of(7, 8, 9));
  await settled();
  assert.deepEqual(seen.map((packet) => packet?.dtsUs), [7_000]);
  ingest.finish(false);
});

Deno.test("LiveIngest ends where it may not publish, says why, and takes no more", async () => {
  const { registry, open, lines, ends } = rig();
  const refused = open({
    streamName: "key",
    publish: () => ({ isGranted: false, reason: "The key is not known", shownName: "?" }),
  });
  refused.receive(Uint8Array.of(1));
  await settled();
  refused.receive(Uint8Array.of(255));
  refused.finish(true);
  const failing = open({ streamName: "b", publish: () => Promise.reject(new Error("bug")) });
  failing.receive(Uint8Array.of(1));
  await settled();
  assert.deepEqual(ends.map(({ kind, reason }) => [kind, reason]), [
    ["refused", "The key is not known"],
    ["refused", "The server failed"],
  ]);
  assert.equal(lines()[0], "WARNING live/?: publish refused: The key is not known");
  assert.equal(registry.size, 0);
});

Deno.test("LiveIngest keeps the first of two sources, and lets the second take over from a silent one", async () => {
  const clock = new ManualClock();
  const { registry, open, ends, lines } = rig(new StreamRegistry(clock), clock);
  const first = open({ streamName: "a" });
  first.receive(Uint8Array.of(1));
  await settled();
  open({ streamName: "a" }).receive(Uint8Array.of(1));
  await settled();
  assert.equal(ends[0]?.reason, "The stream is being published by bytes [2001:db8::1]:7");
  clock.advance(STREAM_DEFAULTS.publisherSilentMs);
  const third = open({ streamName: "a" });
  third.receive(Uint8Array.of(1));
  await settled();
  assert.deepEqual([ends[1]?.kind, first.isEnded, third.isEnded], ["replaced", true, false]);
  assert.ok(lines().includes("WARNING live/a: replaced by another publisher after a silence"));
  third.finish(false);
  assert.equal(registry.size, 0);
});

Deno.test("LiveIngest ends after a silence, and not before", async () => {
  const { registry, clock, open, ends } = rig();
  const ingest = open({ streamName: "a", idleTimeoutMs: 1_000 });
  clock.advance(600);
  ingest.receive(Uint8Array.of(1));
  await settled();
  clock.advance(999);
  assert.deepEqual(ends, []);
  ingest.receive(Uint8Array.of(254));
  clock.advance(999);
  assert.deepEqual(ends, []);
  clock.advance(1);
  assert.deepEqual(ends, [{ kind: "silent", reason: "nothing came for 1000 ms" }]);
  assert.deepEqual([registry.size, clock.pending, ingest.isEnded], [0, 0, true]);
});

Deno.test("LiveIngest holds no more than MAX_UNDECIDED_BYTES of what has no name", () => {
  const { open } = rig();
  const ingest = open({ waitsForMetadata: true });
  const piece = new Uint8Array(MAX_UNDECIDED_BYTES / 8).fill(254);
  for (let at = 0; at < 8; at++) ingest.receive(piece);
  assert.throws(() => ingest.receive(Uint8Array.of(1)), {
    name: "LimitError",
    message: "Cannot publish: 8388609 bytes came and the stream has no packets or no name yet",
  });
});

Deno.test("IngestProtocol ends its connection with the source's fault, refusal or end", async () => {
  const { registry, clock, open, lines, ends } = rig();
  const protocol = (use: Use = {}) =>
    new IngestProtocol({
      tag: "bytesin",
      clock,
      ingest: (remote, ended) => {
        assert.equal(remote.address, "192.0.2.7");
        return open({ streamName: "a", ended, ...use });
      },
    });
  const carriers = [new ScriptedCarrier(), new ScriptedCarrier(), new ScriptedCarrier()];
  protocol().openOn(carriers[0]!);
  carriers[0]!.deliver(Uint8Array.of(1));
  await settled();
  carriers[0]!.deliver(Uint8Array.of(253));
  carriers[0]!.deliver(Uint8Array.of(255));
  assert.ok(carriers[0]!.closedWith instanceof FormatError);
  assert.equal(registry.size, 0);
  assert.ok(lines().includes("WARNING live/a: something odd"));
  assert.match(lines().at(-1)!, /stopped publishing, Cannot read byte 255: 3 video/);

  protocol({ publish: () => ({ isGranted: false, reason: "No" }) }).openOn(carriers[1]!);
  carriers[1]!.deliver(Uint8Array.of(1));
  await settled();
  assert.ok(carriers[1]!.closedWith instanceof ClosedError);

  protocol().openOn(carriers[2]!);
  carriers[2]!.deliver(Uint8Array.of(1));
  await settled();
  carriers[2]!.drop();
  assert.deepEqual([registry.size, ends], [0, []]);
});

Deno.test("IngestProtocol drops datagrams of a refused sender for a while before it asks again", async () => {
  const { clock, open } = rig();
  const carrier = new ScriptedCarrier();
  Object.defineProperty(carrier, "kind", { value: "udp" });
  const isEnded = () => carrier.closedWith instanceof ClosedError;
  const protocol = new IngestProtocol({
    tag: "bytesin",
    clock,
    ingest: (_remote, ended) => open({ ended, publish: () => ({ isGranted: false, reason: "No" }) }),
  });
  protocol.openOn(carrier);
  carrier.deliver(Uint8Array.of(1));
  await settled();
  clock.advance(REFUSED_DATAGRAMS_MS - 1);
  carrier.deliver(Uint8Array.of(1));
  assert.ok(!isEnded());
  clock.advance(1);
  assert.ok(isEnded());
  assert.equal(clock.pending, 0);
});
