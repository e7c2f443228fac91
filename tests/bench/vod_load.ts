/**
 * Measures what players of media files cost: many of them, each with a file of its own, over RTMP.
 *
 * ```sh
 * deno run -A tests/bench/vod_load.ts FILE [PLAYERS=200] [SECONDS=20]
 * ```
 *
 * The files are links to FILE, so they come from the page cache. The server runs as its own process; on Linux,
 * `taskset` keeps it on the first core and the players on the second. Prints one line.
 */
import { RtmpClient } from "../helpers/rtmp_client.ts";
import { processorMs, residentBytes, runProcess } from "../helpers/process.ts";
import { TestServer } from "../helpers/server.ts";
import { delay } from "../helpers/wait.ts";

/** A player that counts what it gets and keeps nothing. */
async function startPlayer(port: number, name: string): Promise<{ client: RtmpClient; bytes: () => number }> {
  const client = await RtmpClient.play(port, "vod", name);
  client.raw.onBytes = () => {};
  return { client, bytes: () => client.raw.receivedBytes };
}

async function pin(pid: number, core: number): Promise<void> {
  await runProcess("taskset", { args: ["-a", "-p", "-c", `${core}`, `${pid}`] }).catch(() => {});
}

async function measure(file: string, options: { players: number; seconds: number }): Promise<string> {
  const { players, seconds } = options;
  const folder = await Deno.makeTempDir({ prefix: "crtmp-load-" });
  const extension = file.slice(file.lastIndexOf(".") + 1);
  try {
    await Deno.copyFile(file, `${folder}/0.${extension}`);
    await Deno.utime(`${folder}/0.${extension}`, 1_000, 1_000);
    for (let number = 1; number < players; number++) {
      await Deno.link(`${folder}/0.${extension}`, `${folder}/${number}.${extension}`);
    }
    const buffer = "applications.flvplayback.mediaStorage.clientSideBuffer=5";
    await using server = await TestServer.start({ args: ["--media", folder, "--set", buffer] });
    await pin(server.pid, 0);
    await pin(Deno.pid, 1);
    const idleBytes = residentBytes(server.pid);
    const started = await Promise.all(
      Array.from({ length: players }, (_, number) => startPlayer(server.rtmpPort, `${number}.${extension}`)),
    );
    await delay(8_000);
    const before = { ms: processorMs(server.pid), bytes: started.map(({ bytes }) => bytes()) };
    await delay(seconds * 1_000);
    const usedMs = processorMs(server.pid) - before.ms;
    const rates = started.map(({ bytes }, at) => (bytes() - before.bytes[at]!) * 8 / seconds / 1e6);
    const perPlayer = (residentBytes(server.pid) - idleBytes) / players;
    for (const { client } of started) await client[Symbol.asyncDispose]();
    const rate = (value: number) => value.toFixed(2);
    return `${players} players of ${extension}: ${rate(Math.min(...rates))} to ${
      rate(Math.max(...rates))
    } Mbit/s each, ` +
      `${(usedMs / seconds / 10).toFixed(1)} % of a core, ${Math.round(perPlayer / 1024)} KB a player`;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  const [file, players = "200", seconds = "20"] = Deno.args;
  if (file === undefined) throw new Error("Cannot measure: name a file that plays longer than the load");
  console.log(await measure(file, { players: Number(players), seconds: Number(seconds) }));
}
