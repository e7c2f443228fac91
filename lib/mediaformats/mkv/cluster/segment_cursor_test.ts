import assert from "node:assert/strict";
import { concatBytes } from "#bytes";
import { FormatError, LimitError } from "#errors";
import {
  AUDIO,
  blockContent,
  cluster,
  element,
  elementOfSize,
  file,
  filmClusters,
  frame,
  HEADER,
  openCluster,
  simpleBlock,
  track,
  uint,
  UNKNOWN,
  VIDEO,
} from "../_film_test.ts";
import { ELEMENT_ID as ID } from "../element_id.ts";
import { MAX_MKV_BLOCK_BYTES } from "../limits.ts";
import { SegmentCursor, type SegmentCursorOptions } from "./segment_cursor.ts";

const TRACKS = [track(VIDEO), track(AUDIO)];

/** Blocks as the cursor gives them: `track@ticks`, `K` for key frames, `=duration`. */
function blocksOf(
  bytes: Uint8Array,
  options: SegmentCursorOptions = {},
): { blocks: string[]; cursor: SegmentCursor } {
  const blocks: string[] = [];
  const cursor = new SegmentCursor({
    bytesWanted: () => 0,
    element() {},
    block: ({ trackNumber, ticks, isKeyFrame, durationTicks }) => {
      const length = durationTicks < 0 ? "" : `=${durationTicks}`;
      blocks.push(`${trackNumber}@${ticks}${isKeyFrame ? "K" : ""}${length}`);
    },
  }, options);
  while (cursor.step(bytes, 0)) { /* as far as it goes */ }
  return { blocks, cursor };
}

function group(...parts: readonly Uint8Array[]): Uint8Array {
  return element(ID.BlockGroup, ...parts);
}

const BLOCK = element(ID.Block, blockContent({ ticks: 5 }, frame(1)));
const KEY = simpleBlock({ flags: 0x80 }, frame(1));
const VOID = element(ID.Void, new Uint8Array(9));

/** What stands behind the tracks, and the blocks of it. */
const CASES: readonly (readonly [string, readonly Uint8Array[], readonly string[]])[] = [
  ["a SimpleBlock", [cluster(100, KEY)], ["1@100K"]],
  ["negative relative time", [cluster(100, simpleBlock({ ticks: -30 }, frame(1)))], ["1@70"]],
  ["time before zero", [cluster(10, simpleBlock({ ticks: -32768 }, frame(1)))], ["1@-32758"]],
  ["a track number of two bytes", [cluster(0, simpleBlock({ track: 300 }, frame(1)))], ["300@0"]],
  ["a BlockGroup without reference", [cluster(0, group(BLOCK))], ["1@5K"]],
  [
    "a BlockGroup with duration and reference",
    [cluster(
      0,
      group(uint(ID.BlockDuration, 40), BLOCK, element(ID.ReferenceBlock, new Uint8Array([0xd8]))),
    )],
    ["1@5=40"],
  ],
  ["a BlockGroup without Block", [cluster(0, group(uint(ID.BlockDuration, 40)), KEY)], ["1@0K"]],
  ["a BlockGroup cut short inside", [cluster(0, group(BLOCK, new Uint8Array([0x9b, 0x88, 1])))], ["1@5K"]],
  ["clusters of unknown size", [openCluster(0, KEY), openCluster(100, KEY, KEY)], [
    "1@0K",
    "1@100K",
    "1@100K",
  ]],
  ["an unknown size before Cues", [openCluster(0, KEY), element(ID.Cues), cluster(9, KEY)], ["1@0K", "1@9K"]],
  ["things between and inside", [VOID, cluster(0, VOID, uint(ID.PrevSize, 9), KEY), VOID, cluster(1, KEY)], [
    "1@0K",
    "1@1K",
  ]],
  ["attachments", [element(ID.Attachments, new Uint8Array(5000)), cluster(0, KEY)], ["1@0K"]],
  ["a block before the cluster's time", [element(ID.Cluster, KEY, uint(ID.Timestamp, 5), KEY)], ["1@5K"]],
  [
    "a block without room for its head",
    [cluster(0, element(ID.SimpleBlock, new Uint8Array([0x81, 0])), KEY)],
    [
      "1@0K",
    ],
  ],
  [
    "blocks after a cluster whose size is too small",
    [elementOfSize(ID.Cluster, new Uint8Array([0x83]), uint(ID.Timestamp, 7), KEY, KEY), cluster(8, KEY)],
    ["1@7K", "1@7K", "1@8K"],
  ],
  ["zeros", [cluster(0, KEY), new Uint8Array(500), cluster(1, KEY)], ["1@0K", "1@1K"]],
  ["text", [cluster(0, KEY), new Uint8Array(500).fill(0x61), cluster(1, KEY)], ["1@0K", "1@1K"]],
  [
    "a block larger than its cluster",
    [cluster(0, KEY, elementOfSize(ID.SimpleBlock, new Uint8Array([0x40, 0xff]), frame(1))), cluster(1, KEY)],
    ["1@0K", "1@1K"],
  ],
  [
    "an element of 2^56 - 2 bytes",
    [openCluster(0, KEY, elementOfSize(ID.Void, Uint8Array.fromHex("01fffffffffffffe"))), cluster(1, KEY)],
    ["1@0K", "1@1K"],
  ],
  [
    "a Cluster ID that is none",
    [cluster(0, KEY), Uint8Array.fromHex("001f43b67581ff1f43b6"), cluster(1, KEY)],
    ["1@0K", "1@1K"],
  ],
  ["a second document", [cluster(0, KEY), HEADER, elementOfSize(ID.Segment, UNKNOWN), cluster(0, KEY)], [
    "1@0K",
  ]],
];

