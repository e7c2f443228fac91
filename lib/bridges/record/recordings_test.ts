import assert from "node:assert/strict";
import { MemorySource } from "#bytes";
import { openMedia } from "#mediaformats";
import { videoTagToPacket } from "#mediaformats/flv";
import type { MediaPacket, Packet } from "#media";
import type { Publisher, Stream } from "#streaming";
import {
  AAC_CONFIG,
  AVC_CONFIG,
  CONFIGS,
  DISK_FULL,
  media,
  OTHER_AAC_CONFIG,
  packet,
  recordingRig,
  settled,
} from "./_rig_test.ts";
import { RECORDING_DEFAULTS, RECORDING_FLUSH_MS, type RecordingEvent, Recordings } from "./mod.ts";
import type { RecordingOptions } from "./mod.ts";

/** Recordings of the application `live` into memory, and a publisher of `live/cam`. */
function start(settings: Partial<RecordingOptions> = {}, options: { gopCacheBytes?: number } = {}) {
  const rig = recordingRig(options);
  const recordings = new Recordings({
    appName: "live",
    settings: { ...RECORDING_DEFAULTS, automatic: true, ...settings },
    openSink: () => Promise.resolve(rig.sink),
    clock: rig.clock,
    log: rig.log,
  });
  const publish = async (): Promise<{ stream: Stream; publisher: Publisher; end: () => void }> => {
    const stream = rig.open();
    const publisher = stream.publish({ origin: "test", replaced() {} })!;
    recordings.streamUp(stream);
    await settled();
    return {
      stream,
      publisher,
      end: () => {
        publisher.end();
        recordings.streamDown(stream);
      },
    };
  };
  return { ...rig, recordings, publish };
}

async function packetsIn(bytes: Uint8Array): Promise<readonly MediaPacket[]> {
  const demuxer = await openMedia(new MemorySource(bytes.slice()), { name: "recording" });
  const packets: MediaPacket[] = [];
  for (let batch = await demuxer.read(); batch.length > 0; batch = await demuxer.read()) {
    packets.push(...batch);
  }
  return packets;
}

/** The beginning of something, by format. */
const HALVES = {
  flv: new Uint8Array([9, 0, 0, 50, 1]),
  mp4: new Uint8Array([0, 0, 1, 0, 0x6d, 0x6f, 0x6f, 0x66, 0, 0]),
  ts: new Uint8Array([0x47, 0x41, 0, 0x30, 7]),
} as const;

const timesOf = (packets: readonly Packet[], kind: string) =>
  packets.filter((one) => one.role === "media" && one.kind === kind).map(({ dtsUs }) => dtsUs / 1000);

const send = (publisher: Publisher, packets: readonly Packet[]) => {
  for (const one of packets) publisher.publish(one);
};

Deno.test("Recordings writes what is published, on one base of time", async () => {
  const { sink, publish, recordings, lines } = start();
  const { publisher, end } = await publish();
  send(publisher, [...CONFIGS, ...media(5000, 8000)]);
  end();
  await settled();
  const packets = await packetsIn(sink.bytesOf("cam.flv"));
  assert.deepEqual(
    timesOf(packets, "video"),
    media(0, 3000).filter(({ kind }) => kind === "video").map((p) => p.dtsUs / 1000),
  );
  assert.deepEqual(
    timesOf(packets, "audio"),
    media(0, 3000).filter(({ kind }) => kind === "audio").map((p) => p.dtsUs / 1000),
  );
  assert.deepEqual(packets.filter(({ role }) => role === "config").map(({ payload }) => payload), [
    AVC_CONFIG,
    AAC_CONFIG,
  ]);
  assert.equal(sink.files.get("cam.flv")?.isClosed, true);
  assert.deepEqual(recordings.list(), []);
  assert.deepEqual(lines(), [
    "INFO    live/cam: recording to cam.flv",
    `INFO    live/cam: recorded cam.flv: 3.0 s, ${sink.bytesOf("cam.flv").length} bytes`,
  ]);
});

Deno.test("Recordings has on disk what is older than its flush period", async () => {
  const { clock, sink, publish, recordings } = start();
  const { publisher, end } = await publish();
  send(publisher, [...CONFIGS, ...media(0, 2000)]);
  clock.advance(RECORDING_FLUSH_MS);
  await settled();
  assert.equal(timesOf(await packetsIn(sink.bytesOf("cam.flv")), "audio").at(-1), 1983);
  assert.deepEqual(recordings.list().map(({ streamName, fileName }) => [streamName, fileName]), [[
    "cam",
    "cam.flv",
  ]]);
  end();
  await settled();
});

