/**
 * A program for a network that loses datagrams: the server, with ffmpeg publishing and playing over RTSP and UDP, and
 * what came through as JSON.
 *
 * @module
 */

import { FlvTagReader } from "#mediaformats/flv";
import { makeClip } from "./media.ts";
import { runProcess } from "./process.ts";
import { listen } from "./rtsp_viewer.ts";
import { TestServer } from "./server.ts";
import { waitFor } from "./wait.ts";

/** What one viewer saw. */
export interface LossyView {
  /** Hashes of the pictures, in the order they came; none where the viewer does not say. */
  readonly hashes: readonly string[];
  /** Time of each picture, in ms. */
  readonly timesMs: readonly number[];
  /** How far behind its time each picture came, in ms, from any origin. */
  readonly lagsMs: readonly number[];
}

/** What came through. */
export interface LossyOutcome {
  /** What the server said of the publisher at its end. */
  readonly publisher: string;
  /** Published over a network that loses, watched over one that does not. */
  readonly overHttp: LossyView;
  /** Published and played over a network that loses. */
  readonly overUdp: LossyView;
  /** Where a second such player, which decodes, saw the picture stand still. */
  readonly freezes: readonly string[];
}

/** Datagrams are small, so that as many are sent, and lost, as in a stream of a few Mbit/s. */
const PUBLISHED_BYTES = 300;
/** ffmpeg waits no longer than this for a packet that may have been overtaken, in us. */
const PLAYER = ["-rtsp_transport", "udp", "-max_delay", "100000"];
/** The picture moves all the time. */
const FREEZE = "freezedetect=noise=0.0001:duration=0.4";

/** Watches as FLV over HTTP. */
async function watchHttp(url: string): Promise<LossyView> {
  const view = { hashes: [], timesMs: [] as number[], lagsMs: [] as number[] };
  const reader = new FlvTagReader();
  const response = await fetch(url);
  for await (const bytes of response.body!) {
    for (const { tagType, timestampMs } of reader.push(bytes)) {
      if (tagType !== 9) continue;
      view.timesMs.push(timestampMs);
      view.lagsMs.push(performance.now() - timestampMs);
    }
  }
  return view;
}

/** Plays with ffmpeg over UDP. */
async function watchUdp(url: string): Promise<LossyView> {
  const view = { hashes: [] as string[], timesMs: [] as number[], lagsMs: [] as number[] };
  await using player = listen([...PLAYER, "-i", url]);
  let hasEnded = false;
  const ended = player.result.finally(() => hasEnded = true);
  for (let at = 0; !hasEnded;) {
    const end = player.stdoutText.lastIndexOf("\n");
    for (const line of player.stdoutText.slice(at, Math.max(at, end)).split("\n")) {
      const [stream, , ptsTicks, , , hash] = line.split(",").map((column) => column.trim());
      // the first has no time, which ffmpeg writes as one long ago
      if (stream !== "0" || hash === undefined || Number(ptsTicks) < 0) continue;
      const timeMs = Number(ptsTicks) / 90;
      view.hashes.push(hash);
      view.timesMs.push(timeMs);
      view.lagsMs.push(performance.now() - timeMs);
    }
    at = Math.max(at, end);
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 5))]);
  }
  return view;
}

/** Decodes with ffmpeg over UDP. */
async function listFreezes(url: string): Promise<string[]> {
  const { stderr } = await runProcess("ffmpeg", {
    args: ["-hide_banner", "-nostdin", ...PLAYER, "-i", url, "-vf", FREEZE, "-an", "-f", "null", "-"],
  });
  return stderr.split("\n").filter((line) => /freeze_start|^video:0kB/.test(line));
}

async function run(): Promise<LossyOutcome> {
  await using server = await TestServer.start();
  const url = server.rtspUrl("live/film");
  const publishing = runProcess("ffmpeg", {
    args: [
      ...["-v", "error", "-nostdin", "-re", "-i", await makeClip("film"), "-map", "0:v", "-map", "0:a"],
      ...["-c", "copy", "-f", "rtsp", "-rtsp_transport", "udp", "-pkt_size", String(PUBLISHED_BYTES), url],
    ],
    timeoutMs: 20_000,
  });
  await waitFor(() => server.log.includes("live/film: publishing"), { what: "the publisher" });
  const [overHttp, overUdp, freezes] = await Promise.all([
    watchHttp(server.httpUrl("live/film.flv")),
    watchUdp(url),
    listFreezes(url),
    publishing,
  ]);
  const said = () => server.logLines("live/film: stopped publishing")[0];
  await waitFor(() => said() !== undefined, { what: "the end of the publisher" });
  return { publisher: said()!, overHttp, overUdp, freezes };
}

if (import.meta.main) console.log(JSON.stringify(await run()));
