/**
 * A browser that plays FLV with mpegts.js: headless Chromium on a page of the test's own, which reports back.
 *
 * The page comes from another port than the stream, so that the server's CORS headers count.
 *
 * @module
 */

import { createRequire } from "node:module";
import { startProcess } from "./process.ts";
import type { RunningProcess } from "./process.ts";
import { waitFor } from "./wait.ts";

/** What the page sees of its video. */
export interface PlaybackReport {
  /** Position, in s. */
  readonly currentTime: number;
  /** In pixels; 0 before the first picture. */
  readonly width: number;
  /** Decoded pictures. */
  readonly frames: number;
  /** What mpegts.js or the video element complained of. */
  readonly errors: readonly string[];
}

const PAGE = `<!doctype html><meta charset="utf-8"><video muted autoplay></video>
<script src="/mpegts.js"></script><script>
const errors = [];
addEventListener("error", (event) => errors.push("page: " + event.message));
const video = document.querySelector("video");
video.addEventListener("error", () => errors.push("video: " + video.error?.message));
const parameters = new URLSearchParams(location.search);
const url = parameters.get("url");
const way = parameters.get("way");
function playFile() {
  video.src = url;
  const seek = Number(parameters.get("seek"));
  if (seek > 0) video.addEventListener("loadedmetadata", () => video.currentTime = seek);
}
function playSource() {
  const source = new MediaSource();
  video.src = URL.createObjectURL(source);
  source.addEventListener("sourceopen", async () => {
    const buffer = source.addSourceBuffer(parameters.get("type"));
    buffer.addEventListener("error", () => errors.push("source buffer"));
    buffer.appendBuffer(await (await fetch(url)).arrayBuffer());
    buffer.addEventListener("updateend", () => source.readyState === "open" && source.endOfStream());
  });
}
if (way === "file") playFile();
else if (way === "source") playSource();
else playFlv();
function playFlv() {
const player = mpegts.createPlayer({ type: "flv", isLive: true, url }, { enableStashBuffer: false });
player.on(mpegts.Events.ERROR, (type, detail, info) => errors.push([type, detail, info?.msg].join(" ")));
player.attachMediaElement(video);
player.load();
player.play()?.catch?.((error) => errors.push("play: " + error));
}
setInterval(() => fetch("/report", { method: "POST", body: JSON.stringify({
  currentTime: video.currentTime,
  width: video.videoWidth,
  frames: video.getVideoPlaybackQuality().totalVideoFrames,
  errors,
}) }), 200);
</script>`;

const CHROMIUM_ARGS = [
  ...["--headless=new", "--no-sandbox", "--disable-gpu", "--mute-audio", "--no-first-run"],
  ...["--disable-extensions", "--disable-background-networking", "--disable-component-update"],
  ...["--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required"],
];

/** How a page plays. */
export interface BrowserOptions {
  /** With mpegts.js, as the source of the video, or appended to a source buffer. @default {"flv"} */
  readonly way?: "flv" | "file" | "source";
  /** Where a file is played from, in s. @default {0} */
  readonly seek?: number;
  /** MIME type with codecs, of a source buffer. */
  readonly type?: string;
}

/** A page that plays one stream. */
export class BrowserPlayer implements AsyncDisposable {
  readonly #web: Deno.HttpServer;
  readonly #chromium: RunningProcess;
  readonly #profile: string;
  #report: PlaybackReport = { currentTime: 0, width: 0, frames: 0, errors: [] };

  private constructor(parts: { web: Deno.HttpServer; chromium: RunningProcess; profile: string }) {
    this.#web = parts.web;
    this.#chromium = parts.chromium;
    this.#profile = parts.profile;
  }

  /** Opens the page on `url`: `http://...flv` or `ws://...flv`, or a file for the browser itself. */
  static async open(url: string, options: BrowserOptions = {}): Promise<BrowserPlayer> {
    const library = await Deno.readFile(createRequire(import.meta.url).resolve("mpegts.js"));
    const holder: { player?: BrowserPlayer } = {};
    const web = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/mpegts.js") {
        return new Response(library, { headers: { "content-type": "text/javascript" } });
      }
      if (pathname === "/report" && holder.player !== undefined) {
        holder.player.#report = await request.json() as PlaybackReport;
      }
      return new Response(PAGE, { headers: { "content-type": "text/html" } });
    });
    const profile = await Deno.makeTempDir({ prefix: "crtmp-chromium-" });
    const query = new URLSearchParams({ url });
    for (const [name, value] of Object.entries(options)) query.set(name, String(value));
    const page = `http://127.0.0.1:${web.addr.port}/?${query}`;
    const chromium = startProcess("chromium", {
      args: [...CHROMIUM_ARGS, `--user-data-dir=${profile}`, page],
      timeoutMs: 60_000,
    });
    return holder.player = new BrowserPlayer({ web, chromium, profile });
  }

  /** What the page reported last. */
  get report(): PlaybackReport {
    return this.#report;
  }

  /** Waits until the video shows pictures and its position passes `seconds` from now on. */
  async waitPlaying(seconds: number): Promise<PlaybackReport> {
    let startTime: number | undefined;
    return await waitFor(() => {
      const { currentTime, width, frames, errors } = this.#report;
      if (errors.length > 0) throw new Error(`The browser complains: ${errors.join("; ")}`);
      if (width === 0 || frames === 0) return false;
      startTime ??= currentTime;
      return currentTime >= startTime + seconds && this.#report;
    }, { what: `a video that plays: ${JSON.stringify(this.#report)}`, timeoutMs: 25_000 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#chromium.kill("SIGTERM");
    await this.#chromium.result;
    await this.#web.shutdown();
    await Deno.remove(this.#profile, { recursive: true });
  }
}
