import assert from "node:assert/strict";
import { LiveRtmpApplication, type RtmpAccess, type RtmpConnectVerdict } from "#bridges/rtmp";
import { ManualClock } from "#clock";
import { LiveRtspApplication } from "#bridges/rtsp";
import { ClosedError } from "#errors";
import { Logger, MemorySink } from "#log";
import { Reactor } from "#netio";
import { type ClientStream, RtmpClientProtocol, RtmpProtocol } from "#protocols/rtmp";
import { type RtpPortPair, RtspClientProtocol, RtspProtocol } from "#protocols/rtsp";
import type { Carrier } from "#stack";
import { type Peer, STREAM_DEFAULTS, StreamRegistry } from "#streaming";
import { ApplicationRelays, type DialRequest, PULL_DEFAULTS, PUSH_DEFAULTS } from "./mod.ts";
import type { PullOptions, PushOptions, RtspDialRequest } from "./mod.ts";

/** AVC, all of it made up: configuration, key frame, inter frame; AAC: configuration, frame. */
export const AVC_CONFIG = body("17 00 000000 01640028ffe1");
export const AVC_KEY = body("17 01 000000 00000001 65");
export const AVC_INTER = body("27 01 000028 00000001 41");
export const AAC_CONFIG = body("af 00 1210");
export const AAC_FRAME = body("af 01 2110");
export const AUDIO = 8;
export const VIDEO = 9;

function body(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(hex.replaceAll(" ", ""));
}

