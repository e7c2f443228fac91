/**
 * Measures what encryption costs where one stream goes to many players: RTMP, RTMPE, RTMPS with one certificate and
 * with several, in turn.
 *
 * ```sh
 * deno run -A tests/bench/encrypted_load.ts FILE [PLAYERS=500] [SECONDS=5] [SCHEMES=rtmp,rtmpe,rtmps,rtmpsNames]
 * ```
 *
 * ffmpeg publishes FILE again and again. Players shake hands, ask for the stream and throw away what comes; those of
 * RTMPE do not decrypt it. The server runs as its own process; on Linux, `taskset` keeps it on the first core and
 * ffmpeg and the players on the second. Prints a line for each scheme named.
 */
import { RtmpClientProtocol } from "#protocols/rtmp";
import { RtmpeClientProtocol } from "#protocols/rtmpe";
import type { Carrier, CarrierClient, Endpoint } from "#stack";
import { processorMs, startProcess } from "../helpers/process.ts";
import { type ServerPorts, TestServer } from "../helpers/server.ts";
import { delay } from "../helpers/wait.ts";
import { pin } from "./_load.ts";

const KEYS = new URL("../fixtures/tls/", import.meta.url).pathname;
/** Joining, and the burst of the newest group of pictures. */
const SETTLE_MS = 3_000;
/** Players that join at the same time. */
const JOINING_AT_ONCE = 25;

/** Players read once in that time, so that those who join get their turn. */
const READ_BEAT_MS = 20;

/** All sockets read into it: nobody looks at the bytes. */
const discarded = new Uint8Array(262_144);
let beat = Promise.withResolvers<void>();

/** A socket as the bottom of a stack, until what comes is to be thrown away. */
class DiscardingCarrier implements Carrier {
  readonly kind = "tcp";
  readonly local: Endpoint = { address: "127.0.0.1", port: 0 };
  readonly remote: Endpoint = { address: "127.0.0.1", port: 0 };
  readonly statistics = { bytesIn: 0, bytesOut: 0 };
  readonly queuedBytes = 0;
  readonly #connection: Deno.Conn;
  #client: CarrierClient | undefined;
  #isDiscarding = false;
  #sending: Promise<unknown> = Promise.resolve();

  constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  open(client: CarrierClient): void {
    this.#client = client;
    this.#read().catch((error) => this.#isDiscarding || client.closed(error));
  }

  send(bytes: Uint8Array): void {
    if (this.#isDiscarding) return;
    this.#sending = this.#sending.then(async () => {
      for (let at = 0; at < bytes.length;) at += await this.#connection.write(bytes.subarray(at));
    });
  }

  /** From now on bytes are counted only. */
  discard(): void {
    this.#isDiscarding = true;
  }

  setSource(): void {}
  wake(): void {}
  pause(): void {}

  close(): void {
    this.#connection.close();
  }

  abort(error: Error): void {
    this.close();
    this.#client?.closed(error);
  }

  async #read(): Promise<void> {
    const own = new Uint8Array(16_384);
    for (;;) {
      const buffer = this.#isDiscarding ? discarded : own;
      if (buffer === discarded) await beat.promise;
      const count = await this.#connection.read(buffer);
      if (count === null) return;
      this.statistics.bytesIn += count;
      if (!this.#isDiscarding) this.#client?.receive(buffer.subarray(0, count));
    }
  }
}

interface Scheme {
  readonly port: number;
  readonly isEncrypted: boolean;
  readonly isTls: boolean;
}

async function startPlayer({ port, isEncrypted, isTls }: Scheme): Promise<DiscardingCarrier> {
  const address = { hostname: isTls ? "localhost" : "127.0.0.1", port };
  const caCerts = [await Deno.readTextFile(`${KEYS}authority.pem`)];
  const socket = isTls ? await Deno.connectTls({ ...address, caCerts }) : await Deno.connect(address);
  const carrier = new DiscardingCarrier(socket);
  const client = new RtmpClientProtocol({ handshake: isEncrypted ? "below" : "own" });
  const bottom = isEncrypted ? new RtmpeClientProtocol() : client;
  if (bottom !== client) bottom.linkNear(client);
  bottom.openOn(carrier);
  await client.connect({ app: "live", tcUrl: `rtmp://127.0.0.1:${port}/live` });
  const hasMedia = Promise.withResolvers<void>();
  const stream = await client.createStream({ media: () => hasMedia.resolve() });
  await stream.play("a");
  await hasMedia.promise;
  carrier.discard();
  return carrier;
}

