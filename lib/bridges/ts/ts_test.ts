import assert from "node:assert/strict";
import fc from "fast-check";
import { amfMembers } from "#amf";
import { concatBytes } from "#bytes";
import { FormatError } from "#errors";
import { decodeScriptData } from "#mediaformats/flv";
import { TsMediaReader, TsMuxer, TsReader } from "#mediaformats/mpegts";
import type { CodecId, MediaPacket, MuxTrack, Packet } from "#media";
import { ManualClock } from "#clock";
import { STREAM_DEFAULTS, StreamRegistry } from "#streaming";
import type { Subscriber, SubscriberSink } from "#streaming";
import { MAX_TS_REORDER_MS, RtpDatagramReader, RtpDatagramWriter, TsToStream, TsWire } from "./mod.ts";

const AVC_CONFIG = Uint8Array.fromHex(
  "0164000affe100186764000aacd9447b011000000300100000030320f122596001000468ef8fcbfdf8f800",
);
const HEVC_CONFIG = Uint8Array.fromHex(
  "01016000000090000000000078f000fcfdf8f800000f03a00001001840010c01ffff01600000030090000003000003" +
    "0078959809a10001002b420101016000000300900000030000030078a003c08010e75596566924caf01680800000" +
    "03008000000c84a2000100074401c172b46240",
);
const AAC_CONFIG = Uint8Array.of(0x12, 0x10);
const VIDEO: MuxTrack = { kind: "video", trackId: 0, codec: "avc1", codecConfig: AVC_CONFIG };
const AUDIO: MuxTrack = { kind: "audio", trackId: 0, codec: "mp4a", codecConfig: AAC_CONFIG };

function packet(kind: "audio" | "video", ms: number, fields: Partial<Packet> = {}): Packet {
  const codec: CodecId = kind === "video" ? "avc1" : "mp4a";
  const [dtsUs, ptsUs] = [ms * 1000, ms * 1000];
  const made = {
    kind,
    trackId: 0,
    codec,
    role: "media",
    dtsUs,
    ptsUs,
    isKeyFrame: kind === "audio",
  } as const;
  return { ...made, payload: kind === "audio" ? frame(ms) : slice(ms, false), ...fields };
}

/** A length-prefixed access unit of one slice, told apart by `number`. */
function slice(number: number, isKeyFrame: boolean): Uint8Array {
  const bytes = new Uint8Array(300);
  bytes.set([
    0,
    0,
    1,
    0x28,
    isKeyFrame ? 0x65 : 0x41,
    0x88,
    0x84,
    number >> 16 | 1,
    number >> 8 | 1,
    number | 1,
  ]);
  return bytes.fill(0x5a, 11);
}

function frame(number: number): Uint8Array {
  return new Uint8Array(180).fill(0x21 + number % 7);
}

function key(ms: number, fields: Partial<Packet> = {}): Packet {
  return packet("video", ms, { isKeyFrame: true, payload: slice(ms, true), ...fields });
}

function config(kind: "audio" | "video", payload: Uint8Array, codec?: CodecId): Packet {
  return packet(kind, 0, { role: "config", payload, ...(codec === undefined ? {} : { codec }) });
}

/** A stream of two tracks, a key frame each 400 ms, that begins at `startMs`. */
function film(startMs: number, lengthMs: number): Packet[] {
  const packets: Packet[] = [];
  for (let ms = 0; ms < lengthMs; ms += 40) {
    const dtsUs = (startMs + ms) * 1000;
    const times = { dtsUs, ptsUs: dtsUs + 80_000 };
    packets.push(ms % 400 === 0 ? key(ms, times) : packet("video", ms, times));
    packets.push(packet("audio", ms, { dtsUs, ptsUs: dtsUs }));
  }
  return packets;
}

function muxed(packets: readonly Packet[], tracks: readonly MuxTrack[] = [VIDEO, AUDIO]): Uint8Array {
  const muxer = new TsMuxer(tracks, { timeOffsetTicks: 126_000 });
  return concatBytes([muxer.begin(), ...packets.map((packet) => muxer.write(packet))]);
}

function media(packets: readonly Packet[], kind: string): [number, number, string][] {
  return packets.filter((packet) => packet.role === "media" && packet.kind === kind).map((packet) => [
    packet.dtsUs,
    packet.ptsUs,
    packet.payload.toHex(),
  ]);
}

