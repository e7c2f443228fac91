/**
 * Measures what players of media files cost: many of them, each with a file of its own, over RTMP or as FLV over HTTP.
 *
 * ```sh
 * deno run -A tests/bench/vod_load.ts FILE [PLAYERS=200] [SECONDS=20] [PROTOCOL=rtmp]
 * ```
 *
 * The files are links to FILE, so they come from the page cache. The server runs as its own process; on Linux,
 * `taskset` keeps it on the first core and the players on the second. Prints one line.
 */
import { RawConnection, RtmpClient } from "../helpers/rtmp_client.ts";
import { processorMs, residentBytes } from "../helpers/process.ts";
import { TestServer } from "../helpers/server.ts";
import { delay } from "../helpers/wait.ts";
import { pin } from "./_load.ts";

interface LoadPlayer extends AsyncDisposable {
  readonly bytes: () => number;
}

/** Players that count what they get and keep nothing, by protocol. */
const PLAYERS: Readonly<Record<string, (server: TestServer, name: string) => Promise<LoadPlayer>>> = {
  rtmp: async (server, name) => {
    const client = await RtmpClient.play(server.rtmpPort, "vod", name);
    client.raw.onBytes = () => {};
    return {
      bytes: () => client.raw.receivedBytes,
      [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
    };
  },
  http: async (server, name) => {
    const { port } = new URL(server.httpUrl(""));
    const connection = await RawConnection.open(Number(port));
    connection.onBytes = () => {};
    await connection.send(
      new TextEncoder().encode(`GET /vod/${name}.flv HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`),
    );
    return {
      bytes: () => connection.receivedBytes,
      [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
    };
  },
};

interface Load {
  readonly file: string;
  readonly players: number;
  readonly seconds: number;
  readonly protocol: string;
}

async function measure({ file, players, seconds, protocol }: Load): Promise<string> {
  const startPlayer = PLAYERS[protocol];
  if (startPlayer === undefined) throw new Error(`Cannot measure: "${protocol}" is none of rtmp, http`);
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
      Array.from({ length: players }, (_, number) => startPlayer(server, `${number}.${extension}`)),
    );
    await delay(8_000);
    const before = { ms: processorMs(server.pid), bytes: started.map(({ bytes }) => bytes()) };
    await delay(seconds * 1_000);
    const usedMs = processorMs(server.pid) - before.ms;
    const rates = started.map(({ bytes }, at) => (bytes() - before.bytes[at]!) * 8 / seconds / 1e6);
    const perPlayer = (residentBytes(server.pid) - idleBytes) / players;
    for (const player of started) await player[Symbol.asyncDispose]();
    const rate = (value: number) => value.toFixed(2);
    return `${players} players of ${extension} over ${protocol}: ${rate(Math.min(...rates))} to ${
      rate(Math.max(...rates))
    } Mbit/s each, ` +
      `${(usedMs / seconds / 10).toFixed(1)} % of a core, ${Math.round(perPlayer / 1024)} KB a player`;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  const [file, players = "200", seconds = "20", protocol = "rtmp"] = Deno.args;
  if (file === undefined) throw new Error("Cannot measure: name a file that plays longer than the load");
  console.log(await measure({ file, players: Number(players), seconds: Number(seconds), protocol }));
}
