import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes, MemorySource } from "#bytes";
import { FormatError } from "#errors";
import type { MediaPacket, MuxTrack } from "#media";
import { hex, noise, packetsOf, pes, sectionPackets } from "../_rig_test.ts";
import { TsDemuxer, TsMuxer, type TsMuxerOptions } from "../mod.ts";

const VIDEO: MuxTrack = {
  ...{ kind: "video", trackId: 0, codec: "avc1", timescale: 90_000 },
  codecConfig: hex("0164000affe100186764000aacd9447b011000000300100000030320f122596001000468ef8fcb fdf8f800"),
};
const AUDIO: MuxTrack = {
  ...{ kind: "audio", trackId: 0, codec: "mp4a", timescale: 90_000, language: "swe" },
  codecConfig: hex("1190"),
};

interface FilmOptions {
  readonly pictures: number;
  /** Pictures from one key frame to the next. */
  readonly keyDistance?: number;
  readonly startTicks?: number;
  readonly pictureBytes?: number;
  readonly hasVideo?: boolean;
  readonly hasAudio?: boolean;
  readonly muxer?: TsMuxerOptions;
}

/** The packets of a film with 25 pictures a second, presented two pictures after decoding, and audio at 48 kHz; its packets. */
function film(options: FilmOptions): { bytes: Uint8Array; packets: MediaPacket[] } {
  const { pictures, keyDistance = 10, startTicks = 90_000, pictureBytes = 400 } = options;
  const { hasVideo = true, hasAudio = true } = options;
  const packets: MediaPacket[] = [];
  for (let picture = 0; picture < pictures; picture++) {
    const dts = startTicks + picture * 3600;
    const isKeyFrame = picture % keyDistance === 0;
    const payload = noise(4 + pictureBytes, picture + 1);
    payload.set([0, 0, pictureBytes >> 8, pictureBytes & 255, isKeyFrame ? 0x65 : 0x41, 0x88]);
    if (hasVideo) packets.push(packetOf(VIDEO, { dts, pts: dts + 7200, isKeyFrame, payload, trackIndex: 0 }));
    for (let frame = Math.ceil(picture * 3600 / 1920); frame * 1920 < (picture + 1) * 3600; frame++) {
      const at = startTicks + frame * 1920;
      const audio = {
        dts: at,
        pts: at,
        isKeyFrame: true,
        payload: noise(50, frame + 7),
        trackIndex: hasVideo ? 1 : 0,
      };
      if (hasAudio) packets.push(packetOf(AUDIO, audio));
    }
  }
  const tracks = [...(hasVideo ? [VIDEO] : []), ...(hasAudio ? [AUDIO] : [])];
  const muxer = new TsMuxer(tracks, options.muxer);
  const parts = [muxer.begin(), ...packets.map((packet) => muxer.write(packet)), muxer.end().append];
  return { bytes: concatBytes(parts), packets };
}

function packetOf(
  track: MuxTrack,
  fields: { dts: number; pts: number; isKeyFrame: boolean; payload: Uint8Array; trackIndex: number },
): MediaPacket {
  const { dts, pts, isKeyFrame, payload, trackIndex } = fields;
  return {
    ...{ kind: track.kind, trackId: 0, codec: track.codec, role: "media", isKeyFrame, payload, trackIndex },
    ...{ dtsUs: Math.round(dts * 100 / 9), ptsUs: Math.round(pts * 100 / 9), dtsTicks: dts, ptsTicks: pts },
    ...{ durationTicks: 0, isDiscarded: false },
  };
}

async function readAll(demuxer: TsDemuxer): Promise<MediaPacket[]> {
  const packets: MediaPacket[] = [];
  for (;;) {
    const batch = await demuxer.read();
    if (batch.length === 0) return packets;
    assert.ok(batch.length <= 64);
    packets.push(...batch);
  }
}

const lineOf = ({ trackIndex, dtsTicks, ptsTicks, isKeyFrame, payload }: MediaPacket) =>
  `${trackIndex} ${dtsTicks}/${ptsTicks} ${isKeyFrame} ${payload.toHex()}`;

/** Lines of the media packets of one track. */
const linesOf = (packets: readonly MediaPacket[], track: number) =>
  packets.filter(({ role, trackIndex }) => role === "media" && trackIndex === track).map(lineOf);

