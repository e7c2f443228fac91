/**
 * Media files that lie: sizes, counts, places, nesting and times that are not so.
 *
 * @module
 */

import { concatBytes } from "#bytes";
import { deflateSync } from "node:zlib";

/** A file, and what it is made of from two good ones. */
export interface HostileFile {
  /** With the extension of its container. */
  readonly name: string;
  /** Makes its bytes. */
  readonly make: (good: GoodFiles) => Uint8Array;
  /** Size to which it is stretched by a hole, in bytes. */
  readonly stretchedBytes?: number;
}

/** Files that are whole, to be spoilt. */
export interface GoodFiles {
  /** With `stbl` tables. */
  readonly mp4: Uint8Array;
  /** Of fragments. */
  readonly fragmented: Uint8Array;
  readonly ts: Uint8Array;
  readonly mp3: Uint8Array;
}

const MAX_U32 = 0xffff_ffff;
const encoder = new TextEncoder();

function u32(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [at, value] of values.entries()) view.setUint32(at * 4, value >>> 0);
  return bytes;
}

function repeated(bytes: Uint8Array, count: number): Uint8Array {
  const all = new Uint8Array(bytes.length * count);
  for (let at = 0; at < count; at++) all.set(bytes, at * bytes.length);
  return all;
}

/** `size`: what the box says, where that is not so. */
function box(type: string, body: Uint8Array = new Uint8Array(0), size = body.length + 8): Uint8Array {
  return concatBytes([u32(size), encoder.encode(type), body]);
}

const FILE_TYPE = box("ftyp", encoder.encode("isom\0\0\x02\0isommp41"));

/** Overwrites words of a box's body: `at` counts from its version and flags. */
function spoilt(good: Uint8Array, type: string, at: number, ...values: readonly number[]): Uint8Array {
  const bytes = good.slice();
  const name = encoder.encode(type);
  // the tables are behind the media, and fragments before theirs: the last of one, the first of the other
  const isAt = (place: number) => name.every((byte, index) => bytes[place + index] === byte);
  let place = type === "trun" ? 4 : bytes.length - 8;
  while (!isAt(place)) place += type === "trun" ? 1 : -1;
  bytes.set(u32(...values), place + 4 + at);
  return bytes;
}

/** Boxes in boxes, each of its true size. */
function nested(types: readonly string[], depth: number): Uint8Array {
  const parts: Uint8Array[] = [FILE_TYPE];
  for (let level = 0; level < depth; level++) {
    parts.push(u32((depth - level) * 8), encoder.encode(types[Math.min(level, types.length - 1)]));
  }
  return concatBytes(parts);
}

function sizeVint(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value) | 1n << 56n);
  return bytes;
}

function element(id: string, body: Uint8Array | string, size?: number): Uint8Array {
  const payload = typeof body === "string" ? encoder.encode(body) : body;
  return concatBytes([Uint8Array.fromHex(id), sizeVint(size ?? payload.length), payload]);
}

const UNKNOWN_SIZE = Uint8Array.fromHex("01ffffffffffffff");
const EBML_HEAD = element("1a45dfa3", element("4282", "matroska"));
const SEGMENT = concatBytes([Uint8Array.fromHex("18538067"), UNKNOWN_SIZE]);
const SEGMENT_FACTS = element("1549a966", element("2ad7b1", u32(1_000_000)));
const MP3_FRAME = concatBytes([Uint8Array.fromHex("fffb9064"), new Uint8Array(413)]);

function mkvTracks(...further: readonly Uint8Array[]): Uint8Array {
  const sound = [element("d7", "\x01"), element("83", "\x02"), element("86", "A_MPEG/L3")];
  return element("1654ae6b", element("ae", concatBytes([...sound, ...further])));
}

function cluster(payload: Uint8Array, count = 50): Uint8Array {
  const blocks = Array.from(
    { length: count },
    (_, at) => element("a3", concatBytes([Uint8Array.of(0x81, at * 26 >> 8, at * 26, 0x80), payload])),
  );
  return element("1f43b675", concatBytes([element("e7", "\0"), ...blocks]));
}

function mkv(...parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes([EBML_HEAD, SEGMENT, ...parts]);
}

