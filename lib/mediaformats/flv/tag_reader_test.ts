import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes } from "#bytes";
import { FormatError, LimitError } from "#errors";
import {
  encodeFlvHeader,
  encodeFlvTag,
  FLV_TAG_TYPE,
  type FlvTag,
  flvTagBytes,
  FlvTagReader,
  type FlvTagReaderOptions,
  type PlacedFlvTag,
  writeFlvTagInto,
} from "./mod.ts";

const TAGS: readonly FlvTag[] = [
  { tagType: FLV_TAG_TYPE.Script, timestampMs: 0, body: new Uint8Array([2, 0, 1, 97, 5]) },
  { tagType: FLV_TAG_TYPE.Video, timestampMs: 0, body: new Uint8Array([0x17, 0, 0, 0, 0, 1]) },
  { tagType: FLV_TAG_TYPE.Audio, timestampMs: 23, body: new Uint8Array(0) },
  { tagType: FLV_TAG_TYPE.Audio, timestampMs: 0x00ff_ffff, body: new Uint8Array([0xaf, 1, 8, 9, 18]) },
  { tagType: FLV_TAG_TYPE.Video, timestampMs: 0xffff_ffff, body: new Uint8Array(300).fill(9) },
];
const HEADER = encodeFlvHeader({ hasAudio: true, hasVideo: true });
const FILE = concatBytes([HEADER, ...TAGS.map(encodeFlvTag)]);
const JUNK = new Uint8Array(50).map((_, index) => index);

function readAll(bytes: Uint8Array, options?: FlvTagReaderOptions): { reader: FlvTagReader; tags: FlvTag[] } {
  const reader = new FlvTagReader(options);
  return { reader, tags: reader.push(bytes).map(bare) };
}

function bare({ tagType, timestampMs, body }: FlvTag): FlvTag {
  return { tagType, timestampMs, body };
}

Deno.test("encodeFlvHeader sets the flags and one PreviousTagSize of 0", () => {
  assert.equal(HEADER.toHex(), "464c5601050000000900000000");
  assert.equal(encodeFlvHeader({ hasAudio: true, hasVideo: false })[4], 4);
  assert.equal(encodeFlvHeader({ hasAudio: false, hasVideo: true })[4], 1);
});

Deno.test("writeFlvTagInto writes header, body and PreviousTagSize, on shared memory too", () => {
  const target = new Uint8Array(new SharedArrayBuffer(40)).fill(0xee);
  const tag = { tagType: FLV_TAG_TYPE.Video, timestampMs: 2 ** 32 + 0x12345678 };
  const end = writeFlvTagInto(target, 3, tag, new Uint8Array([1, 2]));
  assert.equal(end, 3 + flvTagBytes(2));
  assert.equal(target.slice(2, end + 1).toHex(), "ee" + "09000002345678120000000102" + "0000000d" + "ee");
  assert.throws(() => flvTagBytes(0x100_0000), {
    name: "RangeError",
    message: "Cannot write FLV tag: body of 16777216 bytes exceeds 16777215",
  });
});

Deno.test("FlvTagReader reads a whole file at once, with the place of each tag", () => {
  const reader = new FlvTagReader();
  const tags = reader.push(FILE);
  assert.deepEqual(tags.map(bare), TAGS);
  assert.deepEqual(reader.header, { hasAudio: true, hasVideo: true });
  assert.deepEqual(reader.statistics, { tags: 5, wrongTagSizes: 0, encryptedTags: 0, junkBytes: 0 });
  assert.equal(reader.pendingBytes, 0);
  for (const { offset, tagType } of tags) assert.equal(FILE[offset], tagType);
});

Deno.test("FlvTagReader reads byte by byte, from a buffer that is reused", () => {
  const reader = new FlvTagReader();
  const tags: PlacedFlvTag[] = [];
  const one = new Uint8Array(1);
  for (const byte of FILE) {
    one[0] = byte;
    tags.push(...reader.push(one));
    one[0] = 0xff;
  }
  assert.deepEqual(tags, new FlvTagReader().push(FILE));
});

Deno.test("FlvTagReader reads the same at every split", () => {
  for (let at = 0; at <= FILE.length; at++) {
    const reader = new FlvTagReader();
    const first = reader.push(FILE.slice(0, at)).map(bare);
    const rest = reader.push(FILE.slice(at)).map(bare);
    assert.deepEqual([...first, ...rest], TAGS, `split at ${at}`);
  }
});

Deno.test("FlvTagReader gives a tag out before its PreviousTagSize came", () => {
  const [tag] = TAGS;
  assert.equal(new FlvTagReader().push(encodeFlvTag(tag!).subarray(0, -4)).length, 1);
});

Deno.test("FlvTagReader keeps a cut tag pending", () => {
  const { reader, tags } = readAll(FILE.subarray(0, FILE.length - 5));
  assert.equal(tags.length, 4);
  assert.equal(reader.pendingBytes, 11 + 299);
});

Deno.test("FlvTagReader does without a file header, and takes one between tags or a longer one", () => {
  const bodies = concatBytes(TAGS.map(encodeFlvTag));
  assert.deepEqual(readAll(bodies).tags, TAGS);
  assert.deepEqual(readAll(concatBytes([FILE, FILE])).tags, [...TAGS, ...TAGS]);
  const long = new Uint8Array([0x46, 0x4c, 0x56, 1, 4, 0, 0, 0, 12, 7, 7, 7, 0, 0, 0, 0]);
  const { reader, tags } = readAll(concatBytes([long, bodies]));
  assert.deepEqual(tags, TAGS);
  assert.deepEqual(reader.header, { hasAudio: true, hasVideo: false });
});

