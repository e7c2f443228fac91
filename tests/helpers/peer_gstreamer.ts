/**
 * GStreamer as encoder and player: its own RTMP elements (`rtmp2sink`, `rtmp2src`), those on librtmp
 * (`rtmpsink`, `rtmpsrc`), and HTTP.
 *
 * @module
 */

import { makeClip } from "./media.ts";
import type { ClipName } from "./media.ts";
import { listPackets } from "./packets.ts";
import type { ListedPacket } from "./packets.ts";
import { startProcess } from "./process.ts";
import type { RunResult } from "./process.ts";

/** Sources of a pipeline that ends in `flvmux name=mux`. */
const LIVE_SOURCES = {
  video: [
    ...[
      "videotestsrc",
      "is-live=true",
      "num-buffers=75",
      "!",
      "video/x-raw,width=320,height=180,framerate=25/1",
    ],
    ...["!", "x264enc", "tune=zerolatency", "speed-preset=ultrafast", "key-int-max=25", "!", "mux.video"],
  ],
  audio: [
    ...["audiotestsrc", "is-live=true", "wave=white-noise", "num-buffers=130"],
    ...["!", "audio/x-raw,rate=44100,channels=2", "!", "voaacenc", "!", "mux.audio"],
  ],
} as const;

/** What a pipeline publishes: a clip, muxed anew, or one live track that it encodes. */
export type GstSource = { readonly clip: ClipName } | { readonly encodes: keyof typeof LIVE_SOURCES };

/** A pipeline that publishes. */
export interface GstPublisher extends AsyncDisposable {
  /** Settles when it has sent everything. */
  readonly result: Promise<RunResult>;
  /** After the end: the packets that its muxer made, from a file written beside. */
  sent(): Promise<ListedPacket[]>;
}

/**
 * Publishes with GStreamer, in real time.
 *
 * @param options `sink`: the element that speaks RTMP.
 */
export async function publishWithGst(
  source: GstSource,
  url: string,
  options: { sink: "rtmp2sink" | "rtmpsink" },
): Promise<GstPublisher> {
  const path = await Deno.makeTempFile({ prefix: "crtmp-gst-", suffix: ".flv" });
  const inputs = "clip" in source
    ? [
      ...["filesrc", `location=${await makeClip(source.clip)}`, "!", "flvdemux", "name=demux"],
      ...["demux.video", "!", "queue", "!", "mux.video", "demux.audio", "!", "queue", "!", "mux.audio"],
    ]
    : LIVE_SOURCES[source.encodes];
  const process = startPipeline([
    ...["flvmux", "name=mux", "streamable=true", "!", "tee", "name=tee"],
    ...["tee.", "!", ...UNBOUNDED_QUEUE, "!", "filesink", `location=${path}`],
    ...[
      "tee.",
      "!",
      ...UNBOUNDED_QUEUE,
      "!",
      options.sink,
      `location=${locationFor(options.sink, url)}`,
      "sync=true",
    ],
    ...inputs,
  ]);
  return {
    result: process.result,
    sent: () => listPackets(path),
    async [Symbol.asyncDispose]() {
      await process[Symbol.asyncDispose]();
      await Deno.remove(path);
    },
  };
}

/** A pipeline that plays into a file. */
export interface GstPlayer extends AsyncDisposable {
  /** Waits for its end, which comes with the publisher's; returns the packets it got. */
  ended(): Promise<ListedPacket[]>;
}

/** Plays with GStreamer; over HTTP through its FLV demuxer and muxer. */
export async function playWithGst(
  url: string,
  options: { source: "rtmp2src" | "rtmpsrc" | "souphttpsrc" },
): Promise<GstPlayer> {
  const path = await Deno.makeTempFile({ prefix: "crtmp-gst-", suffix: ".flv" });
  const remuxed = [
    ...["!", "flvdemux", "name=demux", "flvmux", "name=mux", "streamable=true"],
    ...["demux.video", "!", "queue", "!", "mux.video", "demux.audio", "!", "queue", "!", "mux.audio", "mux."],
  ];
  const process = startPipeline([
    ...[options.source, `location=${locationFor(options.source, url)}`],
    ...options.source === "souphttpsrc" ? remuxed : [],
    ...["!", "filesink", `location=${path}`],
  ]);
  return {
    async ended() {
      const result = await process.result;
      if (result.timedOut) throw new Error(`${options.source} did not end: ${result.stderr.slice(-1_000)}`);
      return await listPackets(path);
    },
    async [Symbol.asyncDispose]() {
      await process[Symbol.asyncDispose]();
      await Deno.remove(path);
    },
  };
}

const UNBOUNDED_QUEUE = ["queue", "max-size-time=0", "max-size-bytes=0", "max-size-buffers=0"];

function startPipeline(args: readonly string[]) {
  return startProcess("gst-launch-1.0", { args: ["-q", ...args], timeoutMs: 25_000 });
}

/** The elements on librtmp take its options behind the URL. */
function locationFor(element: string, url: string): string {
  return element === "rtmpsink" || element === "rtmpsrc" ? `${url} live=1` : url;
}