function cues(place: number, count: number): Uint8Array {
  const position = concatBytes([element("f7", "\x01"), element("f1", u32(place / 2 ** 32, place))]);
  const points = Array.from(
    { length: count },
    (_, at) => element("bb", concatBytes([element("b3", u32(at)), element("b7", position)])),
  );
  return element("1c53bb6b", concatBytes(points));
}

function seekHead(place: number): Uint8Array {
  const toCues = concatBytes([
    element("53ab", Uint8Array.fromHex("1c53bb6b")),
    element("53ac", u32(0, place)),
  ]);
  return element("114d9b74", element("4dbb", toCues));
}

/** A file whose Cues, where its SeekHead points, all point to `place`; to themselves without it. */
function mkvWithCues(place?: number): Uint8Array {
  const rest = [SEGMENT_FACTS, mkvTracks(), cluster(MP3_FRAME)];
  const cuesAt = seekHead(0).length + rest.reduce((sum, { length }) => sum + length, 0);
  return mkv(seekHead(cuesAt), ...rest, cues(place ?? cuesAt, 2_000));
}

/** An ID3v2.4 tag that says it has `size` bytes. */
function id3(size: number, body: Uint8Array = new Uint8Array(0)): Uint8Array {
  const digits = [21, 14, 7, 0].map((shift) => size >> shift & 127);
  return concatBytes([encoder.encode("ID3\x04\0\0"), Uint8Array.from(digits), body]);
}

function tsPacket(counter: number, payload: Uint8Array, isStart = false): Uint8Array {
  const packet = new Uint8Array(188).fill(255);
  packet.set([0x47, isStart ? 0x41 : 0x01, 0, 0x10 | counter & 15]);
  packet.set(payload.subarray(0, 184), 4);
  return packet;
}

/** A PES packet of video without a length, and without end, of `filler`. */
function endlessPes(good: Uint8Array, filler: Uint8Array): Uint8Array {
  const head = Uint8Array.fromHex("000001e0000080800521000100010000");
  const round = Array.from({ length: 16 }, (_, at) => tsPacket(at, repeated(filler, 184 / filler.length)));
  return concatBytes([
    good.subarray(0, 188 * 3),
    tsPacket(15, head, true),
    repeated(concatBytes(round), 4_000),
  ]);
}

function flvTag(type: number, timeMs: number, body: Uint8Array): Uint8Array {
  const time = timeMs & 0xff_ffff | timeMs >>> 24 << 24;
  const head = concatBytes([
    u32(type << 24 | body.length),
    u32(time << 8 | timeMs >>> 24),
    new Uint8Array(3),
  ]);
  return concatBytes([head, body, u32(body.length + 11)]);
}

const FLV_HEAD = Uint8Array.fromHex("464c5601050000000900000000");
const ON_META = encoder.encode("\x02\0\x0aonMetaData");