for (const [name, parts, blocks] of CASES) {
  Deno.test(`SegmentCursor reads ${name}`, () => {
    const bytes = file(TRACKS, ...parts);
    assert.deepEqual(blocksOf(bytes).blocks, blocks);
    assert.deepEqual(blocksOf(bytes, { headsOnly: true }).blocks, blocks);
  });
}

Deno.test("SegmentCursor reads the same at every split", () => {
  for (const [name, parts, expected] of CASES) {
    const bytes = file(TRACKS, ...parts);
    const blocks: string[] = [];
    const cursor = new SegmentCursor({
      bytesWanted: () => 0,
      element() {},
      block: ({ trackNumber, ticks, isKeyFrame, durationTicks }) => {
        const length = durationTicks < 0 ? "" : `=${durationTicks}`;
        blocks.push(`${trackNumber}@${ticks}${isKeyFrame ? "K" : ""}${length}`);
      },
    });
    // one byte more each time, from where the cursor is
    for (let end = 0; end <= bytes.length; end++) {
      while (cursor.step(bytes.subarray(cursor.offset, end), cursor.offset)) { /* as far as it goes */ }
    }
    assert.deepEqual(blocks, expected, name);
  }
});

Deno.test("SegmentCursor ends with a segment of known size", () => {
  const content = concatBytes([element(ID.Tracks, ...TRACKS), cluster(0, KEY)]);
  const bytes = concatBytes([HEADER, element(ID.Segment, content), cluster(1, KEY)]);
  const { blocks, cursor } = blocksOf(bytes);
  assert.deepEqual(blocks, ["1@0K"]);
  assert.equal(cursor.isEnded, true);
  assert.equal(cursor.step(bytes, 0), false);
});

Deno.test("SegmentCursor counts junk and blocks it could not read", () => {
  const { cursor } = blocksOf(file(
    TRACKS,
    cluster(0, KEY, element(ID.SimpleBlock)),
    new Uint8Array(500),
    cluster(1, KEY),
  ));
  assert.equal(cursor.junkBytes, 500);
  assert.equal(cursor.brokenBlocks, 1);
});

Deno.test("SegmentCursor refuses other documents, with the place", () => {
  const faults: readonly (readonly [Uint8Array, RegExp])[] = [
    [new Uint8Array(20), /no element at offset 0/],
    [cluster(0, KEY), /element 0x1F43B675 at offset 0, expected an EBML header/],
    [concatBytes([HEADER, HEADER]), /element 0x1A45DFA3 at offset \d+, expected a Segment/],
    [concatBytes([HEADER, cluster(0, KEY)]), /element 0x1F43B675 at offset \d+, expected a Segment/],
    [elementOfSize(ID.Ebml, UNKNOWN), /0x1A45DFA3 without a size at offset 0/],
  ];
  for (const [bytes, message] of faults) {
    assert.throws(
      () => blocksOf(bytes),
      (error) => error instanceof FormatError && message.test(error.message),
    );
  }
});

Deno.test("SegmentCursor refuses blocks and junk over their limits", () => {
  const huge = elementOfSize(ID.SimpleBlock, Uint8Array.fromHex("1ffffffe"), frame(1));
  assert.throws(() => blocksOf(file(TRACKS, openCluster(0, huge))), (error) => {
    assert.ok(error instanceof LimitError);
    assert.equal(error.limit, MAX_MKV_BLOCK_BYTES);
    assert.match(error.message, /block at offset \d+: 268435454 bytes/);
    return true;
  });
  const junk = file(TRACKS, cluster(0, KEY), new Uint8Array(2000));
  assert.throws(() => blocksOf(junk, { maxJunkBytes: 1000 }), /no cluster in \d+ bytes from offset \d+ on/);
});

Deno.test("SegmentCursor goes to a cluster from any place, and into one that it knows", () => {
  const bytes = file(TRACKS, ...filmClusters(5));
  const times: number[] = [];
  const cursor = new SegmentCursor({
    bytesWanted: () => 0,
    element() {},
    block: ({ ticks }) => times.push(ticks),
  });
  for (let offset = 0; offset < bytes.length; offset += 7) {
    cursor.search(offset);
    while (!cursor.isInCluster && cursor.step(bytes, 0)) { /* up to a cluster */ }
    if (cursor.isInCluster) assert.ok(cursor.cluster.offset >= offset);
  }
  cursor.search(0);
  while (!cursor.isInCluster) cursor.step(bytes, 0);
  const place = cursor.cluster;
  const { offset } = cursor;
  for (let taken = 0; taken < 2; taken++) cursor.step(bytes, 0);
  cursor.enter(place, offset);
  cursor.step(bytes, 0);
  assert.deepEqual(times, [0, 0, 0]);
});