Deno.test("Recordings misses nothing where the stream keeps nothing", async () => {
  const { sink, publish } = start({}, { gopCacheBytes: 0 });
  const { publisher, end } = await publish();
  send(publisher, [...CONFIGS, ...media(0, 2000)]);
  end();
  await settled();
  assert.equal(timesOf(await packetsIn(sink.bytesOf("cam.flv")), "video").length, 50);
});

/** `colorInfo` of Enhanced RTMP, which says nothing. */
const HDR_COLORS = videoTagToPacket(Uint8Array.fromHex("94617663310200"), 0)!;

Deno.test("Recordings cuts files by time and size, at key frames", async () => {
  for (const cut of [{ segmentMs: 2000 }, { segmentBytes: 21_000 }]) {
    const { sink, publish } = start(cut);
    const { publisher, end } = await publish();
    send(publisher, [...CONFIGS, HDR_COLORS, ...media(0, 6000)]);
    end();
    await settled();
    assert.ok(sink.files.size >= 3, `${sink.files.size} files`);
    let videoPackets = 0;
    let audioPackets = 0;
    for (const { bytes } of sink.files.values()) {
      const packets = await packetsIn(bytes);
      const first = packets.find(({ kind, role }) => kind === "video" && role === "media");
      assert.equal(first?.isKeyFrame, true);
      assert.ok(first.dtsUs < 20_000);
      assert.deepEqual(
        packets.filter(({ role }) => role === "config").length,
        2,
        "each file stands by itself",
      );
      const descriptions = packets.filter(({ role }) => role === "description");
      assert.deepEqual(descriptions.map(({ payload }) => payload), [HDR_COLORS.payload]);
      videoPackets += timesOf(packets, "video").length;
      audioPackets += timesOf(packets, "audio").length;
    }
    assert.deepEqual([videoPackets, audioPackets], [150, 300], "nothing is lost between the files");
  }
});

Deno.test("Recordings begins another file where a codec changes, or time jumps", async () => {
  const changes: readonly (readonly [string, readonly Packet[], string])[] = [
    [
      "configuration",
      [packet("audio", 2000, { role: "config", payload: OTHER_AAC_CONFIG }), ...media(2000, 4000)],
      "its audio changed",
    ],
    [
      "codec",
      media(2000, 4000).map((one) => one.kind === "audio" ? { ...one, codec: ".mp3" as const } : one),
      "its audio changed",
    ],
    ["time ahead", media(900_000, 902_000), "its time jumped"],
    ["time back", media(0, 2000), "its time jumped"],
  ];
  for (const [name, later, reason] of changes) {
    const { sink, publish, lines } = start();
    const { publisher, end } = await publish();
    send(publisher, [...CONFIGS, ...media(0, 2000), ...later]);
    end();
    await settled();
    assert.deepEqual([...sink.files.keys()], ["cam.flv", "cam_1.flv"], name);
    const [first, second] = await Promise.all([...sink.files.values()].map(({ bytes }) => packetsIn(bytes)));
    const counts = (kind: string) => [timesOf(first!, kind).length, timesOf(second!, kind).length];
    assert.deepEqual(counts("audio"), [100, 100], name);
    // it is seen after the key frame at 2000: the picture goes on in the first file up to the next one
    assert.deepEqual(counts("video"), name === "codec" ? [75, 25] : [50, 50], name);
    assert.ok(lines().some((line) => line.includes(reason)), name);
  }
});

Deno.test("Recordings ends where the time jumps with each packet, rather than fill the folder", async () => {
  const { clock, sink, publish, lines } = start({ automatic: true });
  const { publisher, end } = await publish();
  send(publisher, [CONFIGS[0]!, ...media(0, 2000).filter(({ kind }) => kind === "video")]);
  for (let jump = 1; jump <= 40; jump++) {
    for (const ms of [0, 2000]) publisher.publish(packet("video", jump * 100_000 + ms));
    clock.advance(RECORDING_FLUSH_MS);
    await settled();
  }
  assert.ok(sink.files.size <= 20, `${sink.files.size} files`);
  assert.match(lines().at(-1)!, /^ERROR {3}live\/cam: recording .*16 files began for it within a minute/);
  end();
});

