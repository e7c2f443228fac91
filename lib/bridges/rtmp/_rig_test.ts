import assert from "node:assert/strict";
import { ManualClock } from "#clock";
import { ClosedError } from "#errors";
import { Logger, MemorySink } from "#log";
import { Reactor } from "#netio";
import { RtmpClientProtocol, RtmpProtocol } from "#protocols/rtmp";
import type { ClientConnectOptions, ClientStream, DataMessage, RtmpCommand } from "#protocols/rtmp";
import type { Carrier } from "#stack";
import { STREAM_DEFAULTS, StreamRegistry } from "#streaming";
import type { Access, StreamOptions, StreamRequest } from "#streaming";
import { LiveRtmpApplication, type RtmpStreamCommand } from "./live_rtmp_application.ts";
import type { ReconnectRequests } from "./reconnect_requests.ts";

/** AVC, all of it made up: configuration, key frame, inter frame. */
export const AVC_CONFIG = body("17 00 000000 01640028ffe1");
export const AVC_KEY = body("17 01 000000 00000001 65");
export const AVC_INTER = body("27 01 000028 00000001 41");
/** AAC: configuration and frame. */
export const AAC_CONFIG = body("af 00 1210");
export const AAC_FRAME = body("af 01 2110");
/** HEVC as Enhanced RTMP has it: configuration and key frame. */
export const HEVC_CONFIG = body("90 68766331 01020304");
export const HEVC_KEY = body("93 68766331 00000001 26");

export const AUDIO = 8;
export const VIDEO = 9;

function body(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(hex.replaceAll(" ", ""));
}

/** Everything that is ready has run; in-memory connections need no more than one turn. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
}

/** What a server of the test decides and how it is set. */
export interface LiveRigOptions {
  readonly streamOptions?: Partial<StreamOptions>;
  readonly waitForPublisherMs?: number;
  readonly reconnects?: ReconnectRequests;
  readonly connect?: (appName: string) => string | undefined;
  readonly publish?: (request: StreamRequest) => Access | Promise<Access>;
  readonly play?: (request: StreamRequest) => Access | Promise<Access>;
  /** Why a command is refused. */
  readonly judge?: (command: RtmpStreamCommand) => string | undefined;
}