/** Runs what is ready until `isDone`; fails after so many turns. */
export async function until(isDone: () => boolean, what: string): Promise<void> {
  for (let turn = 0; turn < 200; turn++) {
    if (isDone()) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  assert.fail(`Waited in vain for ${what}`);
}

/** Everything that is ready has run. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 6; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
}

/** What the servers at the other end do. */
export interface RelayRigOptions {
  readonly connect?: (peer: Peer, host: string) => RtmpConnectVerdict | Promise<RtmpConnectVerdict>;
  /** Opens something else on a connection in place of a server. */
  readonly accept?: (carrier: Carrier) => void;
}

/** A server with relays, and others that it dials in memory; time stands still. */
export class RelayRig implements AsyncDisposable {
  readonly clock = new ManualClock();
  /** Here. */
  readonly streams = new StreamRegistry(this.clock, (stream, isLive) => {
    this.relays.streamChanged(stream, isLive);
  });
  /** At the other end, whatever its name. */
  readonly farStreams = new StreamRegistry(this.clock);
  readonly sink = new MemorySink();
  readonly relays: ApplicationRelays;
  /** `SCHEME HOST` of each connection that was tried. */
  readonly dials: string[] = [];
  /** The other end of the connections. */
  readonly carriers: Carrier[] = [];
  /** Protocols of the servers at the other end. */
  readonly servers: RtmpProtocol[] = [];
  /** UDP ports that are free. */
  readonly portPairs: RtpPortPair[] = [];
  /** What HTTP answers. */
  answers: (url: string) => Response = () => new Response(null, { status: 404 });
  /** Whether the other end cannot be reached. */
  isDown = false;
  readonly #options: RelayRigOptions;
  readonly #reactor = new Reactor({ clock: this.clock });
  readonly #log = new Logger({ sinks: [this.sink] });

  constructor(options: RelayRigOptions = {}) {
    this.#options = options;
    this.relays = new ApplicationRelays({
      appName: "live",
      registry: this.streams,
      streamOptions: { ...STREAM_DEFAULTS, mergeWriteMs: 0 },
      dialer: {
        dial: (request) => this.#dial(request),
        dialRtsp: (request) => this.#dialRtsp(request),
        get: ({ url }) => Promise.resolve(this.answers(url)),
        rtpPorts: { open: () => Promise.resolve(this.portPairs.shift()) },
      },
      clock: this.clock,
      // the middle of the jitter: waits are 1, 2, 4, ... s
      randomBytes: (length) => new Uint8Array(length).fill(128),
      log: this.#log,
    });
    this.streams.onWanted = ({ streamName }) => this.relays.wanted(streamName);
  }

  /** Pulls `rtmp://far/live/a` as `a`. */
  pull(options: Partial<PullOptions> = {}): () => Promise<void> {
    return this.relays.pull({ ...PULL_DEFAULTS, uri: "rtmp://far/live/a", localStreamName: "a", ...options });
  }

  /** Pushes every stream to `rtmp://far/live`. */
  push(options: Partial<PushOptions> = {}): () => Promise<void> {
    return this.relays.push({ ...PUSH_DEFAULTS, targetUri: "rtmp://far/live", ...options });
  }

  /** A publisher of `streamName`, here or at the other end. */
  publisher(streamName: string, where: "here" | "far"): Promise<ClientStream> {
    return this.client(where, (stream) => stream.publish(streamName));
  }

  /** A connection to either end that has `begin` done something on its NetStream. */
  async client(
    where: "here" | "far",
    begin: (stream: ClientStream) => Promise<unknown>,
    taker: Parameters<RtmpClientProtocol["createStream"]>[0] = {},
  ): Promise<ClientStream> {
    const [near, far] = this.#reactor.memoryPair({ capacityBytes: 1 << 20 });
    this.#serve(far, where === "here" ? this.streams : this.farStreams);
    this.carriers.push(near);
    const client = new RtmpClientProtocol({ clock: this.clock });
    client.openOn(near);
    await client.connect({ app: "live", tcUrl: "rtmp://here/live" });
    const stream = await client.createStream(taker);
    await begin(stream);
    return stream;
  }

  /** Names and times of what a stream has, as a late joiner gets it. */
  packets(streamName: string, where: "here" | "far"): string[] {
    const registry = where === "here" ? this.streams : this.farStreams;
    const stream = registry.find({ appName: "live", streamName });
    using cursor = stream?.readPackets();
    const shown: string[] = [];
    for (let packet = cursor?.next(); packet !== undefined; packet = cursor?.next()) {
      shown.push(
        `${packet.kind}${packet.isKeyFrame && packet.kind === "video" ? "!" : ""} ${packet.dtsUs / 1000}`,
      );
    }
    return shown;
  }

  /** Packets of audio, media and configurations, that the publisher of a stream has brought. */
  sounds(streamName: string, where: "here" | "far"): number {
    const registry = where === "here" ? this.streams : this.farStreams;
    return registry.find({ appName: "live", streamName })?.publisher?.statistics.audioPackets ?? 0;
  }

  /** Whether a stream is published. */
  isLive(streamName: string, where: "here" | "far"): boolean {
    const registry = where === "here" ? this.streams : this.farStreams;
    return registry.find({ appName: "live", streamName })?.publisher !== undefined;
  }

  /** Lines of the log that fit. */
  lines(wanted: RegExp = /./): string[] {
    return this.sink.lines().filter((line) => wanted.test(line));
  }

  /** Cuts all connections of the other end. */
  async cut(): Promise<void> {
    for (const carrier of this.carriers.splice(0)) carrier.abort(new ClosedError("cut"));
    await settled();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.relays.close();
    await this.cut();
    this.clock.advance(120_000);
    await settled();
    assert.equal(this.streams.size, 0, "streams are left");
    assert.equal(this.farStreams.size, 0, "streams are left at the other end");
    assert.equal(this.streams.pool.live, 0, "segments are left");
    assert.equal(this.clock.pending, 0, "timers are left");
  }

  async #dial(request: DialRequest): Promise<RtmpClientProtocol> {
    const client = new RtmpClientProtocol(request.client);
    client.openOn(await this.#connect(request, (far) => this.#serve(far, this.farStreams, request.host)));
    return client;
  }

  async #dialRtsp(request: RtspDialRequest): Promise<RtspClientProtocol> {
    const client = new RtspClientProtocol(request.rtsp);
    client.openOn(await this.#connect(request, (far) => this.#serveRtsp(far)));
    return client;
  }

  /** The near end of a connection whose far end `serve` takes, unless the options say who does. */
  async #connect(
    { scheme, host, signal }: DialRequest | RtspDialRequest,
    serve: (far: Carrier) => void,
  ): Promise<Carrier> {
    this.dials.push(`${scheme} ${host}`);
    await settled();
    signal.throwIfAborted();
    if (this.isDown) throw new Error("Connection refused");
    const [near, far] = this.#reactor.memoryPair({ capacityBytes: 1 << 20 });
    this.carriers.push(far);
    (this.#options.accept ?? serve)(far);
    return near;
  }

  #serveRtsp(carrier: Carrier): void {
    const application = new LiveRtspApplication({
      registry: this.farStreams,
      access: this.#farAccess(),
      clock: this.clock,
      log: Logger.silent(),
      waitForStreamMs: 0,
    });
    new RtspProtocol({ application, clock: this.clock }).openOn(carrier);
  }

  #farAccess(host: string = ""): RtmpAccess {
    const grant = ({ peer, streamName }: { peer: Peer; streamName: string }) => ({
      isGranted: true as const,
      path: { appName: peer.appName, streamName },
      options: { ...STREAM_DEFAULTS, mergeWriteMs: 0 },
    });
    return {
      connect: (peer) =>
        host === "" ? { isAccepted: true } : this.#options.connect?.(peer, host) ?? { isAccepted: true },
      publish: grant,
      play: grant,
      call: () => undefined,
    };
  }

  #serve(carrier: Carrier, registry: StreamRegistry, host: string = ""): void {
    const application = new LiveRtmpApplication({
      registry,
      clock: this.clock,
      log: Logger.silent(),
      waitForPublisherMs: 0,
      access: this.#farAccess(host),
    });
    const protocol = new RtmpProtocol({ application, clock: this.clock });
    this.servers.push(protocol);
    protocol.openOn(carrier);
  }
}
