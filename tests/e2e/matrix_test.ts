/** Every input to every output, for each codec both can carry: access units by their hash, times within a tick. */
import assert from "node:assert/strict";
import { basename } from "node:path";
import { runCommand } from "#command";
import { saveBody } from "../helpers/access_units.ts";
import { comparePackets } from "../helpers/compare.ts";
import { type MatrixClip, matrixClips } from "../helpers/matrix_clips.ts";
import { readPackets, unitsOf } from "../helpers/media_units.ts";
import type { ListedPacket } from "../helpers/packets.ts";
import { encodeFlvHeader, encodeFlvTag, type FlvTagType } from "#mediaformats/flv";
import { concatBytes } from "#bytes";
import { readFlv } from "../helpers/flv_tags.ts";
import { sendTags } from "../helpers/replay.ts";
import { RtmpClient } from "../helpers/rtmp_client.ts";
import { publishRtsp, publishRtspTs, watchRtsp } from "../helpers/rtsp_peer.ts";
import { freePort, TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { delay, waitFor } from "../helpers/wait.ts";

/** What one stream of the matrix is published and played with. */
interface Cell {
  readonly server: TestServer;
  readonly clip: MatrixClip;
  readonly name: string;
  /** Of the acceptor of its own, where the input needs one. */
  readonly port: number;
  /** What it is played as, `APP/NAME`. */
  readonly path: string;
  /** For what is written. */
  readonly folder: string;
}

/** How a clip comes in. */
interface Input {
  readonly carries: (codec: string) => boolean;
  /** Protocol of an acceptor of its own. */
  readonly acceptor?: string;
  /** Outputs of a file that is played on demand; all of them where it is published. */
  readonly outputs?: readonly string[];
  /** Times of decoding are made anew. */
  readonly ignoresDts?: boolean;
  readonly send: (cell: Cell) => Promise<void>;
}

/** How a stream is looked at. */
interface Output {
  readonly carries: (codec: string) => boolean;
  /** Times of decoding are not sent. */
  readonly ignoresDts?: boolean;
  /** Begins to look; resolves when the player is there, with what it got when the stream has ended. */
  readonly watch: (cell: Cell) => Promise<() => Promise<ListedPacket[]>>;
}

/** Codecs that only RTP carries. */
const RTP_ONLY = ["lpcm", "g722"];
const inFlv = (codec: string) => !RTP_ONLY.includes(codec);
const inTs = (codec: string) => inFlv(codec) && !["av1", "vp9"].includes(codec);
const always = () => true;

const INPUTS: Readonly<Record<string, Input>> = {
  rtmp: {
    carries: inFlv,
    async send({ server, clip, name }) {
      await using client = await RtmpClient.publish(server.rtmpPort, "live", name);
      await client.setChunkSize(60_000);
      const startMs = performance.now();
      for (const tag of readFlv(clip.flv).tags) {
        await delay(Math.max(0, tag.timestamp - (performance.now() - startMs)));
        await sendTags(client, [tag]);
      }
    },
  },
  rtsp: {
    carries: always,
    ignoresDts: true,
    send: ({ server, clip, name }) => publishRtsp(server.rtspUrl(`live/${name}`), clip.packets),
  },
  rtspTs: {
    carries: inTs,
    send: ({ server, clip, name }) =>
      publishRtspTs(server.rtspUrl(`live/${name}`), paced(clip.ts, clip.durationMs, 1316)),
  },
  tcpTs: {
    carries: inTs,
    acceptor: "inboundTcpTs",
    send: (cell) => sendOverTcp(cell, cell.clip.ts),
  },
  udpTs: {
    carries: inTs,
    acceptor: "inboundUdpTs",
    async send({ clip, port }) {
      const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
      for await (const piece of paced(clip.ts, clip.durationMs, 1316)) {
        await socket.send(piece, { transport: "udp", hostname: "127.0.0.1", port });
      }
      socket.close();
    },
  },
  postTs: {
    carries: inTs,
    async send({ server, clip, name }) {
      const body = ReadableStream.from(paced(clip.ts, clip.durationMs, 2000));
      const answer = await fetch(server.httpUrl(`live/${name}.ts`), { method: "POST", body });
      assert.equal(answer.status, 200, await answer.text());
    },
  },
  liveFlv: {
    carries: inFlv,
    acceptor: "inboundLiveFlv",
    send: (cell) => sendOverTcp(cell, cell.clip.flv),
  },
  pushedFile: {
    carries: inFlv,
    async send({ server, clip, name }) {
      const said: string[] = [];
      const print = (line: string) => void said.push(line);
      const status = await runCommand([
        "push",
        clip.path,
        server.rtmpUrl(`live/${name}`),
        "--log-level=WARNING",
      ], {
        ...{ version: "0", loadApplications: () => Promise.resolve([]), print, printError: print },
      });
      assert.equal(status, 0, said.join("\n"));
    },
  },
  fileOnDemand: {
    carries: inFlv,
    outputs: ["rtmp", "flv", "rtsp"],
    ignoresDts: true,
    send: () => Promise.resolve(),
  },
};

const OUTPUTS: Readonly<Record<string, Output>> = {
  rtmp: {
    carries: inFlv,
    async watch({ server, clip, name, path: played, folder }) {
      const client = await RtmpClient.open(server.rtmpPort);
      const [app = "", file = ""] = played.split("/");
      await client.connect(app, { properties: { fourCcList: ["*"], capsEx: 14 } });
      await client.sendCommand("play", [null, file], await client.createStream());
      return async () => {
        await client.waitStatus(app === "vod" ? "NetStream.Play.Stop" : "NetStream.Play.UnpublishNotify");
        const isMissing = RTP_ONLY.some((codec) => clip.codecs.includes(codec));
        assert.equal(client.statusCodes().includes("NetStream.Play.NoSupportedTrackFound"), isMissing);
        const tags = client.media().map(({ messageTypeId, timestamp, payload }) =>
          encodeFlvTag({ tagType: messageTypeId as FlvTagType, timestampMs: timestamp, body: payload })
        );
        await client[Symbol.asyncDispose]();
        const path = `${folder}/${name}-rtmp.flv`;
        const header = encodeFlvHeader({ hasAudio: true, hasVideo: true });
        await Deno.writeFile(path, concatBytes([header, ...tags]));
        return await unitsOf(await readPackets(path));
      };
    },
  },
  flv: { carries: inFlv, watch: (cell) => watchBody(cell, "flv") },
  ts: { carries: inTs, watch: (cell) => watchBody(cell, "ts") },
  rtsp: {
    carries: always,
    ignoresDts: true,
    watch({ server, path }) {
      const view = watchRtsp(server.rtspUrl(path));
      view.catch(() => {});
      return Promise.resolve(async () => await unitsOf(await view));
    },
  },
  recording: {
    carries: inFlv,
    watch: ({ server, name, folder }) =>
      Promise.resolve(async () => {
        const open = () => server.logLines(`${name}: recording to`).length;
        await waitFor(() => open() > 0 && server.logLines(`${name}: recorded`).length === open(), {
          what: "the recording",
        });
        // a change of parameter sets begins another file
        const files = server.logLines(`${name}: recorded`).map((line) => /: recorded (\S+):/.exec(line)![1]!);
        const units: ListedPacket[] = [];
        for (const file of files) {
          const shiftMs = (units.at(-1)?.dtsMs ?? -PICTURE_MS) + PICTURE_MS;
          const more = await unitsOf(await readPackets(`${folder}/${file}`));
          units.push(...more.map((unit) => ({
            ...unit,
            dtsMs: unit.dtsMs + shiftMs,
            ptsMs: unit.ptsMs + shiftMs,
          })));
        }
        return units;
      }),
  },
};

/** Between two pictures, in ms. */
const PICTURE_MS = 40;

async function watchBody({ server, name, path: played, folder }: Cell, extension: string) {
  const path = `${folder}/${name}-body.${extension}`;
  const saved = saveBody(server.httpUrl(`${played}.${extension}`), path);
  saved.catch(() => {});
  await delay(0);
  return async () => {
    await saved;
    return await unitsOf(await readPackets(path));
  };
}

async function sendOverTcp({ clip, port }: Cell, bytes: Uint8Array): Promise<void> {
  using socket = await Deno.connect({ hostname: "127.0.0.1", port });
  for await (const piece of paced(bytes, clip.durationMs, 2000)) {
    for (let at = 0; at < piece.length;) at += await socket.write(piece.subarray(at));
  }
}

/** Pieces of `bytes`, evenly over `durationMs`. */
async function* paced(
  bytes: Uint8Array,
  durationMs: number,
  pieceBytes: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const startMs = performance.now();
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const dueMs = durationMs * at / bytes.length - (performance.now() - startMs);
    if (dueMs > 5) await delay(dueMs);
    yield bytes.slice(at, at + pieceBytes);
  }
}

