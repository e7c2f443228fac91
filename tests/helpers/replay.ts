/**
 * Media as FLV tags for the plain client: those of a clip, and made ones of any size.
 *
 * @module
 */

import { makeClip } from "./media.ts";
import type { ClipName } from "./media.ts";
import { readFlv } from "./flv_tags.ts";
import type { ReadTag } from "./flv_tags.ts";
import { TYPE } from "./rtmp_chunks.ts";
import type { RtmpMessage } from "./rtmp_chunks.ts";
import type { RtmpClient } from "./rtmp_client.ts";

const CHUNK_STREAM = { [TYPE.Audio]: 4, [TYPE.Video]: 6, [TYPE.Data]: 5 } as Readonly<Record<number, number>>;

/** The tags of a clip: script data, sequence headers, then media. */
export async function readClipTags(clip: ClipName): Promise<ReadTag[]> {
  return readFlv(await Deno.readFile(await makeClip(clip))).tags;
}

/** Sends tags as messages of stream `streamId`; `shiftMs` is added to each time, modulo 2^32. */
export async function sendTags(
  client: RtmpClient,
  tags: readonly ReadTag[],
  options: { streamId?: number; shiftMs?: number } = {},
): Promise<void> {
  for (const tag of tags) {
    await client.send({
      typeId: tag.type,
      payload: tag.body,
      chunkStreamId: CHUNK_STREAM[tag.type] ?? 5,
      streamId: options.streamId ?? 1,
      timestamp: (tag.timestamp + (options.shiftMs ?? 0)) % 2 ** 32,
    });
  }
}

/** Whether a tag or message holds a sequence header of AVC or AAC. */
export function isSequenceHeader(type: number, body: Uint8Array): boolean {
  if (type === TYPE.Video) return (body[0]! & 0x0f) === 7 && body[1] === 0;
  return type === TYPE.Audio && body[0]! >> 4 === 10 && body[1] === 0;
}

/** Whether a tag holds media: audio or video, no sequence header, end of sequence or nothing at all. */
export function isMedia({ type, body }: { type: number; body: Uint8Array }): boolean {
  if (type !== TYPE.Audio && type !== TYPE.Video || body.length === 0) return false;
  if (type === TYPE.Video && (body[0]! & 0x0f) === 7 && body[1] === 2) return false;
  return !isSequenceHeader(type, body);
}

/** Messages as tags, media only. */
export function mediaOf(messages: readonly RtmpMessage[]): ReadTag[] {
  return messages
    .map(({ messageTypeId, timestamp, payload }) => ({ type: messageTypeId, timestamp, body: payload }))
    .filter(isMedia);
}

/** A made AVC video tag of `size` bytes whose bytes follow from `number`; a decoder would not like it. */
export function madeVideoTag(number: number, options: { size: number; isKeyFrame: boolean }): ReadTag {
  const body = new Uint8Array(options.size);
  for (let i = 5; i < body.length; i++) body[i] = (number * 7 + i) & 0xff;
  body.set([options.isKeyFrame ? 0x17 : 0x27, 1, 0, 0, 0]);
  return { type: TYPE.Video, timestamp: number * 40, body };
}
