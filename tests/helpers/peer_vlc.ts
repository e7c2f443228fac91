/**
 * VLC without a screen, as player and as encoder. It takes streams apart, so that payloads are compared as
 * elementary streams: the slices of each picture, and the bytes of all audio frames.
 *
 * @module
 */

import { makeClip } from "./media.ts";
import type { ClipName } from "./media.ts";
import { parseFrameHash } from "./packets.ts";
import { runToSuccess, startProcess } from "./process.ts";
import type { RunningProcess } from "./process.ts";

/** The payloads of a stream, without its container. */
export interface ElementaryStreams {
  /** One hash a picture, of its slices in Annex B form; parameter sets and the like are left out. */
  readonly pictures: readonly string[];
  /** All AAC frames, without headers. */
  readonly audio: Uint8Array;
}

/** VLC, playing. */
export interface VlcPlayer extends AsyncDisposable {
  /** Waits for its end, which comes with the publisher's; returns what it got. */
  ended(): Promise<ElementaryStreams>;
}

/** Plays `url` until it ends, into files. */
export async function playWithVlc(url: string): Promise<VlcPlayer> {
  const folder = await openFolder();
  const [video, audio] = [`${folder}/video.h264`, `${folder}/audio.aac`];
  const vlc = startVlc(folder, url, `es{access=file,mux=dummy,dst-video=${video},dst-audio=${audio}}`);
  return {
    async ended() {
      const { timedOut, stderr } = await vlc.result;
      if (timedOut) throw new Error(`VLC did not end ${url}: ${stderr.slice(-1_000)}`);
      return { pictures: await hashPictures(["-f", "h264", "-i", video]), audio: await Deno.readFile(audio) };
    },
    async [Symbol.asyncDispose]() {
      await vlc[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Publishes a clip with VLC, which gives its packets times of its own. */
export async function publishWithVlc(clip: ClipName, url: string): Promise<RunningProcess> {
  const folder = await openFolder();
  const file = `${folder}/clip`;
  await Deno.copyFile(await makeClip(clip), file);
  await Deno.chmod(file, 0o644);
  const vlc = startVlc(folder, file, `std{access=rtmp,mux=ffmpeg{mux=flv},dst=${url}}`);
  return {
    ...vlc,
    async [Symbol.asyncDispose]() {
      await vlc[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** What an FLV file holds, as VLC would take it apart. */
export async function takeApart(flv: string): Promise<ElementaryStreams> {
  const path = await Deno.makeTempFile({ prefix: "crtmp-elementary-" });
  try {
    await runToSuccess("ffmpeg", {
      args: ["-v", "error", "-nostdin", "-y", "-i", flv, "-map", "0:a", "-c", "copy", "-f", "data", path],
    });
    return { pictures: await hashPictures(["-i", flv]), audio: await Deno.readFile(path) };
  } finally {
    await Deno.remove(path);
  }
}

/** Start codes are made anew by `filter_units`, so that their lengths do not matter. */
async function hashPictures(input: readonly string[]): Promise<string[]> {
  const slices = "h264_mp4toannexb,filter_units=pass_types=1-5";
  const text = await runToSuccess("ffmpeg", {
    args: [
      ...["-v", "fatal", "-nostdin", ...input, "-map", "0:v", "-c", "copy", "-copyinkf", "-bsf:v", slices],
      ...["-f", "framehash", "-hash", "md5", "-"],
    ],
  });
  return parseFrameHash(text).map(({ hash }) => hash);
}

async function openFolder(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "crtmp-vlc-" });
  await Deno.chmod(folder, 0o777);
  return folder;
}

/** VLC refuses to run as root. */
function startVlc(home: string, input: string, output: string): RunningProcess {
  const command = ["cvlc", "--quiet", "--play-and-exit", "--sout", `#${output}`, input, "vlc://quit"];
  const asNobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", ...command];
  const [program, ...args] = Deno.uid() === 0 ? asNobody : command;
  return startProcess(program!, { args, env: { HOME: home }, timeoutMs: 30_000 });
}