function fed(bytes: Uint8Array, pieceBytes = 188, feed = new TsToStream()): Packet[] {
  const packets: Packet[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const piece = bytes.slice(at, at + pieceBytes);
    packets.push(...feed.push(piece));
    // what is kept must not be the caller's
    piece.fill(0);
  }
  packets.push(...feed.flush());
  return packets;
}

Deno.test("TsToStream gives metadata, then configurations and units from time 0 on, in any split", () => {
  const sent = film(3_600_000, 2_000);
  const bytes = muxed(sent);
  const moved = sent.map((packet) => ({
    ...packet,
    dtsUs: packet.dtsUs - 3_600_000_000,
    ptsUs: packet.ptsUs - 3_600_000_000,
  }));
  for (const pieceBytes of [1, 187, 188, 1316, bytes.length]) {
    const got = fed(bytes, pieceBytes);
    assert.equal(got[0]?.role, "metadata");
    const members = amfMembers(decodeScriptData(got[0]!.payload).values[0]);
    assert.deepEqual([members?.videocodecid, members?.audiocodecid], [7, 10]);
    assert.deepEqual(got.slice(1, 3).filter(({ role }) => role === "config").map(({ kind }) => kind).sort(), [
      "audio",
      "video",
    ]);
    for (const kind of ["video", "audio"]) assert.deepEqual(media(got, kind), media(moved, kind), kind);
  }
});

Deno.test("TsToStream waits for tracks that do not come no longer than MAX_TRACK_WAIT_US", () => {
  const video = film(0, 6_000).filter(({ kind }) => kind === "video");
  const feed = new TsToStream();
  const bytes = muxed(video);
  let heldBytes = 0;
  let first: Packet[] = [];
  for (; first.length === 0 && heldBytes < bytes.length; heldBytes += 188) {
    first = [...feed.push(bytes.subarray(heldBytes, heldBytes + 188))];
  }
  const held = media(first, "video");
  assert.deepEqual([held[0]![0], held.at(-1)![0]], [0, 2_000_000]);
});

Deno.test("TsToStream goes on rising over the rollover and over a source that begins anew", () => {
  const rolloverMs = Math.floor(2 ** 33 / 90) - 1_000 - 1_400;
  const over = fed(muxed(film(rolloverMs, 3_000)));
  const times = media(over, "video").map(([dtsUs]) => dtsUs);
  assert.deepEqual([times[0], times.at(-1)], [0, 2_960_000]);

  const anew = fed(concatBytes([muxed(film(50_000, 2_000)), muxed(film(0, 2_000))]));
  for (const kind of ["video", "audio"]) {
    const line = media(anew, kind).map(([dtsUs]) => dtsUs);
    assert.ok(line.length >= 98, `${kind}: ${line.length}`);
    for (let at = 1; at < line.length; at++) {
      const step = line[at]! - line[at - 1]!;
      assert.ok(step >= 0 && step <= 200_000, `${kind} steps by ${step} us`);
    }
  }
});

Deno.test("TsToStream leaves out and names once what a stream cannot carry", () => {
  const bytes = muxed(film(0, 1_000));
  for (let at = 0; at < bytes.length; at += 188) {
    if ((bytes[at + 1]! & 0x1f) === 0x10 && bytes[at + 2] === 0) callVideoMpeg2(bytes, at);
  }
  const feed = new TsToStream();
  const got = fed(bytes, 188, feed);
  assert.deepEqual([media(got, "video").length, media(got, "audio").length], [0, 25]);
  assert.deepEqual(feed.notices(), [
    "left out: video of codec mpeg2video (PID 256), which a stream cannot carry",
  ]);
  assert.deepEqual(feed.notices(), []);
});

/** Gives H.264 in the program map of a packet the stream type of MPEG-2 video, and the section its checksum. */
function callVideoMpeg2(bytes: Uint8Array, packetStart: number): void {
  const start = packetStart + 5;
  const end = start + 3 + ((bytes[start + 1]! & 0x0f) << 8 | bytes[start + 2]!);
  bytes[start + 12] = 0x02;
  let crc = 0xffffffff;
  for (let at = start; at < end - 4; at++) {
    crc ^= bytes[at]! << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc < 0 || crc >= 2 ** 31 ? crc << 1 ^ 0x04c11db7 : crc << 1;
  }
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(end - 4, crc >>> 0);
}

