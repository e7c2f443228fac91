import assert from "node:assert/strict";
import { type ByteSource, concatBytes, encodeUtf8, MemorySource } from "#bytes";
import { MP3_TICKS_PER_SECOND } from "#codecs/mp3";
import { FormatError } from "#errors";
import type { MediaPacket } from "#media";
import fc from "fast-check";
import {
  changingFrames,
  constantFrames,
  frameOf,
  HEADERS,
  id3Frame,
  id3Tag,
  xingFrame,
} from "./_frames_test.ts";
import { MAX_MP3_JUNK_BYTES, Mp3Demuxer, Mp3FrameReader } from "./mod.ts";

const { plain, padded, small, layer2 } = HEADERS;
const frame = frameOf(plain);
const id3v1 = concatBytes([encodeUtf8("TAG"), new Uint8Array(125)]);
const ape = (flags: number, items: Uint8Array) => {
  const head = new Uint8Array(32);
  head.set(encodeUtf8("APETAGEX"));
  const view = new DataView(head.buffer);
  view.setUint32(8, 2000, true);
  view.setUint32(12, items.length + 32, true);
  view.setUint32(20, flags, true);
  return head;
};
const apeItems = new Uint8Array(300).fill(0xff);

interface FileCase {
  readonly name: string;
  readonly parts: readonly Uint8Array[];
  /** Indexes of the parts that are frames. */
  readonly frames: readonly number[];
  readonly junkBytes?: number;
}

const CASES: readonly FileCase[] = [
  { name: "frames alone", parts: [frame, frameOf(padded), frame], frames: [0, 1, 2] },
  { name: "one frame", parts: [frame], frames: [0] },
  { name: "layer II", parts: [frameOf(layer2), frameOf(layer2)], frames: [0, 1] },
  { name: "MPEG-2.5", parts: [frameOf(small), frameOf(small), frameOf(small)], frames: [0, 1, 2] },
  {
    name: "an ID3v2 tag full of frame headers, and ID3v1",
    parts: [id3Tag(4, [concatBytes([frame, frame, frame])]), frame, frame, id3v1],
    frames: [1, 2],
  },
  {
    name: "several ID3v2 tags, with footer",
    parts: [
      id3Tag(3, [], { padding: 30 }),
      id3Tag(4, [], { padding: 5, flags: 0x10 }),
      new Uint8Array(10),
      frame,
      frame,
    ],
    frames: [3, 4],
  },
  {
    name: "an APE tag and ID3v1",
    parts: [frame, frame, ape(0xa000_0000, apeItems), apeItems, ape(0x8000_0000, apeItems), id3v1],
    frames: [0, 1],
  },
  {
    name: "junk in front, with a false header in it",
    parts: [new Uint8Array([0, 0xff, 0xfb, 0x90, 0x64, 1, 2, 3]), frame, frame, frame],
    frames: [1, 2, 3],
    junkBytes: 8,
  },
  {
    name: "junk between frames",
    parts: [frame, frame, new Uint8Array(1000).fill(0xff), frame, frame, frame],
    frames: [0, 1, 3, 4, 5],
    junkBytes: 1000,
  },
  {
    name: "a tag between frames, as in files put together",
    parts: [
      frame,
      frame,
      id3v1,
      id3Tag(3, [], { padding: 100 }),
      frameOf(small),
      frameOf(small),
      frameOf(small),
    ],
    frames: [0, 1, 4, 5, 6],
  },
  {
    name: "a frame that was damaged",
    parts: [
      frame,
      frame,
      new Uint8Array([0xff, 0xfb, 0x00, 0x64, ...new Uint8Array(413)]),
      frame,
      frame,
      frame,
    ],
    frames: [0, 1, 3, 4, 5],
    junkBytes: 417,
  },
  { name: "a Xing header", parts: [xingFrame({ frames: 2 }), frame, frame], frames: [1, 2] },
  {
    name: "an Info header that tells nothing, which is sound",
    parts: [xingFrame({ kind: "Info" }), frame],
    frames: [0, 1],
  },
];

