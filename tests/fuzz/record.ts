/**
 * Records what real clients send, as the sessions that the fuzz driver mutates.
 *
 * ```sh
 * deno run --allow-all tests/fuzz/record.ts
 * ```
 *
 * Each client talks to the server through a proxy that keeps the client's bytes, up to a bound.
 *
 * @module
 */

import { makeClip } from "../helpers/media.ts";
import { publishClip, recordWithRtmpdump } from "../helpers/publishers.ts";
import { runProcess, runToSuccess, startProcess } from "../helpers/process.ts";
import { TestServer } from "../helpers/server.ts";
import { delay } from "../helpers/wait.ts";
import { SESSIONS } from "./sessions.ts";

/** Most bytes kept of one session: small inputs are mutated faster. */
const MAX_SESSION_BYTES = 24_000;
const FLV_BYTES = 20_000;
const TINY_PICTURE = ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=10"];
const TINY_SOUND = [
  "-f",
  "lavfi",
  "-i",
  "anoisesrc=sample_rate=48000:amplitude=0.1",
  "-t",
  "1",
  "-pix_fmt",
  "yuv420p",
];
/** Transport streams of some kilobytes, by name. */
const TS_STREAMS: Readonly<Record<string, readonly string[]>> = {
  "mpegts-latm": [
    ...[...TINY_PICTURE, ...TINY_SOUND, "-c:v", "libx264", "-g", "5", "-b:v", "30k"],
    ...["-c:a", "aac", "-b:a", "16k", "-mpegts_flags", "latm"],
  ],
  "mpegts-hevc": [
    ...[...TINY_PICTURE, ...TINY_SOUND, "-c:v", "libx265", "-x265-params", "log-level=none:keyint=5"],
    ...["-c:a", "libopus", "-b:a", "16k"],
  ],
};

/** Matroska of some kilobytes, by name: arguments of ffmpeg, then of mkvmerge where it writes the file anew. */
const MKV_FILES: Readonly<Record<string, { args: readonly string[]; merge?: readonly string[] }>> = {
  "mkv-live": {
    args: [
      ...[...TINY_PICTURE, ...TINY_SOUND, "-c:v", "libx264", "-g", "5", "-bf", "2", "-b:v", "20k"],
      ...["-c:a", "aac", "-b:a", "16k", "-f", "matroska", "-live", "1"],
    ],
  },
  "mkv-webm": {
    args: [
      ...[...TINY_PICTURE, ...TINY_SOUND, "-c:v", "libvpx", "-g", "5", "-b:v", "20k"],
      ...["-c:a", "libopus", "-b:a", "8k", "-metadata", "title=fuzz"],
      ...["-f", "webm", "-cluster_time_limit", "300"],
    ],
  },
  "mkv-laced": {
    args: [...TINY_SOUND, "-c:a", "libvorbis", "-ac", "1", "-q:a", "0", "-f", "matroska"],
    merge: ["--engage", "lacing_xiph", "--timestamp-scale", "1000000"],
  },
  "mkv-zlib": {
    args: [
      ...[...TINY_PICTURE, ...TINY_SOUND, "-c:v", "libx265", "-x265-params", "log-level=none:keyint=5"],
      ...["-c:a", "ac3", "-b:a", "32k", "-f", "matroska"],
    ],
    merge: ["--compression", "-1:zlib", "--engage", "lacing_ebml", "--engage", "no_simpleblocks"],
  },
};

async function writeMatroska(name: string, file: { args: readonly string[]; merge?: readonly string[] }) {
  const path = new URL(`${name}.bin`, SESSIONS).pathname;
  await runToSuccess("ffmpeg", { args: ["-v", "error", "-y", ...file.args, path] });
  if (file.merge === undefined) return;
  const merged = await Deno.makeTempFile();
  await runToSuccess("mkvmerge", { args: ["-q", "-o", merged, ...file.merge, path] });
  await Deno.copyFile(merged, path);
  await Deno.remove(merged);
}

/** What the files of MP4 have in common: a second of picture and sound, with reordered pictures and a tag. */
const MP4_FILM = [
  ...[...TINY_PICTURE, ...TINY_SOUND, "-c:v", "libx264", "-g", "5", "-bf", "2"],
  ...["-b:v", "20k", "-c:a", "aac", "-b:a", "16k", "-metadata", "title=fuzz"],
];

/** MP4 of some kilobytes, by name: arguments of ffmpeg. */
const MP4_FILES: Readonly<Record<string, readonly string[]>> = {
  "mp4-film": [...MP4_FILM, "-f", "mp4"],
  "mp4-cmaf": [...MP4_FILM, "-movflags", "cmaf+frag_keyframe", "-f", "mp4"],
  "mp4-late": [...MP4_FILM, "-output_ts_offset", "0.3", "-f", "mov"],
};

