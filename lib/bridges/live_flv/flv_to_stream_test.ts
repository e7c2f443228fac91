import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeAmf0Values } from "#amf";
import { concatBytes } from "#bytes";
import { FormatError, LimitError } from "#errors";
import { encodeFlvHeader, encodeFlvTag, FLV_TAG_TYPE } from "#mediaformats/flv";
import type { Packet } from "#media";
import { FlvToStream } from "./mod.ts";

const KEY = Uint8Array.of(0x17, 1, 0, 0, 40, 0, 0, 0, 1, 0x65);
const SOUND = Uint8Array.of(0x2f, 0xff, 0xfb, 0x90, 0);

function video(timestampMs: number, body = KEY): Uint8Array {
  return encodeFlvTag({ tagType: FLV_TAG_TYPE.Video, timestampMs, body });
}

function audio(timestampMs: number): Uint8Array {
  return encodeFlvTag({ tagType: FLV_TAG_TYPE.Audio, timestampMs, body: SOUND });
}

function metadata(members: Record<string, string | number>): Uint8Array {
  const body = encodeAmf0Values(["onMetaData", members]);
  return encodeFlvTag({ tagType: FLV_TAG_TYPE.Script, timestampMs: 0, body });
}

const HEADER = encodeFlvHeader({ hasAudio: true, hasVideo: true });

function fed(bytes: Uint8Array, pieceBytes: number, feed = new FlvToStream()): Packet[] {
  const packets: Packet[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const piece = bytes.slice(at, at + pieceBytes);
    packets.push(...feed.push(piece));
    piece.fill(0xee);
  }
  return [...packets, ...feed.flush()];
}

Deno.test("FlvToStream reads tags in any split, with their bodies as they came", () => {
  const bytes = concatBytes([
    HEADER,
    metadata({ streamName: "cam" }),
    video(0),
    audio(10),
    video(40),
    HEADER,
    audio(50),
  ]);
  for (let pieceBytes = 1; pieceBytes <= bytes.length; pieceBytes++) {
    const feed = new FlvToStream();
    const packets = fed(bytes, pieceBytes, feed);
    assert.deepEqual(packets.map(({ kind, role, dtsUs, ptsUs }) => [kind, role, dtsUs, ptsUs]), [
      ["data", "metadata", 0, 0],
      ["video", "media", 0, 40_000],
      ["audio", "media", 10_000, 10_000],
      ["video", "media", 40_000, 80_000],
      ["audio", "media", 50_000, 50_000],
    ]);
    assert.deepEqual(packets[1]!.flvTagBody, KEY);
    assert.equal(feed.streamName, "cam");
  }
});

Deno.test("FlvToStream goes on over the wrap of 32 bits, and over an encoder that begins anew", () => {
  const wrap = 2 ** 32;
  const over = fed(concatBytes([HEADER, video(wrap - 40), video(0), video(40)]), 7);
  assert.deepEqual(over.map(({ dtsUs }) => dtsUs / 1000 - wrap), [-40, 0, 40]);
  const anew = fed(concatBytes([HEADER, video(60_000), video(60_040), HEADER, video(0), video(40)]), 7);
  assert.deepEqual(anew.map(({ dtsUs }) => dtsUs / 1000), [60_000, 60_040, 60_080, 60_120]);
});

Deno.test("FlvToStream drops tags it cannot read, and says so once", () => {
  const feed = new FlvToStream();
  const cut = Uint8Array.of(0x17, 1);
  const packets = fed(concatBytes([HEADER, video(0, cut), video(40), video(80, cut)]), 1_000, feed);
  assert.deepEqual([packets.length, feed.malformedTags], [1, 2]);
  const [notice, ...more] = feed.notices();
  assert.match(notice!, /^drops tags it cannot read, this first: Cannot read video tag body: need 5 bytes/);
  assert.deepEqual([more, feed.notices()], [[], []]);
});

Deno.test("FlvToStream reads no name out of metadata that is malformed, too long or of another type", () => {
  const cases = [
    metadata({ streamName: 7 }),
    metadata({ streamName: "" }),
    metadata({ streamName: "x", comment: "y".repeat(65_536) }),
    encodeFlvTag({
      tagType: FLV_TAG_TYPE.Script,
      timestampMs: 0,
      body: concatBytes([encodeAmf0Values(["onMetaData"]), Uint8Array.of(8, 0)]),
    }),
  ];
  for (const tag of cases) {
    const feed = new FlvToStream();
    assert.equal(fed(concatBytes([HEADER, tag]), 1_000, feed)[0]?.role, "metadata");
    assert.equal(feed.streamName, undefined);
  }
});

Deno.test("FlvToStream takes any bytes without another error than its own", () => {
  const bytes = concatBytes([
    HEADER,
    metadata({ streamName: "a" }),
    video(0),
    audio(10),
    video(40),
    audio(60),
  ]);
  fc.assert(fc.property(
    fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 20 }),
    fc.integer({ min: 1, max: 400 }),
    (changes, pieceBytes) => {
      const broken = bytes.slice();
      for (const [at, byte] of changes) broken[at] = byte;
      try {
        for (const { dtsUs } of fed(broken, pieceBytes)) assert.ok(Number.isSafeInteger(dtsUs) && dtsUs >= 0);
      } catch (error) {
        assert.ok(error instanceof FormatError || error instanceof LimitError, String(error));
      }
    },
  ));
});
