/**
 * Measures what live streams cost over RTSP, beside RTMP in the same run.
 *
 * ```sh
 * deno run -A --unstable-net tests/bench/live_load.ts FILE.flv KINDS [COUNT=500] [SECONDS=8]
 * ```
 *
 * KINDS is a list of `rtmp`, `rtsp` and `udp`, for COUNT players of one stream, and `rtmpIn`, `rtspIn` for COUNT
 * publishers. FILE must play for SECONDS and twenty more; it is sent in real time. The server runs as its own process;
 * on Linux, `taskset` keeps it on the first core and all else on the second. What comes is discarded. Over UDP the
 * packets of the video are counted by their sequence numbers.
 */
import { readFlv, type ReadTag } from "../helpers/flv_tags.ts";
import { processorMs } from "../helpers/process.ts";
import { RtmpClient } from "../helpers/rtmp_client.ts";
import { type ReceivedFrame, RtspTestClient } from "../helpers/rtsp_client.ts";
import { TestServer } from "../helpers/server.ts";
import { delay, waitFor } from "../helpers/wait.ts";
import { pin, publish } from "./_load.ts";

const STEP_MS = 20;
/** Players that join at a time. */
const JOINING = 20;
const JOIN_TIMEOUT_MS = 25_000;

interface Load {
  readonly tags: readonly ReadTag[];
  readonly count: number;
  readonly seconds: number;
}

/** Players, or publishers, that run. */
interface Running extends AsyncDisposable {
  /** Bytes that came, or went, until now. */
  bytes(): number;
  /** Begins to count; what it returns says what was lost since. */
  watch?(): () => string;
}

async function rtmpPlayers({ rtmpPort }: TestServer, { count }: Load): Promise<Running> {
  const clients: RtmpClient[] = [];
  while (clients.length < count) {
    const joining = Array.from({ length: Math.min(JOINING, count - clients.length) }, async () => {
      const client = await RtmpClient.play(rtmpPort, "live", "a");
      client.raw.onBytes = () => {};
      return client;
    });
    clients.push(...await Promise.all(joining));
  }
  return {
    bytes: () => clients.reduce((sum, { raw }) => sum + raw.receivedBytes, 0),
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
    },
  };
}

/** The requests of a player, at once: a server answers them in order. */
function requests(url: string, transports: readonly string[]): Uint8Array {
  const setups = transports.map((transport, track) =>
    `SETUP ${url}/trackID=${track} RTSP/1.0\r\nCSeq: ${track + 2}\r\nTransport: ${transport}\r\n\r\n`
  );
  return new TextEncoder().encode(
    `DESCRIBE ${url} RTSP/1.0\r\nCSeq: 1\r\n\r\n${setups.join("")}PLAY ${url} RTSP/1.0\r\nCSeq: 9\r\n\r\n`,
  );
}

async function rtspPlayers(
  server: TestServer,
  load: Load,
  transports: readonly string[][],
): Promise<Running> {
  let bytes = 0;
  const connections: Deno.TcpConn[] = [];
  const discard = async (connection: Deno.TcpConn) => {
    const buffer = new Uint8Array(65_536);
    try {
      for (let count; (count = await connection.read(buffer)) !== null;) bytes += count;
    } catch {
      // closed
    }
  };
  const reading: Promise<void>[] = [];
  for (let at = 0; at < load.count; at++) {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.rtspPort });
    await connection.write(requests(server.rtspUrl("live/a"), transports[at % transports.length]!));
    connections.push(connection);
    reading.push(discard(connection));
    if (at % 20 === 19) await delay(10);
  }
  return {
    bytes: () => bytes,
    async [Symbol.asyncDispose]() {
      for (const connection of connections) connection.close();
      await Promise.all(reading);
    },
  };
}

const INTERLEAVED = [0, 2].map((channel) => `RTP/AVP/TCP;unicast;interleaved=${channel}-${channel + 1}`);

/** The packets of one track of one player, by their sequence numbers. */
class SequenceCounts {
  readonly socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  bytes = 0;
  #counts = new Uint8Array(65_536);
  #newest: number | undefined;
  #from = 0;