Deno.test("TsDemuxer reads a file: tracks, length, packets, configurations first", async () => {
  const { bytes, packets } = film({ pictures: 50, muxer: { service: { name: "news", provider: "crtmp" } } });
  const demuxer = await TsDemuxer.open(new MemorySource(bytes));
  const { summary } = demuxer;
  assert.equal(summary.formatName, "mpegts");
  assert.equal(summary.startUs, 1_000_000);
  assert.equal(summary.durationUs, 2_080_000);
  assert.deepEqual(summary.tags, { service_name: "news", service_provider: "crtmp" });
  assert.deepEqual(
    summary.tracks.map(({ kind, codecName, containerTrackId, width, sampleRate, durationTicks, tags }) => ({
      ...{ kind, codecName, containerTrackId, width, sampleRate, durationTicks, tags },
    })),
    [
      {
        ...{ kind: "video", codecName: "h264", containerTrackId: 256, width: 64, sampleRate: undefined },
        ...{ durationTicks: 180_000, tags: {} },
      },
      {
        ...{ kind: "audio", codecName: "aac", containerTrackId: 257, width: undefined, sampleRate: 48_000 },
        ...{ durationTicks: 180_480, tags: { language: "swe" } },
      },
    ],
  );
  const read = await readAll(demuxer);
  for (const track of [0, 1]) assert.deepEqual(linesOf(read, track), linesOf(packets, track));
  for (const [index, { codecConfig }] of [VIDEO, AUDIO].entries()) {
    const own = read.filter(({ trackIndex }) => trackIndex === index);
    assert.deepEqual(own.filter(({ role }) => role === "config"), own.slice(0, 1));
    assert.deepEqual(own[0]!.payload, codecConfig);
  }
  assert.deepEqual(await demuxer.read(), []);
  demuxer.close();
});

/** Seeks everywhere and looks at what comes next. */
async function checkSeeks(
  demuxer: TsDemuxer,
  packets: readonly MediaPacket[],
  leading: number,
): Promise<void> {
  const keys = packets.filter(({ trackIndex, isKeyFrame }) => trackIndex === leading && isKeyFrame);
  const times = keys.flatMap(({ ptsUs }) => [ptsUs - 1, ptsUs, ptsUs + 20_000]);
  for (const timeUs of [-1e9, 0, ...times, 1e12]) {
    const wanted = keys.findLast(({ ptsUs }) => ptsUs <= timeUs) ?? keys[0]!;
    assert.deepEqual(await demuxer.seek(timeUs), { timeUs: wanted.ptsUs }, `seek ${timeUs}`);
    const read = await readAll(demuxer);
    const rest = packets.slice(packets.indexOf(wanted));
    assert.deepEqual(linesOf(read, leading), linesOf(rest, leading), `seek ${timeUs}`);
    const first = read.find(({ trackIndex }) => trackIndex === leading)!;
    assert.equal(first.role, "config");
  }
}

for (
  const [name, options] of Object.entries<FilmOptions>({
    "a film": { pictures: 60 },
    "video alone": { pictures: 40, hasAudio: false },
    "audio alone": { pictures: 10, hasVideo: false, muxer: { audioPesTicks: 9000 } },
    "a film over the rollover": {
      ...{ pictures: 1600, keyDistance: 400, pictureBytes: 300, hasAudio: false },
      startTicks: 2 ** 33 - 5_400_001,
    },
    "a film that begins before zero": { pictures: 30, startTicks: -45_000 },
  })
) {
  Deno.test(`TsDemuxer seeks to the key frame at or before in ${name}, with and without an index`, async () => {
    const { bytes, packets } = film(options);
    const demuxer = await TsDemuxer.open(new MemorySource(bytes), { blockBytes: 4000 });
    assert.equal(demuxer.canSeek, true);
    await checkSeeks(demuxer, packets, 0);
    const index = await demuxer.scan();
    const length = demuxer.summary.durationUs;
    assert.equal(index.durationUs, length);
    assert.equal(index.scannedBytes, bytes.length);
    const tracks = demuxer.summary.tracks.length;
    assert.deepEqual(
      index.packetCounts,
      Array.from({ length: tracks }, (_, track) => linesOf(packets, track).length),
    );
    demuxer.useIndex(index);
    await checkSeeks(demuxer, packets, 0);
  });
}

