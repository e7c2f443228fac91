import { concatBytes } from "#bytes";
import { ManualClock } from "#clock";
import { FormatError } from "#errors";
import type { Demuxer, MediaPacket, MediaTrack } from "#media";
import { decodeScriptData, FlvTagReader, type PlacedFlvTag } from "#mediaformats/flv";
import assert from "node:assert/strict";
import { remuxToFlv } from "./flv_remux.ts";
import { PieceWriters } from "./piece_writers.ts";

const AVC = Uint8Array.fromHex(
  "014d401effe10018674d401eeca05017fcb808800000030080000019078b16cb01000568ebe3cb20",
);
const VIDEO: MediaTrack = {
  ...{ index: 0, kind: "video", trackId: 0, containerTrackId: 1, codec: "avc1", codecName: "h264" },
  ...{ timescale: 90_000, codecConfig: AVC, tags: {} },
};
const AUDIO: MediaTrack = {
  ...{ index: 2, kind: "audio", trackId: 1, containerTrackId: 3, codec: ".mp3", codecName: "mp3" },
  ...{ timescale: 48_000, tags: {} },
};
const SUBTITLES: MediaTrack = {
  ...{ index: 1, kind: "data", trackId: 0, containerTrackId: 2, codec: "unknown", codecName: "subrip" },
  ...{ timescale: 1000, tags: {} },
};
const TRACKS = [VIDEO, SUBTITLES, AUDIO];

function packet(track: MediaTrack, ms: number, more: Partial<MediaPacket> = {}): MediaPacket {
  const ticks = ms * track.timescale / 1000;
  return {
    ...{
      kind: track.kind,
      trackId: track.trackId,
      codec: track.codec,
      role: "media",
      trackIndex: track.index,
    },
    ...{ dtsUs: ms * 1000, ptsUs: ms * 1000, dtsTicks: ticks, ptsTicks: ticks, durationTicks: 0 },
    ...{ isKeyFrame: ms % 1000 === 0, isDiscarded: false, payload: new Uint8Array([0, 0, 0, 1, ms & 255]) },
    ...more,
  };
}

/** A picture and a sound each 100 ms. */
function film(seconds: number): MediaPacket[] {
  return Array.from({ length: seconds * 10 }, (_, index) => index * 100).flatMap((ms) => [
    packet(VIDEO, ms),
    packet(SUBTITLES, ms),
    packet(AUDIO, ms),
  ]);
}

interface Rig {
  readonly clock: ManualClock;
  readonly outcomes: { sentBytes: number; fault?: string }[];
  readonly reads: () => number;
  readonly closed: () => number;
  readonly body: ReadableStream<Uint8Array>;
}

async function rig(
  batches: readonly (readonly MediaPacket[] | Error)[],
  bufferMs: number,
  { mayGrow = () => false, writers }: { mayGrow?: () => boolean; writers?: PieceWriters } = {},
): Promise<Rig> {
  const clock = new ManualClock();
  const outcomes: { sentBytes: number; fault?: string }[] = [];
  let reads = 0;
  let closed = 0;
  const demuxer: Demuxer = {
    summary: { formatName: "test", tracks: TRACKS, startUs: 0, durationUs: 10_000_000, tags: { title: "A" } },
    canSeek: true,
    read: () => {
      const batch = batches[reads++] ?? [];
      return batch instanceof Error ? Promise.reject(batch) : Promise.resolve(batch as MediaPacket[]);
    },
    seek: (timeUs) => Promise.resolve({ timeUs }),
    close: () => void closed++,
  };
  const body = await remuxToFlv({ demuxer, mayGrow: () => Promise.resolve(mayGrow()) }, {
    clock,
    bufferMs,
    ...(writers === undefined ? {} : { writers }),
    finished: (outcome) => outcomes.push(outcome),
  });
  return { clock, outcomes, reads: () => reads, closed: () => closed, body };
}

async function tagsOf(body: ReadableStream<Uint8Array>): Promise<PlacedFlvTag[]> {
  return new FlvTagReader().push(new Uint8Array(await new Response(body).arrayBuffer()));
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await Promise.resolve();
}

Deno.test("remuxToFlv sends the first track of each kind as FLV", async () => {
  const { body, outcomes, closed } = await rig([film(1), film(1).map((each) => ({ ...each }))], Infinity);
  const tags = await tagsOf(body);
  const [metadata, config, picture, sound] = tags;
  const values = decodeScriptData(metadata!.body).values[0] as unknown as { members?: unknown };
  assert.match(JSON.stringify(values), /"duration":10/);
  assert.deepEqual([config!.tagType, config!.body.toHex()], [9, "1700000000" + AVC.toHex()]);
  assert.deepEqual([picture!.tagType, picture!.timestampMs, picture!.body.toHex()], [
    9,
    0,
    "17010000000000000100",
  ]);
  // the second audio track of the file is the only one of FLV
  assert.deepEqual([sound!.tagType, sound!.body.subarray(1).toHex()], [8, "0000000100"]);
  assert.equal(tags.length, 2 + 40);
  assert.deepEqual([outcomes.length, closed(), outcomes[0]!.fault], [1, 1, undefined]);
});