Deno.test("FlvTagReader counts a wrong PreviousTagSize and an encrypted tag, and reads on", () => {
  const bytes = FILE.slice();
  bytes[HEADER.length + 11 + 5 + 3]! ^= 0xff;
  const encrypted = encodeFlvTag(TAGS[1]!);
  encrypted[0]! |= 0x20;
  const { reader, tags } = readAll(concatBytes([bytes, encrypted, encodeFlvTag(TAGS[0]!)]));
  assert.deepEqual(tags, [...TAGS, TAGS[0]]);
  assert.deepEqual(reader.statistics, { tags: 6, wrongTagSizes: 1, encryptedTags: 1, junkBytes: 0 });
});

Deno.test("FlvTagReader skips junk up to a tag its PreviousTagSize confirms, at every split", () => {
  const bytes = concatBytes([FILE, JUNK, ...TAGS.map(encodeFlvTag)]);
  for (let at = 0; at <= bytes.length; at += 3) {
    const reader = new FlvTagReader();
    const tags = [...reader.push(bytes.slice(0, at)), ...reader.push(bytes.slice(at))].map(bare);
    assert.deepEqual(tags, [...TAGS, ...TAGS], `split at ${at}`);
    assert.equal(reader.statistics.junkBytes, JUNK.length);
  }
});

Deno.test("FlvTagReader passes over junk that looks like tags of some MiB, as padding of sound does", () => {
  const likeTags = Uint8Array.of(
    9,
    0x31,
    0x78,
    0xa8,
    0xc0,
    0,
    0,
    0,
    0,
    0,
    0,
    8,
    0x11,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
  );
  const bytes = concatBytes([FILE, JUNK, likeTags, ...TAGS.map(encodeFlvTag)]);
  for (const pieceBytes of [1, 7, 64, bytes.length]) {
    const reader = new FlvTagReader();
    const tags: FlvTag[] = [];
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      tags.push(...reader.push(bytes.slice(at, at + pieceBytes)).map(bare));
    }
    assert.deepEqual(tags, [...TAGS, ...TAGS], `in pieces of ${pieceBytes}`);
    assert.equal(reader.statistics.junkBytes, JUNK.length + likeTags.length);
  }
});

Deno.test("FlvTagReader skips junk before a file header", () => {
  const { reader, tags } = readAll(concatBytes([new Uint8Array(20), FILE]));
  assert.deepEqual(tags, TAGS);
  assert.deepEqual(reader.header, { hasAudio: true, hasVideo: true });
});

Deno.test("FlvTagReader bounds junk and tags", () => {
  assert.throws(() => readAll(new Uint8Array(200), { maxJunkBytes: 100 }), {
    name: "FormatError",
    message: "Cannot read FLV: no tag in 200 bytes of junk before offset 200",
    offset: 200,
  });
  const [large] = TAGS.slice(-1).map(encodeFlvTag);
  assert.throws(() => readAll(large!, { maxTagBodyBytes: 299 }), {
    name: "LimitError",
    limitName: "MAX_FLV_TAG_BODY_BYTES",
    message: /^Cannot read FLV tag at offset \d+: MAX_FLV_TAG_BODY_BYTES: \d+ exceeds the limit \d+$/,
    value: 300,
    limit: 299,
  });
});

Deno.test("FlvTagReader gives out the tags before a fault, and throws from then on", () => {
  const { reader, tags } = readAll(FILE, { maxTagBodyBytes: 299 });
  assert.deepEqual(tags, TAGS.slice(0, -1));
  assert.ok(reader.fault instanceof LimitError);
  assert.equal(reader.pendingBytes, flvTagBytes(300));
  for (const more of [FILE, new Uint8Array(0)]) {
    assert.throws(() => reader.push(more), (error) => error === reader.fault);
  }
});

Deno.test("FlvTagReader reads what any mutation leaves, or throws FormatError or LimitError", () => {
  const edit = fc.record({ at: fc.nat(FILE.length - 1), byte: fc.nat(255) });
  const cuts = fc.array(fc.nat(FILE.length - 1), { maxLength: 3 });
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 5 }), cuts, (edits, places) => {
      const bytes = FILE.slice();
      for (const { at, byte } of edits) bytes[at] = byte;
      const ends = [...places.toSorted((a, b) => a - b), bytes.length];
      const read = (pieces: readonly number[]): { tags: FlvTag[]; fault: string } => {
        const reader = new FlvTagReader();
        const tags: FlvTag[] = [];
        let start = 0;
        try {
          for (const end of pieces) {
            tags.push(...reader.push(bytes.slice(start, end)).map(bare));
            start = end;
          }
        } catch (error) {
          assert.equal(error, reader.fault);
        }
        const { fault } = reader;
        assert.ok(
          fault === undefined || fault instanceof FormatError || fault instanceof LimitError,
          String(fault),
        );
        return { tags, fault: fault?.message ?? "" };
      };
      assert.deepEqual(read(ends), read([bytes.length]), "the split changes nothing");
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("FlvTagReader takes a large tag in small pieces", () => {
  const tag: FlvTag = {
    tagType: FLV_TAG_TYPE.Video,
    timestampMs: 1,
    body: new Uint8Array(3_000_000).fill(7),
  };
  const bytes = encodeFlvTag(tag);
  const reader = new FlvTagReader();
  const tags: FlvTag[] = [];
  for (let at = 0; at < bytes.length; at += 1460) tags.push(...reader.push(bytes.subarray(at, at + 1460)));
  assert.equal(tags.length, 1);
  assert.deepEqual(tags.map(bare), [tag]);
});