  get port(): number {
    return (this.socket.addr as Deno.NetAddr).port;
  }

  async run(): Promise<void> {
    const buffer = new Uint8Array(2_048);
    try {
      for (;;) {
        const [packet] = await this.socket.receive(buffer);
        this.bytes += packet.length;
        // reports go to the next port, which may be another player's
        if (packet[1]! >= 200 && packet[1]! <= 207) continue;
        const number = packet[2]! << 8 | packet[3]!;
        this.#newest = number;
        this.#counts[number]!++;
      }
    } catch {
      // closed
    }
  }

  /** Whether anything has come. */
  get hasBegun(): boolean {
    return this.#newest !== undefined;
  }

  watch(): void {
    this.#from = (this.#newest ?? 0) + 50;
  }

  /** Packets that were to come since `watch`, and those that did not. */
  losses(): { sent: number; lost: number } {
    let sent = 0;
    let lost = 0;
    const until = (this.#newest ?? 0) - 50;
    for (let at = this.#from; (until - at & 0xffff) < 0x8000; at++) {
      sent++;
      if (this.#counts[at & 0xffff] === 0) lost++;
    }
    return { sent, lost };
  }
}

async function udpPlayers(server: TestServer, load: Load): Promise<Running> {
  const sockets = Array.from(
    { length: load.count },
    () => ({ video: new SequenceCounts(), audio: new SequenceCounts() }),
  );
  const all = sockets.flatMap(({ video, audio }) => [video, audio]);
  const running = all.map((counts) => counts.run());
  const players = await rtspPlayers(
    server,
    load,
    sockets.map(({ video, audio }) =>
      [video, audio].map(({ port }) => `RTP/AVP;unicast;client_port=${port}-${port + 1}`)
    ),
  );
  await waitFor(() => all.every(({ hasBegun }) => hasBegun), {
    what: "packets to all players",
    timeoutMs: JOIN_TIMEOUT_MS,
    pollMs: 100,
  });
  return {
    bytes: () => all.reduce((sum, { bytes }) => sum + bytes, 0),
    watch() {
      for (const counts of all) counts.watch();
      return () => {
        const losses = sockets.map(({ video }) => video.losses());
        const sent = losses.reduce((sum, loss) => sum + loss.sent, 0);
        const lost = losses.reduce((sum, loss) => sum + loss.lost, 0);
        return `${lost} of ${sent} video packets lost, ${(lost * 100 / sent).toFixed(3)} %`;
      };
    },
    async [Symbol.asyncDispose]() {
      await players[Symbol.asyncDispose]();
      for (const { socket } of all) socket.close();
      await Promise.all(running);
    },
  };
}

async function rtmpPublishers(server: TestServer, { count, tags }: Load): Promise<Running> {
  const stop = new AbortController();
  const clients = await Promise.all(
    Array.from({ length: count }, (_, at) => RtmpClient.publish(server.rtmpPort, "live", `p${at}`)),
  );
  const publishing = clients.map((client) => publish(client, tags, stop.signal));
  return {
    bytes: () => 0,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all(publishing);
      for (const client of clients) await client[Symbol.asyncDispose]();
    },
  };
}

/** What the server itself sends over RTSP is published again, under other names: the same media in the same packets. */
async function rtspPublishers(server: TestServer, { count, seconds }: Load): Promise<Running> {
  const url = server.rtspUrl("live/a");
  const source = await RtspTestClient.connect(server.rtspPort);
  const sdp = (await source.ask("DESCRIBE", url)).body;
  for (const [track, Transport] of INTERLEAVED.entries()) {
    await source.ask("SETUP", `${url}/trackID=${track}`, { Transport });
  }
  const clients: Deno.TcpConn[] = [];
  const sunk: Promise<void>[] = [];
  for (let at = 0; at < count; at++) {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.rtspPort });
    const target = server.rtspUrl(`live/p${at}`);
    const setups = INTERLEAVED.map((transport, track) =>
      `SETUP ${target}/trackID=${track} RTSP/1.0\r\nCSeq: ${
        track + 2
      }\r\nTransport: ${transport};mode=record\r\n\r\n`
    );
    const text =
      `ANNOUNCE ${target} RTSP/1.0\r\nCSeq: 1\r\nContent-Type: application/sdp\r\nContent-Length: ` +
      `${sdp.length}\r\n\r\n${new TextDecoder().decode(sdp)}${
        setups.join("")
      }RECORD ${target} RTSP/1.0\r\nCSeq: 9\r\n\r\n`;
    await connection.write(new TextEncoder().encode(text));
    clients.push(connection);
    sunk.push(connection.readable.pipeTo(new WritableStream()).catch(() => {}));
  }
  await delay(500);
  await source.ask("PLAY", url);
  let bytes = 0;
  let isStopped = false;
  const forwarding = (async () => {
    const untilMs = performance.now() + (seconds + 15) * 1_000;
    while (!isStopped && performance.now() < untilMs) {
      await delay(STEP_MS);
      const batch = framed(source.frames.splice(0));
      bytes += batch.length * count;
      await Promise.all(clients.map((client) => writeAll(client, batch)));
    }
  })();
  return {
    bytes: () => bytes,
    async [Symbol.asyncDispose]() {
      isStopped = true;
      await forwarding;
      await source[Symbol.asyncDispose]();
      for (const client of clients) client.close();
      await Promise.all(sunk);
    },
  };
}