Deno.test("remuxToFlv sends the buffer at once, then as time goes by, and reads what is due only", async () => {
  const seconds = film(10);
  const batches = Array.from({ length: 10 }, (_, second) => seconds.slice(second * 30, second * 30 + 30));
  const { body, clock, reads, outcomes, closed } = await rig(batches, 3000);
  const got: Uint8Array[] = [];
  const reader = body.getReader();
  const pump = (async () => {
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) got.push(piece.value);
  })();
  const latest = () => new FlvTagReader().push(concatBytes(got)).at(-1)!.timestampMs;
  await settled();
  assert.equal(latest(), 3000);
  assert.equal(reads(), 4);
  clock.advance(999);
  await settled();
  assert.equal(latest(), 3000, "what becomes due is gathered for a third of the buffer");
  clock.advance(201);
  await settled();
  assert.equal(latest(), 4200);
  for (let second = 0; second < 12; second++) {
    clock.advance(1000);
    await settled();
  }
  await pump;
  assert.equal(latest(), 9900);
  assert.deepEqual([outcomes.length, closed()], [1, 1]);
});

Deno.test("remuxToFlv stops reading when nobody takes more, wherever it is", async () => {
  const { body, clock, outcomes, closed } = await rig([film(10)], 1000);
  const reader = body.getReader();
  await reader.read();
  const waiting = reader.read();
  await settled();
  await reader.cancel();
  assert.deepEqual(await waiting, { value: undefined, done: true });
  await settled();
  assert.deepEqual([outcomes.length, closed(), clock.pending], [1, 1, 0]);
});

Deno.test("remuxToFlv follows a file that grows, and ends when it does not any more", async () => {
  let isGrowing = true;
  const { body, clock } = await rig(
    [film(1), [], [packet(VIDEO, 1000), packet(AUDIO, 1000)]],
    Infinity,
    { mayGrow: () => isGrowing },
  );
  const tags = tagsOf(body);
  for (let look = 0; look < 10; look++) {
    if (look === 5) isGrowing = false;
    clock.advance(500);
    await settled();
  }
  assert.equal((await tags).at(-1)!.timestampMs, 1000);
});

Deno.test("remuxToFlv leaves out sound that is decoded only, and says why it ends early", async () => {
  const early = packet(AUDIO, 0, { isDiscarded: true });
  const { body, outcomes } = await rig([[early, packet(VIDEO, 0)], new Error("Cannot read: torn")], Infinity);
  const reader = body.getReader();
  const first = await reader.read();
  assert.deepEqual(new FlvTagReader().push(first.value!).map(({ tagType }) => tagType), [18, 9, 9]);
  await assert.rejects(reader.read(), /torn/);
  assert.equal(outcomes[0]!.fault, "Cannot read: torn");
});

Deno.test("remuxToFlv refuses a file whose first packet cannot be read, and one that FLV cannot hold", async () => {
  await assert.rejects(rig([new FormatError("Cannot read block: torn")], Infinity), /torn/);
  await assert.rejects(rig([], Infinity), {
    name: "FormatError",
    message: /Cannot play as FLV: there is no packet/,
  });
});

Deno.test("remuxToFlv lends pieces from one to the next, and the first for good", async () => {
  const writers = new PieceWriters();
  const long = film(40).map((each, index) => ({ ...each, payload: new Uint8Array(3000).fill(index) }));
  const wanted = await tagsOf((await rig([long], Infinity)).body);
  const taken: Uint8Array[][] = [[], []];
  const bodies = await Promise.all(
    taken.map(() => rig([long.slice(0, 60), long.slice(60)], Infinity, { writers })),
  );
  const readers = bodies.map(({ body }) => body.getReader());
  const firsts = await Promise.all(readers.map((reader) => reader.read()));
  for (let isFirst = true, isOpen = true; isOpen; isFirst = false) {
    const pieces = await Promise.all(readers.map((reader) => reader.read()));
    isOpen = pieces.some(({ done }) => !done);
    pieces.forEach(({ value }, viewer) => {
      if (isFirst) taken[viewer]!.push(firsts[viewer]!.value!);
      if (value !== undefined) taken[viewer]!.push(value.slice());
    });
  }
  for (const pieces of taken) {
    assert.ok(pieces.length > 20);
    assert.deepEqual(new FlvTagReader().push(concatBytes(pieces)), wanted);
  }
});