/** The pieces of a transport stream as RTP, and what is done to them on the way. */
const DATAGRAMS: readonly {
  readonly what: string;
  readonly change: (packets: Uint8Array[]) => Uint8Array[];
  readonly isWhole?: boolean;
}[] = [
  { what: "as they were sent", change: (packets) => packets },
  {
    what: "every third one behind the next",
    change: (packets) => {
      const moved = [...packets];
      for (let at = 2; at + 1 < moved.length; at += 3) {
        [moved[at], moved[at + 1]] = [moved[at + 1]!, moved[at]!];
      }
      return moved;
    },
  },
  { what: "each twice", change: (packets) => packets.flatMap((packet) => [packet, packet]) },
  {
    what: "with padding",
    change: (packets) =>
      packets.map((packet) => {
        const padded = concatBytes([packet, Uint8Array.of(0, 0, 0, 4)]);
        padded[0]! |= 0x20;
        return padded;
      }),
  },
  {
    what: "with an extension and a contributing source",
    change: (packets) =>
      packets.map((packet) => {
        const first = packet.slice(0, 12);
        first[0] = 0x91;
        const more = Uint8Array.of(0, 0, 0, 7, 0xbe, 0xde, 0, 1, 0x10, 1, 0, 0);
        return concatBytes([first, more, packet.subarray(12)]);
      }),
  },
  {
    what: "of another source from the middle on",
    change: (packets) =>
      packets.map((packet, index) => {
        const changed = packet.slice();
        if (index < packets.length / 2) return changed;
        changed.set([0x7f, index], 2);
        changed.set([9, 9, 9, 9], 8);
        return changed;
      }),
  },
  {
    what: "among datagrams that are no RTP, cut ones and such of another payload type",
    change: (packets) =>
      packets.flatMap((packet) => {
        const video = packet.slice();
        video[1] = 96;
        return [
          packet,
          new Uint8Array(0),
          packet.slice(0, 11),
          Uint8Array.of(0x80, 33, 1, 2),
          video.slice(0, 40),
        ];
      }),
    isWhole: false,
  },
  { what: "with one lost", change: (packets) => packets.toSpliced(4, 1), isWhole: false },
];

Deno.test("TsToStream puts datagrams of RTP in order, and passes over what only looks so", async (context) => {
  const bytes = muxed(film(0, 1_000));
  const clock = new ManualClock();
  for (const { what, change, isWhole = true } of DATAGRAMS) {
    await context.step(what, () => {
      const writer = new RtpDatagramWriter(clock, (length) => new Uint8Array(length).fill(0xff));
      const feed = new TsToStream({ datagramClock: clock });
      const packets: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; at += 1316) {
        packets.push(writer.write(bytes.subarray(at, at + 1316)));
      }
      const got: Packet[] = [];
      for (const packet of change(packets)) {
        const lent = packet.slice();
        got.push(...feed.push(lent));
        lent.fill(0);
        clock.advance(10);
      }
      got.push(...feed.flush());
      const wanted = media(fed(bytes), "video");
      const video = media(got, "video");
      if (isWhole) {
        assert.deepEqual(video, wanted);
        assert.equal(feed.statistics.junkBytes, 0);
      } else {
        const hashes = new Set(wanted.map(([, , payload]) => payload));
        assert.ok(video.filter(([, , payload]) => hashes.has(payload)).length >= wanted.length - 3);
      }
    });
  }
});

Deno.test("RtpDatagramReader waits no longer than MAX_TS_REORDER_MS for a datagram that is late", () => {
  const clock = new ManualClock();
  const writer = new RtpDatagramWriter(clock, (length) => new Uint8Array(length));
  const reader = new RtpDatagramReader(clock);
  const packets = Array.from({ length: 5 }, (_, at) => writer.write(Uint8Array.of(0x47, at)));
  const seen = (bytes: Uint8Array[]) => bytes.map((piece) => piece[1]);
  assert.deepEqual(seen(reader.push(packets[0]!)), [0]);
  assert.deepEqual(seen(reader.push(packets[2]!)), []);
  clock.advance(MAX_TS_REORDER_MS);
  assert.deepEqual(seen(reader.push(packets[3]!)), [2, 3]);
  assert.deepEqual(seen(reader.push(packets[1]!)), [], "too late");
  assert.deepEqual(seen(reader.push(packets[4]!)), [4]);
});