/** Every one, by what is wrong with it. */
export const HOSTILE_FILES: readonly HostileFile[] = [
  { name: "samples.mp4", make: ({ mp4 }) => spoilt(mp4, "stsz", 8, MAX_U32) },
  { name: "one size for 2^32.mp4", make: ({ mp4 }) => spoilt(mp4, "stsz", 4, 1, MAX_U32) },
  {
    name: "4 GiB sample.mp4",
    make: ({ mp4 }) => spoilt(mp4, "stsz", 12, MAX_U32),
    stretchedBytes: 5 * 2 ** 30,
  },
  { name: "times.mp4", make: ({ mp4 }) => spoilt(mp4, "stts", 4, 1, MAX_U32, MAX_U32) },
  { name: "chunks.mp4", make: ({ mp4 }) => spoilt(mp4, "stsc", 4, 1, 1, MAX_U32, 1) },
  { name: "places.mp4", make: ({ mp4 }) => spoilt(mp4, "stco", 8, MAX_U32, MAX_U32) },
  { name: "edits.mp4", make: ({ mp4 }) => spoilt(mp4, "elst", 4, MAX_U32) },
  { name: "negative.mp4", make: ({ mp4 }) => spoilt(mp4, "elst", 8, MAX_U32, 0x8000_0000) },
  { name: "no clock.mp4", make: ({ mp4 }) => spoilt(mp4, "mdhd", 12, 0) },
  { name: "runs.mp4", make: ({ fragmented }) => spoilt(fragmented, "trun", 4, MAX_U32) },
  { name: "run before the file.mp4", make: ({ fragmented }) => spoilt(fragmented, "trun", 8, 0x8000_0001) },
  { name: "nested.mp4", make: () => nested(["moov", "trak", "udta"], 1_000) },
  { name: "movies in movies.mp4", make: () => nested(["moov"], 100_000) },
  { name: "boxes of nothing.mp4", make: () => concatBytes([FILE_TYPE, new Uint8Array(4_000_000)]) },
  { name: "boxes.mp4", make: () => concatBytes([FILE_TYPE, repeated(box("free"), 500_000)]) },
  {
    name: "movie of 1 GiB.mp4",
    make: () => concatBytes([FILE_TYPE, box("moov", undefined, 2 ** 30)]),
    stretchedBytes: 2 ** 31,
  },
  { name: "tracks.mp4", make: () => concatBytes([FILE_TYPE, box("moov", repeated(box("trak"), 200_000))]) },
  { name: "cues in a loop.mkv", make: () => mkvWithCues() },
  { name: "cues to nowhere.mkv", make: () => mkvWithCues(2 ** 62) },
  {
    name: "bomb.mkv",
    make: () => {
      const method = element("6d80", element("6240", element("5034", element("4254", "\0"))));
      const bomb = deflateSync(new Uint8Array(2 ** 27), { level: 9 });
      return mkv(SEGMENT_FACTS, mkvTracks(method), cluster(bomb, 4));
    },
  },
  {
    name: "4 GiB block.mkv",
    make: () =>
      mkv(
        SEGMENT_FACTS,
        mkvTracks(),
        Uint8Array.fromHex("1f43b675"),
        UNKNOWN_SIZE,
        element("a3", MP3_FRAME, 2 ** 32),
      ),
    stretchedBytes: 5 * 2 ** 30,
  },
  {
    name: "clusters.mkv",
    make: () =>
      mkv(
        SEGMENT_FACTS,
        mkvTracks(),
        repeated(concatBytes([Uint8Array.fromHex("1f43b675"), UNKNOWN_SIZE]), 200_000),
      ),
  },
  {
    name: "nested.mkv",
    make: () =>
      mkv(SEGMENT_FACTS, repeated(concatBytes([Uint8Array.fromHex("1254c367"), UNKNOWN_SIZE]), 100_000)),
  },
  { name: "voids.mkv", make: () => mkv(repeated(Uint8Array.fromHex("ec80"), 1_000_000)) },
  { name: "tag of 256 MiB.mp3", make: () => id3(2 ** 28 - 1), stretchedBytes: 2 ** 28 + 10 },
  { name: "tag cut off.mp3", make: ({ mp3 }) => id3(2 ** 28 - 1, mp3) },
  { name: "tags.mp3", make: ({ mp3 }) => concatBytes([repeated(id3(0), 500_000), mp3]) },
  { name: "heads.mp3", make: () => repeated(Uint8Array.fromHex("fffb9064"), 1_000_000) },
  { name: "endless.ts", make: ({ ts }) => endlessPes(ts, new Uint8Array(8)) },
  { name: "start codes.ts", make: ({ ts }) => endlessPes(ts, Uint8Array.fromHex("00000165")) },
  { name: "sync bytes.ts", make: () => new Uint8Array(5_000_000).fill(0x47) },
  {
    name: "tags of nothing.flv",
    make: () => concatBytes([FLV_HEAD, repeated(flvTag(9, 0, new Uint8Array(0)), 500_000)]),
  },
  {
    name: "nested.flv",
    make: () =>
      concatBytes([
        FLV_HEAD,
        flvTag(18, 0, concatBytes([ON_META, repeated(encoder.encode("\x03\0\x01a"), 400_000)])),
      ]),
  },
  {
    name: "array.flv",
    make: () =>
      concatBytes([FLV_HEAD, flvTag(18, 0, concatBytes([ON_META, Uint8Array.of(10), u32(MAX_U32)]))]),
  },
  {
    name: "times to and fro.flv",
    make: () => {
      const picture = Uint8Array.fromHex("17010000000000000165");
      return concatBytes([
        FLV_HEAD,
        repeated(concatBytes([flvTag(9, 0, picture), flvTag(9, MAX_U32, picture)]), 100_000),
      ]);
    },
  },
  { name: "nothing.mkv", make: () => new Uint8Array(0) },
  { name: "zeros.ts", make: () => new Uint8Array(3_000_000) },
];