Deno.test("Recordings bounds what waits for a track that was announced and never comes", async () => {
  const { clock, sink, publish } = start();
  const { publisher, end } = await publish();
  publisher.publish(CONFIGS[0]!);
  publisher.publish(CONFIGS[1]!);
  const large = new Uint8Array(1_000_000);
  for (let at = 0; at < 9; at++) publisher.publish(packet("video", 0, { payload: large }));
  clock.advance(RECORDING_FLUSH_MS);
  await settled();
  assert.ok(sink.bytesOf("cam.flv").length > 8_000_000);
  end();
  await settled();
});

Deno.test("Recordings has what was kept for the next file when the stream ends before it begins", async () => {
  const { sink, publish } = start();
  const { publisher, end } = await publish();
  const changed = media(2000, 2400).map((one) =>
    one.kind === "audio" ? { ...one, codec: ".mp3" as const } : one
  );
  send(publisher, [...CONFIGS, ...media(0, 2000), ...changed]);
  end();
  await settled();
  const [first, second] = await Promise.all([...sink.files.values()].map(({ bytes }) => packetsIn(bytes)));
  assert.deepEqual([timesOf(first!, "video").length, timesOf(second!, "audio").length], [60, 20]);
});

Deno.test("Recordings writes the same configuration, sent again, into the same file", async () => {
  const { sink, publish } = start();
  const { publisher, end } = await publish();
  send(publisher, [...CONFIGS, ...media(0, 1000), ...CONFIGS, ...media(1000, 2000)]);
  end();
  await settled();
  assert.equal(sink.files.size, 1);
});

Deno.test("Recordings in MP4 begins another file when a track comes late; FLV takes it", async () => {
  for (const format of ["mp4", "flv"] as const) {
    const { sink, publish } = start({ format });
    const { publisher, end } = await publish();
    const video = media(0, 4000).filter(({ kind }) => kind === "video");
    const both = [CONFIGS[1]!, ...media(4000, 6000)];
    send(publisher, [CONFIGS[0]!, ...video, ...both]);
    end();
    await settled();
    assert.equal(sink.files.size, format === "mp4" ? 2 : 1, format);
  }
});

Deno.test("Recordings leaves out a track its format cannot hold, and says so once", async () => {
  const { sink, publish, lines } = start({ format: "mp4", segmentMs: 1000 });
  const { publisher, end } = await publish();
  const legacy = media(0, 3000).map((one) =>
    one.kind === "audio" ? { ...one, codec: "nellymoser" as const } : one
  );
  send(publisher, [CONFIGS[0]!, ...legacy]);
  end();
  await settled();
  assert.equal(sink.files.size, 3);
  assert.deepEqual(lines().filter((line) => line.startsWith("WARN")), [
    "WARNING live/cam: audio track 0 is left out: mp4 cannot hold nellymoser",
  ]);
});

Deno.test("Recordings drops up to the next key frame where the disk is too slow, and says how much", async () => {
  const { clock, sink, publish, lines, recordings } = start({ maxQueueBytes: 1000 });
  const { publisher, end } = await publish();
  send(publisher, [...CONFIGS, ...media(0, 1020)]);
  clock.advance(RECORDING_FLUSH_MS);
  await settled();
  const { promise, resolve } = Promise.withResolvers<void>();
  sink.held = promise;
  send(publisher, media(1020, 1500));
  clock.advance(RECORDING_FLUSH_MS);
  send(publisher, media(1500, 4000));
  const [status] = recordings.list();
  assert.ok(status!.droppedPackets > 100, `${status!.droppedPackets} packets dropped`);
  resolve();
  sink.held = undefined;
  await settled();
  send(publisher, media(4000, 4300));
  end();
  await settled();
  const packets = await packetsIn(sink.bytesOf("cam.flv"));
  const times = timesOf(packets, "video");
  const resumed = times.findIndex((ms, at) => at > 0 && ms - times[at - 1]! > 40);
  assert.equal(times[resumed]! % 1000, 0, "it goes on at a key frame");
  assert.equal(times.at(-1), 4280);
  const warnings = lines().filter((line) => line.startsWith("WARNING"));
  assert.ok(warnings.length >= 1 && warnings.length <= 2, warnings.join("\n"));
  assert.match(warnings[0]!, /the disk is too slow for the recording: \d+ packets dropped so far/);
});