function configOf(ports: Required<ServerPorts>, tls: { one: number; names: number }): string {
  const keys = `sslCert = "${KEYS}server.pem", sslKey = "${KEYS}server.key"`;
  const acceptor = (port: number, rest: string) => `{ ip = "127.0.0.1", port = ${port}, ${rest} }`;
  const acceptors = [
    acceptor(ports.rtmp, `protocol = "inboundRtmp"`),
    acceptor(tls.one, `protocol = "inboundRtmps", ${keys}`),
    acceptor(tls.names, `protocol = "inboundRtmps", ${keys}, sslCertificates = [{ ${keys} }]`),
  ];
  return `[web]\nip = "127.0.0.1"\nport = ${ports.http}\n` +
    `[[applications]]\nname = "live"\nlibrary = "flvplayback"\nacceptors = [${acceptors.join(", ")}]\n`;
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}

/** CPU time of the server for each GB that the players got. */
async function measure(pid: number, scheme: Scheme, load: Load): Promise<string> {
  const players: DiscardingCarrier[] = [];
  while (players.length < load.players) {
    const joining = Array.from(
      { length: Math.min(JOINING_AT_ONCE, load.players - players.length) },
      () => startPlayer(scheme),
    );
    players.push(...await Promise.all(joining));
  }
  await delay(SETTLE_MS);
  const bytesNow = () => players.map(({ statistics }) => statistics.bytesIn);
  const before = { ms: processorMs(pid), bytes: bytesNow(), atMs: performance.now() };
  await delay(load.seconds * 1_000);
  const usedMs = processorMs(pid) - before.ms;
  const bytes = bytesNow().map((now, at) => now - before.bytes[at]!);
  const elapsedMs = performance.now() - before.atMs;
  for (const player of players) player.close();
  const gigabytes = bytes.reduce((sum, each) => sum + each, 0) / 1e9;
  return `${(usedMs / 1000 / gigabytes).toFixed(2)} s/GB, ${gigabytes.toFixed(2)} GB, ` +
    `${(usedMs / elapsedMs * 100).toFixed(0)} % of a core, least to most of a player ` +
    `${(Math.min(...bytes) / Math.max(...bytes)).toFixed(2)}`;
}

interface Load {
  readonly file: string;
  readonly players: number;
  readonly seconds: number;
}

async function measureAll(load: Load, names: readonly string[]): Promise<void> {
  const tls = { one: freePort(), names: freePort() };
  await using server = await TestServer.start({ config: (ports) => configOf(ports, tls) });
  await pin(server.pid, 0);
  await pin(Deno.pid, 1);
  const schemes: Record<string, Scheme> = {
    rtmp: { port: server.rtmpPort, isEncrypted: false, isTls: false },
    rtmpe: { port: server.rtmpPort, isEncrypted: true, isTls: false },
    rtmps: { port: tls.one, isEncrypted: false, isTls: true },
    rtmpsNames: { port: tls.names, isEncrypted: false, isTls: true },
  };
  const input = ["-v", "error", "-re", "-stream_loop", "-1", "-i", load.file, "-c", "copy"];
  await using publisher = startProcess("ffmpeg", {
    args: [...input, "-f", "flv", server.rtmpUrl("live/a")],
    timeoutMs: 280_000,
  });
  await pin(publisher.pid, 1);
  await delay(1_500);
  const beats = setInterval(() => {
    beat.resolve();
    beat = Promise.withResolvers();
  }, READ_BEAT_MS);
  for (const name of names) {
    console.log(`${name.padEnd(10)} ${await measure(server.pid, schemes[name]!, load)}`);
    await delay(500);
  }
  clearInterval(beats);
}

if (import.meta.main) {
  const [file, players = "500", seconds = "5", names = "rtmp,rtmpe,rtmps,rtmpsNames"] = Deno.args;
  if (file === undefined) throw new Error("Cannot measure: name a file that ffmpeg can publish as FLV");
  await measureAll({ file, players: Number(players), seconds: Number(seconds) }, names.split(","));
}