for (const { name, parts, frames, junkBytes = 0 } of CASES) {
  const bytes = concatBytes(parts);
  const expected = frames.map((index) => parts[index]!.toHex());

  Deno.test(`Mp3FrameReader reads ${name}, whole, byte by byte, and at every split`, () => {
    const read = (cuts: readonly number[]) => {
      const reader = new Mp3FrameReader();
      const found: string[] = [];
      let start = 0;
      for (const end of [...cuts, bytes.length]) {
        const piece = bytes.slice(start, end);
        found.push(...reader.push(piece).map(({ payload }) => payload.toHex()));
        piece.fill(0xff);
        start = end;
      }
      found.push(...reader.flush().map(({ payload }) => payload.toHex()));
      assert.equal(reader.junkBytes, junkBytes);
      return found;
    };
    assert.deepEqual(read([]), expected);
    assert.deepEqual(read([...bytes.keys()]), expected);
    for (let cut = 1; cut < bytes.length; cut += 7) assert.deepEqual(read([cut]), expected, `cut at ${cut}`);
  });

  Deno.test(`Mp3Demuxer reads ${name}, whole and cut off`, async () => {
    const { packets } = await readAll(new MemorySource(bytes));
    assert.deepEqual(packets.map(({ payload }) => payload.toHex()), expected);
    let ticks = 0;
    for (const packet of packets) {
      assert.deepEqual([packet.dtsTicks, packet.ptsTicks], [ticks, ticks]);
      ticks += packet.durationTicks;
    }
    for (let cut = 0; cut < bytes.length; cut += cut < 64 ? 1 : 13) {
      try {
        const { packets } = await readAll(new MemorySource(bytes.subarray(0, cut)));
        const whole = packets.map(({ payload }) => payload.toHex());
        // the last frames before a cut may be those that would have confirmed each other
        assert.deepEqual(whole, expected.slice(0, whole.length), `cut at ${cut}`);
      } catch (error) {
        assert.ok(error instanceof FormatError, String(error));
      }
    }
  });
}

async function readAll(source: ByteSource) {
  const demuxer = await Mp3Demuxer.open(source);
  const packets: MediaPacket[] = [];
  for (let batch = await demuxer.read(); batch.length > 0; batch = await demuxer.read()) {
    packets.push(...batch);
  }
  return { demuxer, packets };
}

Deno.test("Mp3FrameReader tells times and places", () => {
  const reader = new Mp3FrameReader();
  const bytes = concatBytes([id3v1, frame, frame, frame]);
  const [first, second] = [...reader.push(bytes), ...reader.flush()];
  assert.deepEqual([first!.offset, first!.ticks, first!.durationTicks], [128, 0, 368_640]);
  assert.deepEqual([second!.offset, second!.ticks], [128 + 417, 368_640]);
  // after a gap times go on
  assert.equal([...reader.push(bytes), ...reader.flush()][0]!.ticks, 3 * 368_640);
});

Deno.test("MP3 without frames is refused, with as many bytes of junk as are bounded", async () => {
  const open = (bytes: Uint8Array) => Mp3Demuxer.open(new MemorySource(bytes));
  await assert.rejects(open(new Uint8Array(0)), {
    name: "FormatError",
    message: "Cannot read MP3: no frame between offset 0 and the end at 0",
  });
  await assert.rejects(open(encodeUtf8("GET / HTTP/1.1\r\n\r\n")), { name: "FormatError" });
  await assert.rejects(open(id3Tag(3, [], { size: 200 })), {
    message: /no frame between offset 210 and the end at 10/,
  });
  const reader = new Mp3FrameReader();
  const zeros = new Uint8Array(1_048_576);
  assert.throws(() => {
    for (let count = 0; count <= MAX_MP3_JUNK_BYTES / zeros.length; count++) reader.push(zeros);
  }, {
    name: "FormatError",
    message: /^Cannot read MP3: no frame in 17825792 bytes before offset 17825792$/,
  });
});

Deno.test("An ID3v2 tag of 256 MiB is passed over without being read", async () => {
  const head = id3Tag(4, [id3Frame(4, "TIT2", { content: "\u0003Big" })], { size: 0x0fff_ffff });
  const start = head.length;
  const end = 10 + 0x0fff_ffff;
  const tail = constantFrames(40);
  let readBytes = 0;
  const source: ByteSource = {
    sizeBytes: end + tail.length,
    readAt(offset, into) {
      into.fill(0);
      const length = Math.max(0, Math.min(into.length, end + tail.length - offset));
      if (offset < start) into.set(head.subarray(offset, offset + into.length));
      if (offset + into.length > end) {
        into.set(
          tail.subarray(Math.max(0, offset - end), offset - end + into.length),
          Math.max(0, end - offset),
        );
      }
      readBytes += length;
      return Promise.resolve(length);
    },
    close() {},
  };
  const { demuxer, packets } = await readAll(source);
  assert.deepEqual(demuxer.summary.tags, { title: "Big" });
  assert.equal(packets.length, 40);
  assert.ok(readBytes < 2_000_000, `${readBytes} bytes were read`);
});

const FRAME_US = 1152 / 44_100 * 1e6;

