/**
 * Real encoders and players as the field runs them.
 *
 * @module
 */

import { makeClip } from "./media.ts";
import type { ClipName } from "./media.ts";
import { listPackets } from "./packets.ts";
import type { ListedPacket } from "./packets.ts";
import { runProcess, startProcess } from "./process.ts";
import type { RunningProcess } from "./process.ts";

/** How ffmpeg publishes. */
export interface PublishOptions {
  /** Arguments before `-i`, for example `-stream_loop -1`. @default none */
  readonly inputArgs?: readonly string[];
  /** Arguments before the output URL. @default none */
  readonly outputArgs?: readonly string[];
  /** Whether to send as time passes (`-re`) rather than as fast as possible. @default true */
  readonly isRealTime?: boolean;
}

/** Publishes a clip with ffmpeg, unread (`-c copy`). */
export async function publishClip(
  clip: ClipName,
  url: string,
  options: PublishOptions = {},
): Promise<RunningProcess> {
  return startProcess("ffmpeg", {
    args: [
      ...["-hide_banner", "-loglevel", "error", "-nostdin"],
      ...(options.isRealTime === false ? [] : ["-re"]),
      ...(options.inputArgs ?? []),
      ...["-i", await makeClip(clip), "-c", "copy", ...(options.outputArgs ?? []), "-f", "flv", url],
    ],
    timeoutMs: 60_000,
  });
}

/** Records a live stream with rtmpdump until the publisher leaves; returns the packets of its file. */
export async function recordWithRtmpdump(
  url: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<ListedPacket[]> {
  const path = await Deno.makeTempFile({ prefix: "crtmp-rtmpdump-", suffix: ".flv" });
  try {
    const result = await runProcess("rtmpdump", {
      args: ["--quiet", "--live", "--timeout", "10", ...args, "--rtmp", url, "--flv", path],
      env,
      timeoutMs: 40_000,
    });
    if (result.timedOut) throw new Error(`rtmpdump did not end: ${result.stderr.slice(-500)}`);
    return await listPackets(path);
  } finally {
    await Deno.remove(path);
  }
}
