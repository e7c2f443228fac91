/**
 * What ffmpeg reads over RTSP, as lists of packets.
 *
 * @module
 */

import { type ListedPacket, parseFrameHash } from "./packets.ts";
import { type RunningProcess, startProcess } from "./process.ts";

/** Parameter sets and delimiters travel beside pictures in one protocol and with them in the other. */
const PICTURES = ["-bsf:v", "h264_mp4toannexb,filter_units=remove_types=7-9"];

/** Lists what ffmpeg reads, pictures without their parameter sets, audio in raw frames. */
export function listen(args: readonly string[]): RunningProcess {
  return startProcess("ffmpeg", {
    args: [
      ...["-hide_banner", "-loglevel", "warning", "-nostdin", "-copyts", ...args],
      ...["-map", "0:v", "-map", "0:a", "-c", "copy", ...PICTURES, "-flush_packets", "1"],
      ...["-f", "framehash", "-hash", "md5", "-"],
    ],
    timeoutMs: 60_000,
  });
}

/** What a listing process has listed, once it has ended. */
export async function listOf(process: RunningProcess): Promise<ListedPacket[]> {
  return parseFrameHash((await process.result).stdout);
}

/** Which packets are key frames is what framehash does not say. */
export function withKeyFrames(
  packets: readonly ListedPacket[],
  sent: readonly ListedPacket[],
): ListedPacket[] {
  const video = sent.filter(({ kind }) => kind === "video");
  let index = 0;
  return packets.map((packet) =>
    packet.kind === "video" ? { ...packet, isKeyFrame: video[index++]!.isKeyFrame } : packet
  );
}

/** ffmpeg does not know the time of the first picture it reads over RTSP, and writes a number that is none. */
export function withFirstTime(
  packets: readonly ListedPacket[],
  sent: readonly ListedPacket[],
): ListedPacket[] {
  const [first, second] = packets.filter(({ kind }) => kind === "video");
  if (first === undefined || second === undefined || Math.abs(first.ptsMs - second.ptsMs) < 1_000) {
    return [...packets];
  }
  const timeOf = ({ hash }: ListedPacket) => sent.find((packet) => packet.hash === hash)?.ptsMs ?? NaN;
  const ptsMs = second.ptsMs - timeOf(second) + timeOf(first);
  return packets.map((packet) => packet === first ? { ...packet, ptsMs } : packet);
}
