/**
 * Lists the packets of a file or live stream with an independent reader (ffprobe, ffmpeg), and compares what
 * was received with what was sent, packet by packet.
 *
 * @module
 */

import { makeClip } from "./media.ts";
import type { ClipName } from "./media.ts";
import { runToSuccess, startProcess } from "./process.ts";
import type { RunResult } from "./process.ts";

/** One packet as an independent reader sees it. */
export interface ListedPacket {
  readonly kind: "audio" | "video";
  /** Which of the streams of its kind; absent where the reader does not say. */
  readonly track?: number;
  /** Decode time in ms. */
  readonly dtsMs: number;
  /** Presentation time in ms. */
  readonly ptsMs: number;
  readonly sizeBytes: number;
  readonly isKeyFrame: boolean;
  /** Only to be decoded; absent where the reader does not say. */
  readonly isDiscarded?: boolean;
  /** MD5 of the payload, hexadecimal. */
  readonly hash: string;
}

/** A packet listing and what the reader said besides. */
export interface PacketListing {
  readonly packets: ListedPacket[];
  /** Standard error of the reader. */
  readonly log: string;
}

const PROBE_ENTRIES = "packet=codec_type,pts_time,dts_time,size,flags,data_hash";

/** Lists the packets of a file or URL with ffprobe; a live URL must end by itself, or by `args`. */
export async function listPackets(
  source: string,
  options: { args?: readonly string[]; timeoutMs?: number } = {},
): Promise<ListedPacket[]> {
  const text = await runToSuccess("ffprobe", {
    args: [
      ...["-v", "error", ...(options.args ?? []), "-show_packets", "-show_data_hash", "md5"],
      ...["-show_entries", PROBE_ENTRIES, "-of", "json", source],
    ],
    timeoutMs: options.timeoutMs ?? 30_000,
  });
  return parseProbe(text);
}

/** What ffprobe writes with `-show_packets -of json`, as packets; attached pictures and data are left out. */
export function parseProbe(text: string): ListedPacket[] {
  const { packets = [] } = JSON.parse(text) as { packets?: Record<string, string>[] };
  const listed: ListedPacket[] = [];
  for (const row of packets) {
    const kind = row.codec_type;
    if (kind !== "audio" && kind !== "video") continue;
    const dtsMs = msOf(row.dts_time);
    listed.push({
      kind,
      dtsMs,
      ptsMs: row.pts_time === undefined ? dtsMs : msOf(row.pts_time),
      sizeBytes: Number(row.size),
      isKeyFrame: row.flags?.includes("K") ?? false,
      ...(row.flags?.includes("D") === true ? { isDiscarded: true } : {}),
      hash: row.data_hash?.replace(/^MD5:/i, "") ?? "",
    });
  }
  return listed;
}

/** A listing of a live stream that goes on beside the test. */
export interface LiveCapture extends AsyncDisposable {
  /** Packets seen until now. */
  readonly packets: ListedPacket[];
  /** Whether the reader has ended. */
  readonly hasEnded: boolean;
  /** What the reader complained about until now. */
  readonly log: string;
  /** Settles when the reader ends by itself. */
  readonly ended: Promise<RunResult>;
  /** Ends the reader if it has not ended, and returns everything it saw. */
  stop(): Promise<ListedPacket[]>;
}

/**
 * Listens to a live stream with ffmpeg, which passes packets on unread; times are those of the wire, audio
 * within 1 ms (ffmpeg counts samples).
 *
 * @param options `args` go before `-i`.
 */
export function capturePackets(
  url: string,
  options: { args?: readonly string[]; timeoutMs?: number } = {},
): LiveCapture {
  const reader = startProcess("ffmpeg", {
    args: [
      ...["-hide_banner", "-loglevel", "warning", "-nostdin", "-copyts", ...(options.args ?? [])],
      ...["-i", url, "-map", "0:v?", "-map", "0:a?", "-c", "copy", "-copyinkf"],
      ...["-flush_packets", "1", "-f", "framehash", "-hash", "md5", "-"],
    ],
    timeoutMs: options.timeoutMs ?? 60_000,
  });
  let hasEnded = false;
  const ended = reader.result.finally(() => hasEnded = true);
  return {
    get packets() {
      return parseFrameHash(reader.stdoutText);
    },
    get hasEnded() {
      return hasEnded;
    },
    get log() {
      return reader.stderrText;
    },
    ended,
    async stop() {
      reader.kill("SIGINT");
      return parseFrameHash((await ended).stdout);
    },
    [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose](),
  };
}

/** What ffmpeg's framehash muxer writes, as packets; key frames are not marked there. */
export function parseFrameHash(text: string): ListedPacket[] {
  const listed: ListedPacket[] = [];
  const timeBases = new Map<string, number>();
  const kinds = new Map<string, "audio" | "video">();
  for (const line of text.split("\n")) {
    const header = /^#(tb|media_type) (\d+): (\S+)/.exec(line);
    if (header !== null) {
      const [, field, stream, value] = header as unknown as [string, string, string, string];
      if (field === "tb") {
        const [numerator, denominator] = value.split("/").map(Number) as [number, number];
        timeBases.set(stream, 1_000 * numerator / denominator);
      } else if (value === "audio" || value === "video") kinds.set(stream, value);
      continue;
    }
    const columns = line.split(",").map((column) => column.trim());
    const [stream, dts, pts, , size, hash] = columns;
    const kind = kinds.get(stream ?? "");
    const tickMs = timeBases.get(stream ?? "");
    if (kind === undefined || tickMs === undefined || hash === undefined) continue;
    listed.push({
      kind,
      dtsMs: Math.round(Number(dts) * tickMs),
      ptsMs: Math.round(Number(pts) * tickMs),
      sizeBytes: Number(size),
      isKeyFrame: false,
      hash,
    });
  }
  return listed;
}

const sentByClip = new Map<ClipName, Promise<ListedPacket[]>>();

/** The packets that `ffmpeg -i CLIP -c copy -f flv` sends: the clip as ffmpeg's muxer passes it on. */
export async function sentPackets(clip: ClipName): Promise<ListedPacket[]> {
  const known = sentByClip.get(clip);
  if (known !== undefined) return await known;
  const listing = (async () => {
    const path = await makeClip(clip);
    const folder = await Deno.makeTempDir({ prefix: "crtmp-sent-" });
    try {
      await runToSuccess("ffmpeg", {
        args: ["-v", "error", "-nostdin", "-i", path, "-c", "copy", "-f", "flv", `${folder}/sent.flv`],
      });
      return await listPackets(`${folder}/sent.flv`);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  })();
  sentByClip.set(clip, listing);
  return await listing;
}

function msOf(seconds: string | undefined): number {
  return Math.round(Number(seconds) * 1_000);
}