/** What seeking may stand on. */
const SEEKS = [
  { name: "a constant rate", bytes: constantFrames(500), needsScan: false },
  {
    name: "a constant rate behind tags",
    bytes: concatBytes([id3Tag(3, [], { padding: 999 }), constantFrames(500), id3v1]),
    needsScan: false,
  },
  { name: "a small file, walked at once", bytes: changingFrames(50), needsScan: false },
  { name: "a changing rate without header, walked", bytes: changingFrames(5000), needsScan: false },
  { name: "a changing rate with an index", bytes: changingFrames(5000), needsScan: true },
] as const;

for (const { name, bytes, needsScan } of SEEKS) {
  Deno.test(`Mp3Demuxer seeks to the exact frame by ${name}`, async () => {
    const { demuxer, packets } = await readAll(new MemorySource(bytes));
    if (needsScan) {
      assert.equal(demuxer.canSeek, false);
      const progress: number[] = [];
      demuxer.useIndex(await demuxer.scan({ onProgress: (done) => progress.push(done) }));
      assert.equal(demuxer.canSeek, true);
      assert.equal(progress.at(-1), 1);
      assert.equal(demuxer.summary.durationUs, Math.round(packets.length * FRAME_US));
    }
    const last = packets.length - 1;
    for (const number of [0, 1, 17, 38, 39, 40, last - 1, last]) {
      const { ptsUs, payload } = packets[number]!;
      for (const timeUs of [ptsUs, ptsUs + 1, Math.floor(ptsUs + FRAME_US) - 2]) {
        assert.equal((await demuxer.seek(timeUs)).timeUs, ptsUs, `${number} at ${timeUs}`);
        const [first, second] = await demuxer.read();
        assert.equal(first!.ptsTicks, packets[number]!.ptsTicks);
        assert.deepEqual(first!.payload, payload);
        assert.equal(second?.ptsTicks, packets[number + 1]?.ptsTicks);
      }
    }
    assert.equal((await demuxer.seek(-5e6)).timeUs, 0);
    assert.equal((await demuxer.seek(1e12)).timeUs, packets.at(-1)!.ptsUs);
    assert.equal((await demuxer.read()).length, 1);
    assert.equal((await demuxer.read()).length, 0);
  });
}

Deno.test("Mp3Demuxer seeks by the table of a Xing header before a scan", async () => {
  const frames = changingFrames(6000);
  const toc = Array.from({ length: 100 }, (_, percent) => Math.floor(percent * 256 / 100));
  const header = xingFrame({ frames: 6000, bytes: frames.length + 417, toc });
  const { demuxer, packets } = await readAll(new MemorySource(concatBytes([header, frames])));
  assert.equal(demuxer.canSeek, true);
  assert.equal(packets.length, 6000);
  assert.equal(demuxer.summary.durationUs, Math.round(6000 * FRAME_US));
  assert.equal(demuxer.summary.startUs, Math.round((576 + 529) * 1e6 / 44_100));
  for (const share of [0.1, 0.5, 0.99]) {
    const wanted = Math.floor(6000 * share) * FRAME_US;
    const { timeUs } = await demuxer.seek(wanted);
    assert.ok(timeUs <= wanted + 1 && timeUs > wanted - FRAME_US, `${timeUs} for ${wanted}`);
    const [first] = await demuxer.read();
    const place = packets.findIndex(({ payload }) =>
      payload.byteOffset >= 0 && equal(payload, first!.payload)
    );
    assert.ok(place >= 0 && first!.ptsUs === timeUs);
  }
  assert.equal((await demuxer.seek(0)).timeUs, 0);
  assert.deepEqual((await demuxer.read())[0]!.payload, packets[0]!.payload);
});

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

Deno.test("Mp3Demuxer reads VBRI headers with their table", async () => {
  const frames = changingFrames(3000);
  const header = frameOf(plain, 0);
  const view = new DataView(header.buffer);
  header.set(encodeUtf8("VBRI"), 36);
  view.setUint16(40, 1);
  view.setUint32(46, frames.length + 417);
  view.setUint32(50, 3000);
  view.setUint16(54, 30); // entries of 100 frames each
  view.setUint16(56, 1);
  view.setUint16(58, 2);
  view.setUint16(60, 100);
  const sizes = Array.from({ length: 3000 }, (_, index) => index % 3 === 0 ? 417 : 208);
  for (let entry = 0; entry < 30; entry++) {
    const bytes = sizes.slice(entry * 100, entry * 100 + 100).reduce((sum, size) => sum + size, 0);
    view.setUint16(62 + 2 * entry, bytes);
  }
  const { demuxer, packets } = await readAll(new MemorySource(concatBytes([header, frames])));
  assert.equal(packets.length, 3000);
  assert.equal(demuxer.canSeek, true);
  assert.equal(demuxer.summary.durationUs, Math.round(3000 * FRAME_US));
  const { timeUs } = await demuxer.seek(1500 * FRAME_US);
  assert.equal(timeUs, Math.round(1500 * FRAME_US));
  assert.ok(Math.abs(packets[1500]!.ptsUs - timeUs) <= 1);
});

