/**
 * Lists access units whatever container they are in: NAL units with start codes and without parameter sets and
 * delimiters, AAC without headers, so that MPEG-TS and FLV of one stream compare.
 *
 * @module
 */

import { listPackets, parseFrameHash } from "./packets.ts";
import type { ListedPacket } from "./packets.ts";
import { runToSuccess } from "./process.ts";

/** Codecs of a file, as the bitstream filters of ffmpeg need them. */
export interface UnitCodecs {
  readonly video?: "h264" | "hevc";
  /** Whether the audio is AAC, which has headers in MPEG-TS. @default {true} */
  readonly isAac?: boolean;
}

/** NAL unit types that a container may hold apart: parameter sets, delimiters, filler. */
const REMOVED = { h264: "7-9|12", hevc: "32-35|38" } as const;

/** Lists the access units of a file with ffmpeg; times are those of the file. */
export async function listAccessUnits(path: string, codecs: UnitCodecs): Promise<ListedPacket[]> {
  const { video, isAac = true } = codecs;
  const text = await runToSuccess("ffmpeg", {
    args: [
      ...["-v", "error", "-nostdin", "-copyts", "-i", path, "-map", "0:v?", "-map", "0:a?", "-c", "copy"],
      ...(video === undefined ? [] : ["-bsf:v", `filter_units=remove_types=${REMOVED[video]}`]),
      ...(isAac ? ["-bsf:a", "aac_adtstoasc"] : []),
      ...["-copyinkf", "-f", "framehash", "-hash", "md5", "-"],
    ],
    timeoutMs: 40_000,
  });
  // framehash does not tell key frames, which stand in the same order
  const flags = { audio: [] as boolean[], video: [] as boolean[] };
  for (const { kind, isKeyFrame } of await listPackets(path)) flags[kind].push(isKeyFrame);
  return parseFrameHash(text).map((unit) => ({ ...unit, isKeyFrame: flags[unit.kind].shift() ?? false }));
}

/** Saves what a URL answers until its end. */
export async function saveBody(url: string, path: string): Promise<number> {
  const response = await fetch(url);
  if (response.status !== 200 || response.body === null) {
    await response.body?.cancel();
    throw new Error(`GET ${url}: ${response.status}`);
  }
  const file = await Deno.create(path);
  await response.body.pipeTo(file.writable);
  return (await Deno.stat(path)).size;
}