Deno.test("Recordings ends with one line at an error of the disk; the stream goes on", async () => {
  const { clock, sink, publish, lines, recordings } = start({ automatic: false });
  const { stream, publisher, end } = await publish();
  const events: RecordingEvent[] = [];
  assert.equal(recordings.start(stream, { isFromNow: true, told: (event) => events.push(event) }), true);
  send(publisher, [...CONFIGS, ...media(0, 2000)]);
  clock.advance(RECORDING_FLUSH_MS);
  await settled();
  sink.fault = DISK_FULL;
  send(publisher, media(2000, 2500));
  clock.advance(RECORDING_FLUSH_MS);
  await settled();
  send(publisher, media(2500, 3000));
  clock.advance(RECORDING_FLUSH_MS);
  await settled();
  assert.deepEqual(recordings.list(), []);
  assert.deepEqual(lines().filter((line) => line.startsWith("ERROR")), [
    `ERROR   live/cam: recording to cam.flv has ended: ${DISK_FULL.message}`,
  ]);
  assert.deepEqual(events, [
    { type: "started", fileName: "cam.flv" },
    { type: "failed", reason: DISK_FULL.message },
  ]);
  const file = sink.files.get("cam.flv")!;
  assert.equal(file.isClosed, true);
  assert.equal(timesOf(await packetsIn(file.bytes), "audio").at(-1), 1983);
  assert.ok(stream.packets.end > 200, "the stream has all packets");
  assert.equal(clock.pending, 0);
  end();
});

Deno.test("Recordings tells a folder that cannot be opened in one line", async () => {
  const rig = recordingRig();
  const recordings = new Recordings({
    ...{ appName: "live", settings: RECORDING_DEFAULTS, clock: rig.clock, log: rig.log },
    openSink: () => Promise.reject(new Error("Cannot use folder")),
  });
  const stream = rig.open();
  const publisher = stream.publish({ origin: "test", replaced() {} })!;
  recordings.start(stream, { isFromNow: true });
  send(publisher, [...CONFIGS, ...media(0, 2000)]);
  await recordings.close();
  assert.deepEqual(rig.lines(), ["ERROR   live/cam: recording has ended: Cannot use folder"]);
});

for (const format of ["flv", "mp4", "ts"] as const) {
  Deno.test(`Recordings goes on with a file in ${format}, times after those that are there`, async () => {
    const { sink, publish, recordings } = start({ automatic: false, format });
    const name = `cam.${format}`;
    for (let round = 0; round < 3; round++) {
      const { stream, publisher, end } = await publish();
      recordings.start(stream, { isAppend: true, isFromNow: true });
      send(publisher, [...CONFIGS, ...media(0, 2000)]);
      end();
      await settled();
      // a server that was killed leaves half of what it writes: a tag, a box, a packet
      if (round === 0) await sink.files.get(name)!.append(HALVES[format]);
    }
    assert.deepEqual([...sink.files.keys()], [name]);
    const times = timesOf(await packetsIn(sink.bytesOf(name)), "video");
    assert.equal(times.length, 150);
    const gaps = times.slice(1).map((ms, at) => ms - times[at]!);
    assert.ok(gaps.every((gap) => gap >= 39 && gap <= 83), `${Math.max(...gaps)} ms`);
  });
}

Deno.test("Recordings never writes into a file that another recording writes", async () => {
  for (const wish of [{ isAppend: true }, { isAppend: false }]) {
    const { sink, open, recordings, lines, clock } = start({
      automatic: false,
      name: "all",
      onExisting: "replace",
    });
    const streams = ["a", "b"].map(open);
    const publishers = streams.map((stream) => stream.publish({ origin: "test", replaced() {} })!);
    for (const stream of streams) recordings.start(stream, { ...wish, isFromNow: true });
    for (const publisher of publishers) send(publisher, [...CONFIGS, ...media(0, 2000)]);
    clock.advance(RECORDING_FLUSH_MS);
    await settled();
    for (const publisher of publishers) send(publisher, media(2000, 4000));
    await Promise.all(streams.map((stream) => recordings.stop(stream.path.streamName)));
    assert.deepEqual([...sink.files.keys()], ["all.flv", "all_1.flv"]);
    for (const name of sink.files.keys()) {
      assert.equal(timesOf(await packetsIn(sink.bytesOf(name)), "video").length, 100, name);
    }
    assert.ok(lines().some((line) => /all\.flv: another recording writes it/.test(line)), lines().join("\n"));
  }
});

