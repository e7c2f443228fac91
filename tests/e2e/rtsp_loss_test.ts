/** RTSP publishers over networks that lose, delay and reorder datagrams: what players see of it. */
import assert from "node:assert/strict";
import { comparePackets } from "../helpers/compare.ts";
import { FlvTagReader } from "#mediaformats/flv";
import { makeClip } from "../helpers/media.ts";
import { readPackets, unitsOf } from "../helpers/media_units.ts";
import { publishRtsp } from "../helpers/rtsp_peer.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { type NetworkFaults, UdpRelay } from "../helpers/udp_relay.ts";
import { delay, waitFor } from "../helpers/wait.ts";

/** Networks, and what must come through them. */
const NETWORKS: readonly {
  readonly name: string;
  readonly faults: NetworkFaults;
  /** Least part of the pictures that come whole; 1 for all of them, and their sound. */
  readonly wholeShare: number;
}[] = [
  { name: "perfect", faults: {}, wholeShare: 1 },
  { name: "reordering", faults: { jitterMs: 30 }, wholeShare: 1 },
  { name: "late", faults: { jitterMs: 150 }, wholeShare: 1 },
  { name: "losing", faults: { lossShare: 0.01, jitterMs: 30 }, wholeShare: 0.95 },
  { name: "bad", faults: { lossShare: 0.1, jitterMs: 60 }, wholeShare: 0.5 },
];

/** Longest time without a picture, in ms: five of them. */
const LONGEST_GAP_MS = 240;
/** What the delay may grow by over a stream, in ms: late packets are waited for at most so long. */
const LONGEST_GROWTH_MS = 200;

/** Watches as FLV over HTTP, and notes how far behind its time each picture comes, in ms. */
async function watchLags(url: string, path: string): Promise<number[]> {
  const response = await fetch(url);
  assert.equal(response.status, 200);
  const file = await Deno.create(path);
  const reader = new FlvTagReader();
  const lags: number[] = [];
  for await (const bytes of response.body!) {
    await file.write(bytes);
    for (const { tagType, timestampMs } of reader.push(bytes)) {
      if (tagType === 9) lags.push(performance.now() - timestampMs);
    }
  }
  file.close();
  return lags;
}

e2e(
  "pictures go on over networks that lose and reorder, and come no later in the end than at the start",
  { tools: ["ffmpeg"] },
  async (context) => {
    await using server = await TestServer.start({
      config: ({ rtmp, http, rtsp }) =>
        `[[applications]]\nname = "flvplayback"\naliases = ["live"]\n` +
        `[[applications.acceptors]]\nip = "127.0.0.1"\nport = ${rtmp}\n` +
        `[[applications.acceptors]]\nip = "127.0.0.1"\nport = ${rtsp}\nprotocol = "inboundRtsp"\n` +
        `[web]\nip = "127.0.0.1"\nport = ${http}\nwaitForStreamMs = 10000\n`,
    });
    const folder = await Deno.makeTempDir({ prefix: "crtmp-loss-" });
    try {
      const clip = await readPackets(await makeClip("film"));
      const sent = await unitsOf(clip);
      const runs = await Promise.all(NETWORKS.map(async (network, seed) => {
        const { name, faults } = network;
        const relays: UdpRelay[] = [];
        const watched = watchLags(server.httpUrl(`live/${name}.flv`), `${folder}/${name}.flv`);
        await delay(100);
        await publishRtsp(server.rtspUrl(`live/${name}`), clip, {
          pathTo(port) {
            const relay = new UdpRelay(port, { ...faults, seed });
            relays.push(relay);
            return relay.port;
          },
        });
        const lags = await watched;
        for (const relay of relays) relay[Symbol.dispose]();
        const got = await unitsOf(await readPackets(`${folder}/${name}.flv`));
        const count = (what: "lost" | "overtaken") =>
          relays.reduce((sum, { statistics }) => sum + statistics[what], 0);
        return { ...network, lags, got, lost: count("lost"), overtaken: count("overtaken") };
      }));
      for (const { name, faults, wholeShare, lags, got, lost, overtaken } of runs) {
        await context.step(`${name}: ${lost} lost, ${overtaken} overtaken`, () => {
          if (faults.jitterMs !== undefined) assert.ok(overtaken > 20, "it is no such network");
          const pictures = got.filter(({ kind }) => kind === "video");
          if (wholeShare === 1) {
            const { differences } = comparePackets(sent, got, {
              fromStart: "video",
              toleranceMs: 2,
              ignoresDts: true,
            });
            assert.deepEqual(differences, []);
          } else {
            const hashes = new Set(sent.map(({ hash }) => hash));
            const whole = got.filter(({ hash }) => hashes.has(hash)).length;
            assert.ok(whole >= sent.length * wholeShare, `${whole} of ${sent.length} units came whole`);
          }
          const gaps = pictures.slice(1).map(({ dtsMs }, at) => dtsMs - pictures[at]!.dtsMs);
          assert.ok(Math.max(...gaps) <= LONGEST_GAP_MS, `no picture for ${Math.max(...gaps)} ms`);
          const growth = mean(lags.slice(-25)) - mean(lags.slice(0, 25));
          assert.ok(growth <= LONGEST_GROWTH_MS, `in the end pictures come ${growth} ms later`);
        });
      }
      const said = (name: string) => server.logLines(`live/${name}: stopped publishing`).join("");
      await waitFor(() => NETWORKS.every(({ name }) => said(name) !== ""), {
        what: "the ends of all publishers",
      });
      assert.match(said("losing"), /[1-9]\d* RTP packets lost, /);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
