import { concatBytes } from "#bytes";
import { FlvWire } from "#bridges/http_flv";
import { FlvToStream } from "#bridges/live_flv";
import { RtmpWire } from "#bridges/rtmp";
import { TsToStream, TsWire } from "#bridges/ts";
import type { MediaFeed } from "#bridges/ingest";
import { ManualClock } from "#clock";
import type { Packet } from "#media";
import { LEGACY_DIALECT } from "#mediaformats/flv";
import { TsMuxer } from "#mediaformats/mpegts";
import { STREAM_DEFAULTS, StreamRegistry } from "#streaming";
import type { Subscriber, SubscriberSink, WireFormat } from "#streaming";
import { seedOf, splitAtRandom } from "../mutate.ts";
import { assertSame, FuzzFailure, outcomeOf } from "../target.ts";
import type { FuzzTarget } from "../target.ts";

/** Live MPEG-TS: the same payloads in any split, in order of time, through a stream to players of every wire. */
export function liveTsTarget(recorded: readonly Uint8Array[]): FuzzTarget {
  return liveTarget("live_ts", { seeds: [...recorded, seed()], feed: () => new TsToStream() });
}

/** Live FLV: as MPEG-TS. */
export function liveFlvTarget(recorded: readonly Uint8Array[]): FuzzTarget {
  return liveTarget("live_flv", { seeds: recorded, feed: () => new FlvToStream() });
}

function liveTarget(
  name: string,
  { seeds, feed }: { seeds: readonly Uint8Array[]; feed: () => MediaFeed },
): FuzzTarget {
  return {
    name,
    seeds,
    run(bytes, random) {
      const whole = readPackets(feed(), [bytes]);
      const split = readPackets(feed(), splitAtRandom(bytes, random));
      assertSame("payloads", linesOf(whole), linesOf(split));
      assertOrder(split);
      relay(split);
    },
  };
}

function readPackets(feed: MediaFeed, parts: readonly Uint8Array[]): Packet[] {
  const packets: Packet[] = [];
  outcomeOf(() => {
    for (const part of parts) packets.push(...feed.push(part));
    packets.push(...feed.flush());
  });
  return packets;
}

/** Media only: configurations go first among what was held, and how much that is depends on the split. */
function linesOf(packets: readonly Packet[]): string[] {
  return packets.filter(({ kind, role }) => kind !== "data" && role === "media").map((
    { kind, trackId, role, payload },
  ) => `${kind} ${trackId} ${role} ${seedOf(payload)}`);
}

function assertOrder(packets: readonly Packet[]): void {
  const lastUs = new Map<string, number>();
  for (const { kind, trackId, role, dtsUs, ptsUs } of packets) {
    if (!Number.isSafeInteger(dtsUs) || !Number.isSafeInteger(ptsUs) || dtsUs < 0) {
      throw new FuzzFailure(`a packet of ${kind} has times ${dtsUs} and ${ptsUs}`);
    }
    if (role !== "media") continue;
    const track = `${kind}${trackId}`;
    const last = lastUs.get(track) ?? 0;
    if (dtsUs < last) throw new FuzzFailure(`${track} goes back from ${last} to ${dtsUs}`);
    lastUs.set(track, dtsUs);
  }
}

/** Publishes to players that are there from the start, and to some that come at the end. */
function relay(packets: readonly Packet[]): void {
  const registry = new StreamRegistry(new ManualClock());
  const stream = registry.open({ appName: "live", streamName: "a" }, { ...STREAM_DEFAULTS, mergeWriteMs: 0 });
  const publisher = stream.publish({ origin: "fuzz", replaced() {} })!;
  const subscribers: Subscriber[] = [];
  const join = () => {
    const wires: WireFormat[] = [
      new TsWire(),
      new FlvWire(),
      new RtmpWire({ messageStreamId: 1, dialect: LEGACY_DIALECT, hasAudio: true, hasVideo: true }),
    ];
    for (const wire of wires) subscribers.push(stream.subscribe(new Sink(wire.key === "ts"), wire));
  };
  try {
    outcomeOf(() => {
      join();
      for (const packet of packets) publisher.publish(packet);
      for (const log of stream.logs.values()) log.flush();
      join();
    });
  } finally {
    publisher.end();
    for (const subscriber of subscribers) stream.unsubscribe(subscriber);
  }
}

/** Takes everything; of MPEG-TS, whole packets. */
class Sink implements SubscriberSink {
  readonly #isTs: boolean;
  #source: Subscriber | undefined;

  constructor(isTs: boolean) {
    this.#isTs = isTs;
  }

  send(bytes: Uint8Array): void {
    this.#check(bytes);
  }

  setSource(source: Subscriber | undefined): void {
    this.#source = source;
  }

  wake(): void {
    for (let slice = this.#source?.nextSlice(); slice !== undefined; slice = this.#source?.nextSlice()) {
      this.#check(slice);
      this.#source!.accepted(slice.length);
    }
  }

  abort(): void {}

  #check(bytes: Uint8Array): void {
    if (!this.#isTs) return;
    if (bytes.length % 188 !== 0) throw new FuzzFailure(`MPEG-TS of ${bytes.length} bytes`);
    for (let at = 0; at < bytes.length; at += 188) {
      if (bytes[at] !== 0x47) throw new FuzzFailure(`no sync byte at ${at} of ${bytes.length}`);
    }
  }
}

/** H.264 and MP3. */
function seed(): Uint8Array {
  const codecConfig = Uint8Array.fromHex(
    "0164000affe100186764000aacd9447b011000000300100000030320f122596001000468ef8fcbfdf8f800",
  );
  const muxer = new TsMuxer([
    { kind: "video", trackId: 0, codec: "avc1", codecConfig },
    { kind: "audio", trackId: 0, codec: ".mp3" },
  ]);
  const parts = [muxer.begin()];
  for (let number = 0; number < 10; number++) {
    const times = { trackId: 0, role: "media", dtsUs: number * 40_000, ptsUs: number * 40_000 } as const;
    const picture = new Uint8Array(120).fill(0x5a);
    picture.set([0, 0, 0, 116, number % 5 === 0 ? 0x65 : 0x41, 0x88, 0x84, number + 1]);
    const sound = new Uint8Array(96).fill(number + 1);
    sound.set([0xff, 0xfb, 0x14, 0xc4]);
    parts.push(
      muxer.write({ ...times, kind: "video", codec: "avc1", isKeyFrame: number % 5 === 0, payload: picture }),
    );
    parts.push(muxer.write({ ...times, kind: "audio", codec: ".mp3", isKeyFrame: true, payload: sound }));
  }
  return concatBytes(parts);
}