/** Streams behind RTMP, reached over in-memory connections; time stands still. */
export class LiveRig implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly registry = new StreamRegistry(this.clock);
  readonly sink = new MemorySink();
  readonly #reactor = new Reactor({ clock: this.clock });
  readonly #application: LiveRtmpApplication;
  readonly #log = new Logger({ sinks: [this.sink] });
  readonly #ends: Carrier[] = [];

  constructor(options: LiveRigOptions = {}) {
    const streamOptions = { ...STREAM_DEFAULTS, mergeWriteMs: 0, ...options.streamOptions };
    const grant = ({ peer, streamName }: StreamRequest): Access => ({
      isGranted: true,
      path: { appName: peer.appName, streamName },
      options: streamOptions,
    });
    this.#application = new LiveRtmpApplication({
      registry: this.registry,
      clock: this.clock,
      log: this.#log.child("rtmp"),
      waitForPublisherMs: options.waitForPublisherMs ?? 0,
      ...(options.reconnects === undefined ? {} : { reconnects: options.reconnects }),
      access: {
        connect: (peer) => {
          const reason = options.connect?.(peer.appName);
          return reason === undefined ? { isAccepted: true } : { isAccepted: false, told: reason, reason };
        },
        publish: options.publish ?? grant,
        play: options.play ?? grant,
        judgeOf: () => options.judge,
        call: () => undefined,
      },
    });
  }

  /** Opens a connection and connects to `live`. */
  async connect(
    options: { capacityBytes?: number; app?: string; properties?: ClientConnectOptions["properties"] } = {},
  ): Promise<RigClient> {
    const { capacityBytes = 1 << 20, app = "live", properties } = options;
    const [near, far] = this.#reactor.memoryPair({ capacityBytes });
    this.#ends.push(near, far);
    const lines = this.#log.child("rtmp");
    const server = new RtmpProtocol({
      application: this.#application,
      clock: this.clock,
      log: {
        debug: (text) => lines.debug(text),
        info: (text) => lines.info(text),
        warn: (text) => lines.warning(text),
      },
    });
    server.openOn(far);
    const commands: RtmpCommand[] = [];
    const protocol = new RtmpClientProtocol({
      clock: this.clock,
      onCommand: (command) => void commands.push(command),
    });
    protocol.openOn(near);
    const { properties: answer } = await protocol.connect({
      app,
      tcUrl: `rtmp://host/${app}`,
      ...(properties === undefined ? {} : { properties }),
    });
    return new RigClient(protocol, near, { answer, commands });
  }

  /** Properties of `_result`, for clients that announce each of `announced` in `connect`. */
  async connectAnswers(
    announced: readonly NonNullable<ClientConnectOptions["properties"]>[],
  ): Promise<Readonly<Record<string, unknown>>[]> {
    const clients = await Promise.all(announced.map((properties) => this.connect({ properties })));
    return clients.map(({ answer }) => answer);
  }

  /** A client that publishes `live/NAME`. */
  async publisher(streamKey = "a"): Promise<{ client: RigClient; stream: ClientStream }> {
    const client = await this.connect();
    const stream = await client.protocol.createStream(client);
    await stream.publish(streamKey);
    return { client, stream };
  }

  /** A client that plays `live/NAME`. */
  async player(
    streamKey = "a",
    options: { startMs?: number; properties?: ClientConnectOptions["properties"]; capacityBytes?: number } =
      {},
  ): Promise<{ client: RigClient; stream: ClientStream }> {
    const { startMs, ...connecting } = options;
    const client = await this.connect(connecting);
    const stream = await client.protocol.createStream(client);
    await stream.play(streamKey, startMs === undefined ? {} : { startMs });
    await settled();
    return { client, stream };
  }

  /** Lines of the log at or above a level word. */
  lines(wanted: RegExp = /./): string[] {
    return this.sink.lines().filter((line) => wanted.test(line));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ends) end.abort(new ClosedError("The test is over"));
    await settled();
    this.clock.advance(60_000);
    assert.equal(this.registry.size, 0, "streams are left");
    assert.equal(this.registry.pool.live, 0, "segments are left");
    assert.equal(this.clock.pending, 0, "timers are left");
  }
}

/** One client's connection, and what came on it. */
export class RigClient {
  readonly media_: { type: number; timestamp: number; hex: string }[] = [];
  readonly codes: string[] = [];
  readonly levels: string[] = [];
  readonly dataNames: string[] = [];
  readonly protocol: RtmpClientProtocol;
  readonly carrier: Carrier;

  /** Properties of the `_result` of `connect`. */
  readonly answer: Readonly<Record<string, unknown>>;

  /** What the server said on the NetConnection. */
  readonly commands: readonly RtmpCommand[];

  constructor(
    protocol: RtmpClientProtocol,
    carrier: Carrier,
    heard: { answer: Readonly<Record<string, unknown>>; commands: readonly RtmpCommand[] },
  ) {
    this.answer = heard.answer;
    this.commands = heard.commands;
    this.protocol = protocol;
    this.carrier = carrier;
  }

  // params: hot path
  media(type: number, timestamp: number, payload: Uint8Array): void {
    this.media_.push({ type, timestamp, hex: payload.toHex() });
  }

  data(message: DataMessage): void {
    this.dataNames.push(new TextDecoder().decode(message.payload.subarray(3, 3 + message.payload[2]!)));
  }

  status(information: Readonly<Record<string, unknown>>): void {
    this.codes.push(String(information["code"]).replace("NetStream.", ""));
    this.levels.push(String(information["level"]));
  }

  /** What came since the last call: `v0:1701...`. */
  take(): string[] {
    return this.media_.splice(0).map(({ type, timestamp, hex }) =>
      `${type === VIDEO ? "v" : "a"}${timestamp}:${hex}`
    );
  }

  /** Status codes since the last call, without `NetStream.`. */
  takeCodes(): string[] {
    this.levels.length = 0;
    return this.codes.splice(0);
  }
}

/** One message as `RigClient.take` shows it. */
export function shown(type: number, timestamp: number, payload: Uint8Array): string {
  return `${type === VIDEO ? "v" : "a"}${timestamp}:${payload.toHex()}`;
}