Deno.test("Mp3Demuxer does not believe the header of the first of many files", async () => {
  const header = xingFrame({ frames: 10, bytes: 4597 });
  const { demuxer } = await readAll(new MemorySource(concatBytes([header, changingFrames(50)])));
  assert.equal(demuxer.summary.durationUs, undefined);
});

Deno.test("Mp3Demuxer goes on where a file grows, and so does a scan", async () => {
  const bytes = constantFrames(60);
  const source = new MemorySource(bytes.subarray(0, 10_000));
  const { demuxer, packets } = await readAll(source);
  const early = await demuxer.scan();
  assert.deepEqual(early.packetCounts, [23]);
  assert.equal(packets.length, 23);
  source.append(bytes.subarray(10_000));
  const later: MediaPacket[] = [];
  for (let batch = await demuxer.read(); batch.length > 0; batch = await demuxer.read()) later.push(...batch);
  assert.equal(packets.length + later.length, 60);
  demuxer.useIndex(early);
  const index = await demuxer.scan();
  assert.deepEqual(index.packetCounts, [60]);
  assert.deepEqual([...index.timesUs], [0, Math.round(39 * FRAME_US)]);
  assert.equal(index.scannedBytes, bytes.length);
});

Deno.test("A scan ends with the reason of its signal", async () => {
  const demuxer = await Mp3Demuxer.open(new MemorySource(changingFrames(5000)));
  await assert.rejects(demuxer.scan({ signal: AbortSignal.abort(new Error("Enough")) }), {
    message: "Enough",
  });
});

Deno.test("Mp3Demuxer keeps times exact where the sampling rate changes", async () => {
  const parts = [
    frame,
    frame,
    frame,
    ...Array.from({ length: 4 }, () => frameOf(small)),
    frame,
    frame,
    frame,
  ];
  const { demuxer, packets } = await readAll(new MemorySource(concatBytes(parts)));
  assert.deepEqual(packets.slice(2, 5).map(({ ptsTicks }) => ptsTicks), [737_280, 1_105_920, 2_121_984]);
  assert.equal(MP3_TICKS_PER_SECOND * 576 / 8000, 1_016_064);
  demuxer.useIndex(await demuxer.scan());
  await demuxer.seek(packets[8]!.ptsUs);
  assert.equal((await demuxer.read())[0]!.ptsTicks, packets[8]!.ptsTicks);
});

Deno.test("Mp3Demuxer and Mp3FrameReader agree on any bytes, and read them or refuse", async () => {
  const edits = fc.array(fc.record({ at: fc.nat(9999), byte: fc.nat(255) }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(fc.nat(CASES.length - 1), edits, fc.nat(9999), async (index, changes, cut) => {
      const bytes = concatBytes(CASES[index]!.parts);
      for (const { at, byte } of changes) bytes[at % bytes.length] = byte;
      const part = bytes.subarray(0, Math.max(1, cut % (bytes.length + 1)));
      const reader = new Mp3FrameReader();
      const live = [...reader.push(part), ...reader.flush()].map(({ payload }) => payload.toHex());
      try {
        const { packets } = await readAll(new MemorySource(part));
        const read = packets.map(({ payload }) => payload.toHex());
        if (part[0] !== 0x49) assert.deepEqual(read, live);
      } catch (error) {
        assert.ok(error instanceof FormatError, String(error));
        if (part[0] !== 0x49) assert.deepEqual(live, []);
      }
    }),
    // a frame behind a Xing header, and then what is none
    { numRuns: 400, examples: [[11, [{ at: 5838, byte: 0 }], 3342]] },
  );
});

Deno.test("Mp3Demuxer tells of junk and of a frame that is cut off", async () => {
  const junk = new Uint8Array(100);
  const parts = [junk, frame, frame, frame, junk, frame, frame, frame, frame.subarray(0, 300)];
  const { demuxer } = await readAll(new MemorySource(concatBytes(parts)));
  assert.deepEqual(demuxer.faults, [
    { offset: 0, message: "Junk: 100 bytes belong to no frame" },
    { offset: 100 + 3 * 417, message: "Junk: 100 bytes belong to no frame" },
    { offset: 200 + 6 * 417, message: "Frame cut off: need 417 bytes, have 300" },
  ]);
  const { demuxer: tagged } = await readAll(new MemorySource(concatBytes([frame, frame, id3v1])));
  assert.deepEqual(tagged.faults, []);
  const { demuxer: ended } = await readAll(new MemorySource(concatBytes([frame, frame, junk])));
  assert.deepEqual(ended.faults, [{ offset: 834, message: "Junk: 100 bytes belong to no frame" }]);
});
