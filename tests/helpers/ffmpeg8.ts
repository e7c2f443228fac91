/**
 * Starts `ffmpeg8_peer.ts`: an encoder and a player that speak Enhanced RTMP.
 *
 * @module
 */

import type { ListedPacket } from "./packets.ts";
import { runProcess, startProcess } from "./process.ts";
import type { RunningProcess } from "./process.ts";

const PEER = new URL("./ffmpeg8_peer.ts", import.meta.url).pathname;
/** Apart from the project's configuration and packages. */
const APART = [
  "run",
  "--quiet",
  "--allow-all",
  "--no-check",
  "--no-config",
  "--no-lock",
  "--node-modules-dir=none",
];

/** Whether the library can be loaded: it comes from the npm registry the first time. */
export async function hasFfmpeg8(): Promise<boolean> {
  const result = await runProcess("deno", { args: [...APART, PEER, "probe"], timeoutMs: 120_000 });
  return result.code === 0;
}

/** Publishes `file` in real time. */
export function publishWithFfmpeg8(file: string, url: string): RunningProcess {
  return startProcess("deno", { args: [...APART, PEER, "publish", file, url], timeoutMs: 40_000 });
}

/** A player that lists what it gets until the publisher leaves. */
export interface Ffmpeg8Player extends AsyncDisposable {
  /** Packets seen until now. */
  readonly packets: ListedPacket[];
  /** Waits for its end; returns all packets. */
  ended(): Promise<ListedPacket[]>;
}

/**
 * Plays `url`.
 *
 * @param options `isEnhanced`: whether it announces the codecs of Enhanced RTMP in `connect`.
 */
export function playWithFfmpeg8(url: string, options: { isEnhanced: boolean }): Ffmpeg8Player {
  const mode = options.isEnhanced ? "list" : "list-legacy";
  const player = startProcess("deno", { args: [...APART, PEER, mode, url], timeoutMs: 40_000 });
  const parse = (text: string): ListedPacket[] =>
    text.split("\n").slice(0, -1).map((line) => JSON.parse(line) as ListedPacket);
  return {
    get packets() {
      return parse(player.stdoutText);
    },
    async ended() {
      const result = await player.result;
      if (result.code !== 0) throw new Error(`FFmpeg 8 cannot play ${url}: ${result.stderr.slice(-1_000)}`);
      return parse(result.stdout);
    },
    [Symbol.asyncDispose]: () => player[Symbol.asyncDispose](),
  };
}

/** Has FFmpeg 8 put the tracks of `file` into an FLV file, unread. */
export async function muxWithFfmpeg8(file: string, flvPath: string): Promise<void> {
  await using muxing = startProcess("deno", { args: [...APART, PEER, "publish", file, flvPath] });
  const result = await muxing.result;
  if (result.code !== 0) throw new Error(`FFmpeg 8 cannot mux ${file}: ${result.stderr.slice(-1_000)}`);
}

/** The packets of a file as FFmpeg 8 reads it. */
export async function listWithFfmpeg8(file: string): Promise<ListedPacket[]> {
  await using player = playWithFfmpeg8(file, { isEnhanced: false });
  return await player.ended();
}

/** The packets FFmpeg 8 sends when it publishes `file`: what its muxer writes into a file. */
export async function sentByFfmpeg8(file: string): Promise<ListedPacket[]> {
  const path = await Deno.makeTempFile({ prefix: "crtmp-sent-", suffix: ".flv" });
  try {
    await muxWithFfmpeg8(file, path);
    return await listWithFfmpeg8(path);
  } finally {
    await Deno.remove(path);
  }
}