/** Passes one connection on to `targetPort` and keeps what the client sent. */
class RecordingProxy {
  readonly port: number;
  readonly #listener: Deno.TcpListener;
  readonly #parts: Uint8Array[] = [];

  constructor(targetPort: number) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = (this.#listener.addr as Deno.NetAddr).port;
    void this.#run(targetPort);
  }

  /** Ends, and writes the session as `name`. */
  async save(name: string): Promise<void> {
    this.#listener.close();
    const bytes = new Uint8Array(await new Blob(this.#parts as BlobPart[]).arrayBuffer());
    await Deno.writeFile(new URL(`${name}.bin`, SESSIONS), bytes.subarray(0, MAX_SESSION_BYTES));
    console.log(`${name}: ${bytes.length} bytes`);
  }

  async #run(targetPort: number): Promise<void> {
    const client = await this.#listener.accept();
    const server = await Deno.connect({ hostname: "127.0.0.1", port: targetPort });
    const keep = new TransformStream<Uint8Array, Uint8Array>({
      transform: (bytes, controller) => {
        this.#parts.push(bytes.slice());
        controller.enqueue(bytes);
      },
    });
    const quiet = (): void => {};
    client.readable.pipeThrough(keep).pipeTo(server.writable).catch(quiet);
    server.readable.pipeTo(client.writable).catch(quiet);
  }
}

if (import.meta.main) {
  await Deno.mkdir(SESSIONS, { recursive: true });
  const file = await Deno.readFile(await makeClip("film"));
  await Deno.writeFile(new URL("flv-film.bin", SESSIONS), file.subarray(0, FLV_BYTES));
  for (const [name, args] of Object.entries(TS_STREAMS)) {
    await runToSuccess("ffmpeg", {
      args: ["-v", "error", "-y", ...args, "-f", "mpegts", new URL(`${name}.bin`, SESSIONS).pathname],
    });
  }
  for (const [name, file] of Object.entries(MKV_FILES)) await writeMatroska(name, file);
  for (const [name, args] of Object.entries(MP4_FILES)) {
    await runToSuccess("ffmpeg", {
      args: ["-v", "error", "-y", ...args, new URL(`${name}.bin`, SESSIONS).pathname],
    });
  }
  await using server = await TestServer.start();
  const record = async (
    name: string,
    port: number,
    run: (port: number) => Promise<unknown>,
  ): Promise<void> => {
    const proxy = new RecordingProxy(port);
    await run(proxy.port);
    await proxy.save(name);
  };
  await using publisher = await publishClip("film", server.rtmpUrl("live/film"), {
    inputArgs: ["-stream_loop", "-1"],
  });
  await delay(1_500);
  const rtmp = (port: number, name: string): string => `rtmp://127.0.0.1:${port}/live/${name}`;
  await record("rtmp-publish-ffmpeg", server.rtmpPort, async (port) => {
    await using other = await publishClip("other", rtmp(port, "other?key=1"), { inputArgs: ["-t", "0.5"] });
    await other.result;
  });
  await record("rtmp-publish-audio", server.rtmpPort, async (port) => {
    await using other = await publishClip("audioOnly", rtmp(port, "audio"), { inputArgs: ["-t", "1"] });
    await other.result;
  });
  await record("rtmp-play-ffprobe", server.rtmpPort, async (port) => {
    await runProcess("ffprobe", { args: ["-v", "error", rtmp(port, "film")], timeoutMs: 10_000 });
  });
  await record("rtmp-play-rtmpdump", server.rtmpPort, async (port) => {
    await recordWithRtmpdump(rtmp(port, "film"), ["--stop", "2"]);
  });
  const web = (port: number): string => `http://127.0.0.1:${port}/live/film.flv`;
  await record("http-curl", server.httpPort, async (port) => {
    await runProcess("curl", { args: ["-s", "-m", "1", "-o", "/dev/null", web(port)] });
  });
  await record("http-ffprobe", server.httpPort, async (port) => {
    await runProcess("ffprobe", { args: ["-v", "error", web(port)], timeoutMs: 10_000 });
  });
  await record("http-chunked-curl", server.httpPort, async (port) => {
    const args = ["-s", "-H", "Transfer-Encoding: chunked", "-d", "hello world", `http://127.0.0.1:${port}/`];
    await startProcess("curl", { args, timeoutMs: 3_000 }).result;
  });
  publisher.kill();
}