Deno.test("TsToStream ends on what is no transport stream, and takes any bytes without another error", () => {
  const feed = new TsToStream();
  assert.throws(() => {
    for (let at = 0; at < 20; at++) feed.push(new Uint8Array(65_536));
  }, FormatError);
  const bytes = muxed(film(0, 400));
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 40 }),
      fc.integer({ min: 1, max: 3_000 }),
      (changes, pieceBytes) => {
        const broken = bytes.slice();
        for (const [at, byte] of changes) broken[at] = byte;
        for (const packet of fed(broken, pieceBytes)) assert.ok(packet.dtsUs >= 0);
      },
    ),
    { numRuns: 60 },
  );
});

class Viewer implements SubscriberSink {
  readonly pieces: Uint8Array[] = [];
  #source: Subscriber | undefined;
  send(bytes: Uint8Array): void {
    this.pieces.push(bytes.slice());
  }
  setSource(source: Subscriber | undefined): void {
    this.#source = source;
  }
  wake(): void {
    for (let slice = this.#source?.nextSlice(); slice !== undefined; slice = this.#source?.nextSlice()) {
      this.pieces.push(slice.slice());
      this.#source!.accepted(slice.length);
    }
  }
  abort(): void {}
  get bytes(): Uint8Array {
    return concatBytes(this.pieces);
  }
  get packets(): MediaPacket[] {
    const reader = new TsMediaReader();
    return [...reader.push(this.bytes), ...reader.flush()];
  }
}