function framed(frames: readonly ReceivedFrame[]): Uint8Array {
  const bytes = new Uint8Array(frames.reduce((sum, frame) => sum + 4 + frame.bytes.length, 0));
  let at = 0;
  for (const { channel, bytes: packet } of frames) {
    bytes.set([0x24, channel, packet.length >> 8, packet.length & 255], at);
    bytes.set(packet, at + 4);
    at += 4 + packet.length;
  }
  return bytes;
}

async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

const KINDS: Readonly<Record<string, (server: TestServer, load: Load) => Promise<Running>>> = {
  rtmp: rtmpPlayers,
  rtsp: (server, load) => rtspPlayers(server, load, [INTERLEAVED]),
  udp: udpPlayers,
  rtmpIn: rtmpPublishers,
  rtspIn: rtspPublishers,
};

async function measure(kind: string, load: Load): Promise<string> {
  const start = KINDS[kind];
  if (start === undefined) {
    throw new Error(`Cannot measure ${kind}: there are ${Object.keys(KINDS).join(", ")}`);
  }
  const stop = new AbortController();
  await using server = await TestServer.start();
  await pin(server.pid, 0);
  await pin(Deno.pid, 1);
  await using source = await RtmpClient.publish(server.rtmpPort, "live", "a");
  const publishing = publish(source, load.tags, stop.signal);
  await delay(1_500);
  const running = await start(server, load);
  await delay(2_000);
  const before = { ms: processorMs(server.pid), bytes: running.bytes(), atMs: performance.now() };
  const losses = running.watch?.();
  await delay(load.seconds * 1_000);
  const usedMs = processorMs(server.pid) - before.ms;
  const tookS = (performance.now() - before.atMs) / 1_000;
  const gigabytes = (running.bytes() - before.bytes) / 1e9;
  const lost = losses === undefined ? "" : `; ${losses()}`;
  await running[Symbol.asyncDispose]();
  stop.abort();
  await publishing;
  const perGigabyte = gigabytes === 0 ? "" : `, ${(usedMs / 1_000 / gigabytes).toFixed(2)} s/GB`;
  return `${kind}: ${load.count}, ${(gigabytes * 8_000 / tookS / load.count).toFixed(2)} Mbit/s each, ` +
    `${(usedMs / tookS / 10).toFixed(1)} % of a core${perGigabyte}${lost}`;
}

if (import.meta.main) {
  const [file, kinds = "rtmp,rtsp", count = "500", seconds = "8"] = Deno.args;
  if (file === undefined) throw new Error("Cannot measure: name an FLV file that plays longer than the load");
  const { tags } = readFlv(await Deno.readFile(file));
  for (const kind of kinds.split(",")) {
    console.log(await measure(kind, { tags, count: Number(count), seconds: Number(seconds) }));
  }
}
