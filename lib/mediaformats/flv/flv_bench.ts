import {
  audioTagToPacket,
  encodeFlvTag,
  FLV_TAG_TYPE,
  flvTagBytes,
  FlvTagReader,
  tagBodyOf,
  videoTagToPacket,
  writeFlvTagInto,
} from "./mod.ts";

const VIDEO = new Uint8Array(10_000).fill(1);
VIDEO.set([0x27, 1, 0, 0, 80]);
const HEVC = new Uint8Array(10_000).fill(1);
HEVC.set([0xa1, 0x68, 0x76, 0x63, 0x31, 0, 0, 80]);
const AUDIO = new Uint8Array(400).fill(1);
AUDIO.set([0xaf, 1]);
const { flvTagBody: _, ...BARE } = videoTagToPacket(VIDEO, 0)!;
const SEGMENT = new Uint8Array(new SharedArrayBuffer(262_144));
const TAG = { tagType: FLV_TAG_TYPE.Video, timestampMs: 40 };
const STREAM = encodeFlvTag({ ...TAG, body: VIDEO });

Deno.bench("parse AVC tag body", () => void videoTagToPacket(VIDEO, 1_000_000));
Deno.bench("parse enhanced HEVC tag body", () => void videoTagToPacket(HEVC, 1_000_000));
Deno.bench("parse AAC tag body", () => void audioTagToPacket(AUDIO, 1_000_000));
Deno.bench("write AVC tag body of 10 kB", () => void tagBodyOf(BARE));
Deno.bench("write a 256 KiB segment of 10 kB tags into shared memory", () => {
  for (let at = 0; at + flvTagBytes(VIDEO.length) <= SEGMENT.length;) {
    at = writeFlvTagInto(SEGMENT, at, TAG, VIDEO);
  }
});
Deno.bench("write tag of 400 bytes into shared memory", () => void writeFlvTagInto(SEGMENT, 0, TAG, AUDIO));
const reader = new FlvTagReader();
Deno.bench("read tag of 10 kB", () => void reader.push(STREAM));
