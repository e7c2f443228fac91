/**
 * FFmpeg 8 as a library, in a process of its own: publishes and lists what Debian's ffmpeg cannot, HEVC, AV1
 * and Opus over Enhanced RTMP.
 *
 * ```sh
 * deno run --allow-all --no-config --no-lock --node-modules-dir=none ffmpeg8_peer.ts list URL
 * deno run --allow-all --no-config --no-lock --node-modules-dir=none ffmpeg8_peer.ts publish FILE URL
 * ```
 *
 * The package brings 200 MB, so that it stays out of the project's own dependencies: it is named here alone,
 * and read at run time.
 *
 * @module
 */

import { createHash } from "node:crypto";

/** In a variable, so that no check of the project resolves it. */
const LIBRARY = "npm:node-av@6.1.1";
/** FourCCs announced in `connect`: the option `rtmp_enhanced_codecs`. */
const ENHANCED_CODECS = "hvc1,av01,vp09";

/** Kinds of media by FFmpeg's number. */
const KINDS = ["video", "audio"];

interface Rational {
  readonly num: number;
  readonly den: number;
}

interface LibraryPacket {
  readonly streamIndex: number;
  readonly dts: bigint;
  readonly pts: bigint;
  readonly size: number;
  readonly isKeyframe: boolean;
  readonly data: Uint8Array | null;
  free(): void;
}

interface LibraryStream {
  readonly index: number;
  readonly timeBase: Rational;
  /** An index of `KINDS`, or another for script data. */
  readonly codecpar: { readonly codecType: number };
}

interface Library {
  readonly Demuxer: {
    open(input: string, options?: { options: Record<string, string> }): Promise<{
      readonly streams: readonly LibraryStream[];
      packets(): AsyncIterable<LibraryPacket | null>;
      close(): Promise<void>;
    }>;
  };
  readonly Muxer: {
    open(output: string, options: { format: string }): Promise<{
      addStream(stream: LibraryStream): number;
      writePacket(packet: LibraryPacket, streamIndex: number): Promise<void>;
      close(): Promise<void>;
    }>;
  };
}

const { Demuxer, Muxer } = await import(LIBRARY) as Library;

/** Prints one line of JSON a packet, as `ListedPacket`. */
async function list(input: string, isEnhanced: boolean): Promise<void> {
  const options = isEnhanced ? { rtmp_enhanced_codecs: ENHANCED_CODECS } : {};
  const demuxer = await Demuxer.open(input, { options });
  const streams = demuxer.streams;
  for await (const packet of demuxer.packets()) {
    if (packet === null) break;
    const stream = streams[packet.streamIndex];
    const kind = KINDS[stream?.codecpar.codecType ?? -1];
    if (stream === undefined || kind === undefined) continue;
    // FFmpeg tells a channel layout that came in a message of its own by a packet without data
    if (packet.size === 0) continue;
    const ofKind = streams.filter(({ codecpar }) => KINDS[codecpar.codecType] === kind);
    console.log(JSON.stringify({
      kind,
      track: ofKind.indexOf(stream),
      dtsMs: Math.round(millisecondsOf(packet.dts, stream.timeBase)),
      ptsMs: Math.round(millisecondsOf(packet.pts, stream.timeBase)),
      sizeBytes: packet.size,
      isKeyFrame: packet.isKeyframe,
      hash: createHash("md5").update(packet.data ?? new Uint8Array(0)).digest("hex"),
    }));
    packet.free();
  }
  await demuxer.close();
}

/** Sends a file as FLV as time passes; to a file, as fast as possible. */
async function publish(input: string, output: string): Promise<void> {
  const demuxer = await Demuxer.open(input);
  const muxer = await Muxer.open(output, { format: "flv" });
  const outputs = demuxer.streams.map((stream) => muxer.addStream(stream));
  const isRealTime = output.includes("://");
  const startMs = performance.now();
  for await (const packet of demuxer.packets()) {
    if (packet === null) break;
    const dueMs = millisecondsOf(packet.dts, demuxer.streams[packet.streamIndex]!.timeBase);
    const waitMs = dueMs - (performance.now() - startMs);
    if (isRealTime && waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    await muxer.writePacket(packet, outputs[packet.streamIndex]!);
    packet.free();
  }
  await muxer.close();
  await demuxer.close();
}

function millisecondsOf(ticks: bigint, timeBase: Rational): number {
  return Number(ticks) * 1_000 * timeBase.num / timeBase.den;
}

const [mode, input = "", output = ""] = Deno.args;
if (mode === "publish") await publish(input, output);
else if (mode !== "probe") await list(input, mode === "list");