Deno.test("Recordings begins another file where the one to go on with is no FLV", async () => {
  const { sink, publish, recordings, lines } = start({ automatic: false });
  await (await sink.create("cam.flv", "number")).append(new Uint8Array(100));
  const { stream, publisher, end } = await publish();
  recordings.start(stream, { isAppend: true, isFromNow: true });
  send(publisher, [...CONFIGS, ...media(0, 2000)]);
  end();
  await settled();
  assert.equal(sink.bytesOf("cam.flv").length, 100);
  assert.equal(timesOf(await packetsIn(sink.bytesOf("cam_1.flv")), "video").length, 50);
  assert.match(lines()[0]!, /^WARNING live\/cam: cannot go on with cam.flv: Cannot read FLV/);
});

Deno.test("Recordings gives back a file to go on with that the system does not let it read", async () => {
  const { sink, publish, recordings, lines } = start({ automatic: false });
  const file = await sink.create("cam.flv", "number");
  await file.append(new Uint8Array(100));
  file.readAt = () => Promise.reject(new Error("EIO"));
  const { stream, publisher, end } = await publish();
  recordings.start(stream, { isAppend: true, isFromNow: true });
  send(publisher, [...CONFIGS, ...media(0, 2000)]);
  end();
  await settled();
  assert.match(lines().join("\n"), /EIO/);
  assert.equal(file.isClosed, true);
});

Deno.test("Recordings gives back a file whose format cannot list so many tracks, and its name", async () => {
  const { sink, publish, recordings, lines } = start({ format: "ts", onExisting: "replace" });
  for (let round = 0; round < 2; round++) {
    const { publisher, end } = await publish();
    for (let trackId = 0; trackId < 256; trackId++) {
      publisher.publish(packet("audio", 0, { trackId, codec: ".mp3" }));
    }
    end();
    await settled();
    assert.deepEqual([...sink.files.values()].map(({ name, isClosed }) => [name, isClosed]), [[
      "cam.ts",
      true,
    ]]);
  }
  assert.match(lines().join("\n"), /section of table 2: 1296 bytes exceed 1024/);
  assert.doesNotMatch(lines().join("\n"), /another recording writes it/);
  await recordings.close();
});

Deno.test("Recordings starts and stops in mid-stream, from the newest key frame on", async () => {
  const { sink, publish, recordings } = start({ automatic: false });
  const { stream, publisher, end } = await publish();
  send(publisher, [...CONFIGS, ...media(0, 1500)]);
  assert.equal(recordings.start(stream, { name: "{stream}-%F", format: "flv" }), true);
  assert.equal(recordings.start(stream), false, "once is enough");
  send(publisher, media(1500, 2500));
  assert.equal(await recordings.stop("cam"), true);
  assert.equal(await recordings.stop("cam"), false);
  send(publisher, media(2500, 3500));
  const [name] = [...sink.files.keys()];
  assert.match(name!, /^cam-2023-11-1[45]\.flv$/);
  const times = timesOf(await packetsIn(sink.bytesOf(name!)), "video");
  assert.deepEqual([times[0], times.at(-1), times.length], [0, 1480, 38]);
  end();
});

Deno.test("Recordings sees to it that all is complete when it closes, and starts no more", async () => {
  const { sink, publish, recordings } = start();
  const { stream, publisher } = await publish();
  send(publisher, [...CONFIGS, ...media(0, 2000)]);
  await recordings.close();
  assert.equal(sink.files.get("cam.flv")?.isClosed, true);
  assert.equal(recordings.start(stream), false);
});

Deno.test("Recordings deletes what is too old, then the oldest of what is too much, never what is written", async () => {
  const { clock, sink, publish, recordings, lines } = start({ maxAgeMs: 3_600_000, maxTotalBytes: 1000 });
  const { publisher, end } = await publish();
  send(publisher, [...CONFIGS, ...media(0, 2000)]);
  clock.advance(RECORDING_FLUSH_MS);
  await settled();
  const at = (name: string, ageMs: number, sizeBytes: number) => ({
    name,
    sizeBytes,
    mtimeMs: clock.wallMs() - ageMs,
  });
  sink.listed = [
    at("cam.flv", 9_000_000, 400),
    at("b.flv", 20_000, 500),
    at("a.flv", 30_000, 500),
    at("older.mp4", 4_000_000, 1),
    at("new.ts", 10_000, 400),
  ];
  await recordings.sweep();
  const removed = sink.removed.filter((name) => !/\.(seek|meta|stats)$/.test(name));
  assert.deepEqual(removed, ["older.mp4", "a.flv", "b.flv"]);
  assert.ok(sink.removed.includes("a.flv.seek"), "with what was kept beside it");
  assert.ok(lines().some((line) => line.includes("deleted 3 old recordings, older.mp4 the oldest")));
  end();
  await recordings.close();
});
