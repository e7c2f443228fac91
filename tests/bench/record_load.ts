/**
 * Measures what recording adds to the cost of publishers: many of them, each recorded into a file of its own.
 *
 * ```sh
 * deno run -A tests/bench/record_load.ts FILE.flv [FORMAT=flv] [STREAMS=50] [SECONDS=15] [TURNS=3]
 * ```
 *
 * The publishers send FILE in real time, which must play for SECONDS and ten more. The server runs as its own
 * process; on Linux, `taskset` keeps it on the first core and the publishers on the second. Turns with and without
 * recording alternate; the medians are printed.
 */
import { readFlv, type ReadTag } from "../helpers/flv_tags.ts";
import { processorMs } from "../helpers/process.ts";
import { RtmpClient } from "../helpers/rtmp_client.ts";
import { TestServer } from "../helpers/server.ts";
import { delay } from "../helpers/wait.ts";
import { pin, publish } from "./_load.ts";

/** Before the measurement: connections, first files, code that gets warm. */
const WARM_UP_MS = 8_000;

interface Load {
  readonly tags: readonly ReadTag[];
  readonly streams: number;
  readonly seconds: number;
}

/** Part of a core that the server takes, in percent. */
async function measure(load: Load, format: string | undefined): Promise<number> {
  const folder = await Deno.makeTempDir({ prefix: "crtmp-load-" });
  const stop = new AbortController();
  try {
    const settings = [
      ...(format === undefined ? [] : ["recording.automatic=true", `recording.format="${format}"`]),
      `mediaStorage.recordedStreamsStorage="${folder}"`,
    ];
    const args = settings.flatMap((setting) => ["--set", `applications.flvplayback.${setting}`]);
    await using server = await TestServer.start({ args });
    await pin(server.pid, 0);
    await pin(Deno.pid, 1);
    const clients = await Promise.all(
      Array.from({ length: load.streams }, (_, at) => RtmpClient.publish(server.rtmpPort, "live", `s${at}`)),
    );
    const publishing = clients.map((client) => publish(client, load.tags, stop.signal));
    await delay(WARM_UP_MS);
    const beforeMs = processorMs(server.pid);
    await delay(load.seconds * 1_000);
    const usedMs = processorMs(server.pid) - beforeMs;
    stop.abort();
    await Promise.all(publishing);
    for (const client of clients) await client[Symbol.asyncDispose]();
    return usedMs / load.seconds / 10;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

if (import.meta.main) {
  const [file, format = "flv", streams = "50", seconds = "15", turns = "3"] = Deno.args;
  if (file === undefined) throw new Error("Cannot measure: name an FLV file that plays longer than the load");
  const { tags } = readFlv(await Deno.readFile(file));
  const load = { tags, streams: Number(streams), seconds: Number(seconds) };
  const plain: number[] = [];
  const recorded: number[] = [];
  for (let turn = 0; turn < Number(turns); turn++) {
    plain.push(await measure(load, undefined));
    recorded.push(await measure(load, format));
  }
  const [off, on] = [median(plain), median(recorded)];
  console.log(
    `${streams} streams: ${off.toFixed(1)} % of a core, recorded in ${format} ${on.toFixed(1)} %: ` +
      `${((on / off - 1) * 100).toFixed(0)} % more`,
  );
}