function rig() {
  const registry = new StreamRegistry(new ManualClock());
  const stream = registry.open({ appName: "live", streamName: "a" }, { ...STREAM_DEFAULTS, mergeWriteMs: 0 });
  const publisher = stream.publish({ origin: "test", replaced() {} })!;
  const missed: string[] = [];
  const view = () => {
    const viewer = new Viewer();
    stream.subscribe(viewer, new TsWire(), { notCarried: ({ codec }) => missed.push(codec) });
    return viewer;
  };
  const publish = (...packets: Packet[]) => packets.forEach((packet) => publisher.publish(packet));
  return { stream, publish, view, missed };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

const OFFSET_US = 1_400_000;

function shifted(packets: readonly Packet[], kind: string): [number, number, string][] {
  return media(packets, kind).map(([dtsUs, ptsUs, hex]) => [dtsUs + OFFSET_US, ptsUs + OFFSET_US, hex]);
}

/** PIDs of the packets of `bytes`, and gaps of their counters. */
function scan(bytes: Uint8Array): { pids: number[]; gaps: number } {
  const counters = new Map<number, number>();
  const pids: number[] = [];
  let gaps = 0;
  assert.equal(bytes.length % 188, 0);
  for (let at = 0; at < bytes.length; at += 188) {
    assert.equal(bytes[at], 0x47);
    const pid = (bytes[at + 1]! & 0x1f) << 8 | bytes[at + 2]!;
    pids.push(pid);
    if ((bytes[at + 3]! & 0x10) === 0) continue;
    const counter = bytes[at + 3]! & 0x0f;
    const last = counters.get(pid);
    if (last !== undefined && (last + 1 & 0x0f) !== counter) gaps++;
    counters.set(pid, counter);
  }
  return { pids, gaps };
}

Deno.test("TsWire starts each viewer with tables at a key frame, and all read the same", async () => {
  const { publish, view } = rig();
  const sent = film(0, 2_000);
  const early = view();
  publish(config("video", AVC_CONFIG), config("audio", AAC_CONFIG), ...sent.slice(0, 60));
  await settled();
  const late = view();
  publish(...sent.slice(60));
  await settled();
  const begins = sent.findIndex(({ dtsUs, kind }) => dtsUs === 800_000 && kind === "video");
  for (const [viewer, expected] of [[early, sent], [late, sent.slice(begins)]] as const) {
    const { pids, gaps } = scan(viewer.bytes);
    assert.deepEqual([pids[0], pids[1], gaps], [0, 0x1000, 0]);
    for (const kind of ["video", "audio"]) {
      assert.deepEqual(media(viewer.packets, kind), shifted(expected, kind), kind);
    }
  }
});

Deno.test("TsWire makes new tables for tracks that come later or change, without a gap in what went before", async () => {
  const { publish, view, missed } = rig();
  const viewer = view();
  publish(config("video", AVC_CONFIG), key(0), packet("video", 40));
  publish(config("audio", AAC_CONFIG), packet("audio", 60), packet("video", 80));
  publish(config("video", HEVC_CONFIG, "hvc1"), key(120, { codec: "hvc1", payload: hevcKey() }));
  await settled();
  const reader = new TsReader();
  reader.push(viewer.bytes);
  reader.flush();
  assert.deepEqual(reader.streams.map(({ codecName }) => codecName).sort(), ["aac", "h264", "hevc"]);
  assert.equal(reader.program?.streams.length, 2);
  assert.equal(reader.statistics.continuityErrors, 0);
  assert.equal(scan(viewer.bytes).gaps, 0);
  assert.deepEqual(missed, []);
});

function hevcKey(): Uint8Array {
  const bytes = new Uint8Array(100).fill(0x5a);
  bytes.set([0, 0, 0, 96, 0x26, 0x01, 0xaf, 0x08]);
  return bytes;
}

Deno.test("TsWire sends the tracks it can, and says which it cannot; what is malformed is left out", async () => {
  const { publish, view, missed } = rig();
  const viewer = view();
  publish(
    packet("video", 0, { codec: "av01", role: "config", payload: Uint8Array.of(0x81, 0, 0, 0) }),
    key(0, { codec: "av01" }),
    config("audio", AAC_CONFIG),
  );
  for (let ms = 0; ms < 2_000; ms += 20) publish(packet("audio", ms));
  await settled();
  assert.equal(media(viewer.packets, "audio").length, 100);
  assert.deepEqual(missed, ["av01"]);

  const wire = new TsWire();
  const lying = key(0, { payload: Uint8Array.of(0, 0, 9, 9, 0x65) });
  assert.equal(wire.encodedBytes(key(0)), 0, "no configuration has come");
  wire.encodedBytes(config("video", AVC_CONFIG));
  assert.equal(wire.encodedBytes(lying), 0);
  assert.ok(wire.encodedBytes(key(40)) > 0);
  assert.equal(wire.encodedBytes(config("video", Uint8Array.of(1, 2))), 0);
  assert.equal(wire.malformedPackets, 3);
});

Deno.test("TsWire starts viewers of audio with tables of their own", async () => {
  const { publish, view } = rig();
  publish(config("audio", AAC_CONFIG));
  view();
  const sent = Array.from({ length: 36 }, (_, number) => packet("audio", number * 20));
  publish(...sent.slice(0, 35));
  await settled();
  const viewer = view();
  await settled();
  publish(sent[35]!);
  await settled();
  const { pids, gaps } = scan(viewer.bytes);
  assert.deepEqual([pids.slice(0, 2), gaps], [[0, 0x1000], 0]);
  // a place to start at is there twice a second
  assert.deepEqual(media(viewer.packets, "audio"), shifted(sent.slice(25), "audio"));
});

Deno.test("TsWire carries MP3, AC-3 and Opus", async (context) => {
  const opus = Uint8Array.fromHex("4f707573486561640102000080bb0000000000");
  const cases: [CodecId, Uint8Array | undefined, Uint8Array][] = [
    [".mp3", undefined, mp3Frame()],
    ["Opus", opus, Uint8Array.of(0xfc, 1, 2, 3, 4, 5)],
  ];
  for (const [codec, given, payload] of cases) {
    await context.step(codec, async () => {
      const { publish, view } = rig();
      const viewer = view();
      if (given !== undefined) publish(config("audio", given, codec));
      const sent: Packet[] = [];
      for (let ms = 0; ms < 1_200; ms += 24) sent.push(packet("audio", ms, { codec, payload }));
      publish(...sent);
      await settled();
      const got = viewer.packets.filter(({ role }) => role === "media");
      assert.deepEqual(got.map(({ payload }) => payload.toHex()), sent.map(({ payload }) => payload.toHex()));
      assert.ok(got.every((packet) => packet.codec === codec));
    });
  }
});

/** 128 kbit/s at 44.1 kHz: 417 bytes. */
function mp3Frame(): Uint8Array {
  const bytes = new Uint8Array(417);
  bytes.set([0xff, 0xfb, 0x90, 0xc4]);
  return bytes;
}
