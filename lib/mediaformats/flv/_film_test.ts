/** Films of made-up payloads for the tests of reading and writing files. */
import { AmfEcmaArray, type AmfObject } from "#amf";
import { concatBytes } from "#bytes";
import {
  encodeFlvHeader,
  encodeFlvTag,
  encodeScriptData,
  FLV_TAG_TYPE,
  type FlvTag,
  type FlvTagType,
} from "./mod.ts";

/** AVCDecoderConfigurationRecord of 640x360, and an AudioSpecificConfig of 44.1 kHz stereo. */
export const AVC_CONFIG = Uint8Array.fromHex(
  "014d401effe10018674d401eeca05017fcb808800000030080000019078b16cb01000568ebe3cb20",
);
export const AAC_CONFIG = new Uint8Array([0x12, 0x10]);

/** A tag of `bodyHex` followed by `more`. */
export function tag(
  tagType: FlvTagType,
  timestampMs: number,
  body: readonly (number | Uint8Array)[],
): FlvTag {
  const parts = body.map((part) => typeof part === "number" ? new Uint8Array([part]) : part);
  return { tagType, timestampMs, body: concatBytes(parts) };
}

/** A script tag with `onMetaData`. */
export function metadataTag(members: AmfObject): FlvTag {
  const body = encodeScriptData({ name: "onMetaData", values: [new AmfEcmaArray(members)] });
  return { tagType: FLV_TAG_TYPE.Script, timestampMs: 0, body };
}

/** AVC frame number `frame`, 25 a second, a key frame each `gop`, presented two frames after decoding. */
export function frameTag(
  frame: number,
  options: { gop?: number; bytes?: number; startMs?: number } = {},
): FlvTag {
  const { gop = 25, bytes = 60, startMs = 0 } = options;
  const isKey = frame % gop === 0;
  const payload = new Uint8Array(bytes).fill(frame & 0xff);
  payload.set([0, 0, 0, bytes - 4, isKey ? 0x65 : 0x41, frame >> 8]);
  return tag(FLV_TAG_TYPE.Video, startMs + frame * 40, [isKey ? 0x17 : 0x27, 1, 0, 0, 80, payload]);
}

/** AAC frame number `frame`, 20 ms each. */
export function soundTag(frame: number, startMs = 0): FlvTag {
  return tag(FLV_TAG_TYPE.Audio, startMs + frame * 20, [0xaf, 1, frame >> 8, frame & 0xff, 0x21]);
}

/** Configurations of video and audio. */
export const CONFIG_TAGS: readonly FlvTag[] = [
  tag(FLV_TAG_TYPE.Video, 0, [0x17, 0, 0, 0, 0, AVC_CONFIG]),
  tag(FLV_TAG_TYPE.Audio, 0, [0xaf, 0, AAC_CONFIG]),
];

/** Frames and sound of `seconds`, interleaved. */
export function mediaTags(
  seconds: number,
  options: { gop?: number; bytes?: number; startMs?: number } = {},
): FlvTag[] {
  const tags: FlvTag[] = [];
  for (let frame = 0; frame < seconds * 25; frame++) {
    tags.push(frameTag(frame, options));
    tags.push(soundTag(2 * frame, options.startMs), soundTag(2 * frame + 1, options.startMs));
  }
  return tags;
}

/** A file of these tags. */
export function fileOf(
  tags: readonly FlvTag[],
  header = { hasAudio: true, hasVideo: true },
): Uint8Array<ArrayBuffer> {
  return concatBytes([encodeFlvHeader(header), ...tags.map(encodeFlvTag)]);
}

/** Offset of each tag in `fileOf`. */
export function offsetsOf(tags: readonly FlvTag[]): number[] {
  let at = 13;
  return tags.map(({ body }) => {
    const offset = at;
    at += 11 + body.length + 4;
    return offset;
  });
}
