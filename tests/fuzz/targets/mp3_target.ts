import { concatBytes, encodeUtf8, MemorySource } from "#bytes";
import { Mp3Demuxer, Mp3FrameReader } from "#mediaformats/mp3";
import { seedOf, splitAtRandom } from "../mutate.ts";
import { assertAttachments, assertSame, isBadInput, outcomeOf } from "../target.ts";
import type { FuzzTarget } from "../target.ts";

/** MP3 streams and files: the same frames come out however the input is split; files are read, sought, scanned. */
export function mp3Target(): FuzzTarget {
  return {
    name: "mp3",
    seeds: SEEDS,
    async run(bytes, random) {
      assertSame("frames", readFrames([bytes]), readFrames(splitAtRandom(bytes, random)));
      const demuxer = await Mp3Demuxer.open(new MemorySource(bytes));
      await assertAttachments(demuxer, bytes);
      const read = await readAll(demuxer);
      const index = await demuxer.scan();
      demuxer.useIndex(index);
      for (const share of [0, 0.5, 1.1]) await demuxer.seek(index.durationUs * share);
      await demuxer.seek(0);
      assertSame("packets", read, await readAll(demuxer));
    },
  };
}

function readFrames(parts: readonly Uint8Array[]): string[] {
  const frames: string[] = [];
  const reader = new Mp3FrameReader();
  const outcome = outcomeOf(() => {
    for (const part of parts) {
      for (const { offset, payload } of reader.push(part)) frames.push(`${offset} ${seedOf(payload)}`);
    }
    for (const { offset, payload } of reader.flush()) frames.push(`${offset} ${seedOf(payload)}`);
  });
  return [...frames, outcome];
}

async function readAll(demuxer: Mp3Demuxer): Promise<string[]> {
  const packets: string[] = [];
  try {
    for (let batch = await demuxer.read(); batch.length > 0; batch = await demuxer.read()) {
      for (const { ptsTicks, payload } of batch) packets.push(`${ptsTicks} ${seedOf(payload)}`);
    }
  } catch (error) {
    if (!isBadInput(error)) throw error;
    packets.push((error as Error).name);
  }
  return packets;
}

/** 32 kbit/s at 48 kHz, mono; 8 kbit/s at 8 kHz. */
const FRAME = frameOf([0xff, 0xfb, 0x14, 0xc4], 96);
const SLOW_FRAME = frameOf([0xff, 0xe3, 0x18, 0xc0], 72);
const ID3 = concatBytes([
  new Uint8Array([0x49, 0x44, 0x33, 3, 0, 0x80, 0, 0, 0, 45]),
  encodeUtf8("TIT2\0\0\0\x06\0\0\0Title"),
  encodeUtf8("COMM\0\0\0\x09\0\0\0eng\0text!"),
  new Uint8Array(10),
]);
/** Version 2.4: a picture of a few bytes. */
const COVER = concatBytes([
  new Uint8Array([0x49, 0x44, 0x33, 4, 0, 0, 0, 0, 0, 46]),
  encodeUtf8("APIC\0\0\0\x24\0\0\0image/jpeg\0\x03T\0"),
  new Uint8Array([0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0, 0xff, 0xc0, 0, 17, 8, 0, 48, 0, 64, 3, 1, 0x22, 0, 2]),
]);
const ID3V1 = concatBytes([encodeUtf8("TAGTitle"), new Uint8Array(120)]);

const SEEDS: readonly Uint8Array[] = [
  concatBytes([FRAME, FRAME, FRAME, FRAME]),
  concatBytes([COVER, FRAME, FRAME, FRAME]),
  concatBytes([ID3, SLOW_FRAME, SLOW_FRAME, SLOW_FRAME, ID3V1]),
  concatBytes([
    FRAME,
    FRAME,
    new Uint8Array(50).fill(0xff),
    ID3V1,
    SLOW_FRAME,
    SLOW_FRAME,
    SLOW_FRAME,
    FRAME,
  ]),
  concatBytes([xingFrame(), FRAME, FRAME, FRAME]),
];

function frameOf(header: readonly number[], length: number): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(length).fill(0x3c);
  frame.set(header);
  return frame;
}

function xingFrame(): Uint8Array<ArrayBuffer> {
  const frame = frameOf([0xff, 0xfb, 0x94, 0xc4], 384);
  frame.set(encodeUtf8("Xing\0\0\0\x07\0\0\0\x03\0\0\x02\x00"), 21);
  return frame;
}