e2e("every input reaches every output, unit by unit", { tools: ["ffmpeg"] }, async (context) => {
  const folder = await Deno.makeTempDir({ prefix: "crtmp-matrix-" });
  try {
    const media = `${folder}/media`;
    await Deno.mkdir(media);
    const clips = await matrixClips(media);
    const cells = clips.flatMap((clip) =>
      Object.entries(INPUTS)
        .filter(([, { carries }]) => clip.codecs.every(carries))
        .map(([input, row]) => ({
          input,
          row,
          clip,
          name: `${clip.name}-${input}`,
          path: input === "fileOnDemand" ? `vod/${basename(clip.path)}` : `live/${clip.name}-${input}`,
          port: freePort(),
          folder,
        }))
    );
    const acceptors = cells.filter(({ row }) => row.acceptor !== undefined).map(({ row, name, port }) =>
      `[[applications.acceptors]]\nip = "127.0.0.1"\nport = ${port}\nprotocol = "${row.acceptor}"\n` +
      `localStreamName = "${name}"\nidleTimeoutMs = 1000\n`
    );
    await using server = await TestServer.start({
      config: ({ rtmp, http, rtsp }) =>
        `[[applications]]\nname = "flvplayback"\naliases = ["live", "vod"]\n` +
        `[[applications.acceptors]]\nip = "127.0.0.1"\nport = ${rtmp}\n` +
        `[[applications.acceptors]]\nip = "127.0.0.1"\nport = ${rtsp}\nprotocol = "inboundRtsp"\n` +
        acceptors.join("") +
        `[applications.streaming]\npublisherGraceMs = 200\n` +
        `[applications.mediaStorage]\nmediaFolder = "${media}"\nrecordedStreamsStorage = "${folder}"\n` +
        `[applications.recording]\nautomatic = true\nformat = "mp4"\n` +
        `[web]\nip = "127.0.0.1"\nport = ${http}\nwaitForStreamMs = 20000\n[rtsp]\nwaitForStreamMs = 20000\n`,
    });
    const started = await Promise.all(cells.map(async (cell) => {
      const outputs = await Promise.all(
        Object.entries(OUTPUTS).filter(([output]) => cell.row.outputs?.includes(output) ?? true).map(async (
          [output, row],
        ) => ({
          output,
          row,
          got: await row.watch({ ...cell, server }),
        })),
      );
      return { cell, outputs };
    }));
    await delay(200);
    await Promise.all(started.map(async ({ cell, outputs }) => {
      await cell.row.send({ ...cell, server });
      return outputs;
    }));
    for (const { cell, outputs } of started) {
      for (const { output, row, got } of outputs) {
        const { codecs, units } = cell.clip;
        const codecOf = { video: codecs[0]!, audio: codecs.at(-1)! };
        const sent = units.filter(({ kind }) => row.carries(codecOf[kind]));
        if (sent.length < units.length) {
          assert.match(server.logLines(cell.name).join("\n"), / without (video|audio)|left out|leaves out/);
        }
        if (sent.length === 0) continue;
        await context.step(`${cell.clip.name}: ${cell.input} to ${output}`, async () => {
          const { differences } = comparePackets(sent, await got(), {
            fromStart: "video",
            toleranceMs: 2,
            ignoresDts: row.ignoresDts ?? cell.row.ignoresDts ?? false,
          });
          assert.deepEqual(differences, [], server.logLines(cell.name).join("\n"));
        });
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