Deno.test("TsDemuxer halves its way through files that are larger than what it reads at once", async () => {
  const { bytes, packets } = film({ pictures: 2000, keyDistance: 100, pictureBytes: 2000 });
  assert.ok(bytes.length > 4_000_000);
  const source = new CountingSource(bytes);
  const demuxer = await TsDemuxer.open(source);
  const keys = packets.filter(({ kind, isKeyFrame }) => kind === "video" && isKeyFrame);
  for (const seconds of [3, 17, 40, 66, 79, 81]) {
    source.readBytes = 0;
    const { timeUs } = await demuxer.seek(seconds * 1e6);
    const wanted = keys.findLast(({ ptsUs }) => ptsUs <= seconds * 1e6)!;
    assert.equal(timeUs, wanted.ptsUs);
    assert.ok(source.readBytes < 3_000_000, `${source.readBytes} bytes read`);
    const next = (await demuxer.read()).find(({ kind, role }) => kind === "video" && role === "media")!;
    assert.equal(lineOf(next), lineOf(wanted));
  }
});

class CountingSource extends MemorySource {
  readBytes = 0;

  override async readAt(offset: number, into: Uint8Array): Promise<number> {
    const count = await super.readAt(offset, into);
    this.readBytes += count;
    return count;
  }
}

Deno.test("TsDemuxer distrusts an index of another file", async () => {
  const { bytes, packets } = film({ pictures: 60 });
  const other = film({ pictures: 60, keyDistance: 7, startTicks: 100_000 });
  const demuxer = await TsDemuxer.open(new MemorySource(bytes));
  demuxer.useIndex(await (await TsDemuxer.open(new MemorySource(other.bytes))).scan());
  await checkSeeks(demuxer, packets, 0);
});

Deno.test("TsDemuxer seeks among the key frames that a thinned index leaves out", async () => {
  const { bytes, packets } = film({ pictures: 60, keyDistance: 5 });
  const demuxer = await TsDemuxer.open(new MemorySource(bytes));
  const index = await demuxer.scan();
  const keep = (column: Float64Array) => column.filter((_, row) => row % 4 === 0);
  demuxer.useIndex({ ...index, timesUs: keep(index.timesUs), offsets: keep(index.offsets) });
  await checkSeeks(demuxer, packets, 0);
});

Deno.test("TsDemuxer goes on with a file that grows", async () => {
  const { bytes, packets } = film({ pictures: 40 });
  const half = bytes.length / 188 >> 1;
  for (const cut of [half * 188, half * 188 + 50]) {
    const source = new MemorySource(bytes.subarray(0, cut));
    const demuxer = await TsDemuxer.open(source);
    const before = await readAll(demuxer);
    assert.deepEqual(await demuxer.read(), []);
    source.append(bytes.subarray(cut));
    const after = await readAll(demuxer);
    const lines = linesOf([...before, ...after], 0);
    const wanted = linesOf(packets, 0);
    // at most the picture that was cut is not whole
    assert.equal(lines.filter((line) => !wanted.includes(line)).length <= 1, true);
    assert.ok(lines.length >= wanted.length - 1);
    assert.equal(lines.at(-1), wanted.at(-1));
  }
});

Deno.test("TsDemuxer plays what is cut at any place, or says that there is no program", async () => {
  const { bytes, packets } = film({ pictures: 4, pictureBytes: 250 });
  const times = new Set(packets.map(({ trackIndex, dtsTicks }) => `${trackIndex} ${dtsTicks}`));
  for (let cut = 0; cut < bytes.length; cut++) {
    const source = new MemorySource(bytes.subarray(0, cut));
    try {
      const demuxer = await TsDemuxer.open(source);
      for (const { trackIndex, dtsTicks } of await readAll(demuxer)) {
        assert.ok(times.has(`${trackIndex} ${dtsTicks}`), `cut ${cut}`);
      }
    } catch (error) {
      assert.ok(error instanceof FormatError, `${error}`);
      assert.match(error.message, /^Cannot read MPEG-TS: (no packets|\d packets and no program map)/);
      assert.ok(cut < 3 * 188);
    }
  }
});

Deno.test("TsDemuxer reads, seeks and scans files with any bytes changed", async () => {
  const { bytes } = film({ pictures: 12, pictureBytes: 250 });
  const edits = fc.array(fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 255 })), {
    maxLength: 40,
  });
  await fc.assert(
    fc.asyncProperty(edits, fc.nat({ max: 2_000_000 }), async (edits, timeUs) => {
      const mutated = bytes.slice();
      for (const [at, byte] of edits) mutated[at] = byte;
      let demuxer: TsDemuxer;
      try {
        demuxer = await TsDemuxer.open(new MemorySource(mutated));
      } catch (error) {
        assert.ok(error instanceof FormatError);
        return;
      }
      await readAll(demuxer);
      await demuxer.seek(timeUs);
      await readAll(demuxer);
      demuxer.useIndex(await demuxer.scan());
      await demuxer.seek(timeUs);
    }),
    { numRuns: 60 },
  );
});

Deno.test("TsDemuxer does not guess a length from times that jump", async () => {
  const first = film({ pictures: 20, startTicks: 900_000_000 });
  const second = film({ pictures: 20, startTicks: 0 });
  const demuxer = await TsDemuxer.open(new MemorySource(concatBytes([first.bytes, second.bytes])));
  assert.equal(demuxer.summary.durationUs, undefined);
  assert.equal(linesOf(await readAll(demuxer), 0).length, 40);
  const index = await demuxer.scan();
  assert.ok(index.timesUs.every((time, row) => row === 0 || time > index.timesUs[row - 1]!));
});

Deno.test("TsDemuxer knows which map holds where it seeks to, in a file whose streams change", async () => {
  const first = film({ pictures: 30, startTicks: 90_000 });
  // on the PID of the video, the map one version later
  const second = film({ pictures: 30, startTicks: 90_000 + 30 * 3600, hasVideo: false });
  const third = film({ pictures: 30, startTicks: 90_000 + 60 * 3600 });
  const bytes = concatBytes([first.bytes, second.bytes, third.bytes]);
  const demuxer = await TsDemuxer.open(new MemorySource(bytes));
  const whole = await readAll(demuxer);
  assert.deepEqual(demuxer.summary.tracks.map(({ codecName }) => codecName), ["h264", "aac"]);
  assert.deepEqual(linesOf(whole, 0), linesOf([...first.packets, ...third.packets], 0));
  assert.equal(
    linesOf(whole, 1).length,
    [first, second, third].flatMap(({ packets }) => packets.filter(({ kind }) => kind === "audio")).length,
  );
  const keys = whole.filter(({ kind, isKeyFrame, role }) =>
    kind === "video" && isKeyFrame && role === "media"
  );
  for (const pass of ["by time", "by index"]) {
    for (const key of keys.toReversed()) {
      assert.deepEqual(await demuxer.seek(key.ptsUs), { timeUs: key.ptsUs }, pass);
      const next = (await demuxer.read()).find(({ kind, role }) => kind === "video" && role === "media");
      assert.equal(lineOf(next!), lineOf(key));
    }
    demuxer.useIndex(await demuxer.scan());
  }
});

Deno.test("TsDemuxer reports progress of a scan, and ends it when it is told to", async () => {
  const { bytes } = film({ pictures: 20 });
  const demuxer = await TsDemuxer.open(new MemorySource(bytes));
  const seen: number[] = [];
  await demuxer.scan({ onProgress: (done) => seen.push(done) });
  assert.equal(seen.at(-1), 1);
  const signal = AbortSignal.abort(new Error("enough"));
  await assert.rejects(demuxer.scan({ signal }), /enough/);
});

Deno.test("TsDemuxer closes the source of what is no transport stream", async () => {
  for (const bytes of [new Uint8Array(0), noise(5000), new Uint8Array(2_000_000)]) {
    let isClosed = false;
    const source = new MemorySource(bytes);
    source.close = () => void (isClosed = true);
    await assert.rejects(TsDemuxer.open(source), FormatError);
    assert.equal(isClosed, true);
  }
  // packets, but of no program
  const bytes = concatBytes(packetsOf(256, pes(noise(2000), { pts: 0 })));
  await assert.rejects(TsDemuxer.open(new MemorySource(bytes)), /11 packets and no program map/);
  const empty = concatBytes(sectionPackets(0, noise(100)));
  await assert.rejects(TsDemuxer.open(new MemorySource(empty)), /1 packets and no program map/);
});
