import { ClosedError } from "#errors";
import { formatStreamPath, type Publisher, type Stream, type StreamPath, type Subscriber } from "#streaming";
import type { ControlledServer } from "../controlled_server.ts";

/** A publisher, a player or a recording, as the original numbers them. */
export interface LiveStream {
  readonly uniqueId: number;
  readonly path: StreamPath;
  readonly isInbound: boolean;
  /** What the original would say of it. */
  facts(): Record<string, unknown>;
  /** Ends it, and with it the connection; resolves when that is done, or under way. */
  shutDown(why: string): Promise<void>;
}

/** Gives what is live its numbers, which stay as long as it does and are nobody else's later. */
export class LiveStreams {
  readonly #server: ControlledServer;
  readonly #ids = new WeakMap<object, number>();
  /** Of recordings, by stream. */
  #recordingIds = new Map<string, number>();
  /** For the bandwidth since the list before. */
  readonly #samples = new WeakMap<Publisher, { readonly atMs: number; readonly bytes: number }>();
  #lastId = 0;

  constructor(server: ControlledServer) {
    this.#server = server;
  }

  /** All there are: each publisher, then its players and its recording. */
  list(): LiveStream[] {
    const recordings = this.#recordings();
    return this.#server.streams.list().flatMap((stream) => {
      const { publisher, subscribers } = stream;
      return [
        ...publisher === undefined ? [] : [this.#inbound(stream, publisher, subscribers)],
        ...subscribers.map((subscriber) => this.#outbound(stream, subscriber)),
        ...recordings.filter(({ path }) => formatStreamPath(path) === formatStreamPath(stream.path)),
      ];
    });
  }

  /** The one of this number, or `undefined`. */
  find(uniqueId: number): LiveStream | undefined {
    return this.list().find((live) => live.uniqueId === uniqueId);
  }

  #idOf(thing: object): number {
    const known = this.#ids.get(thing);
    if (known !== undefined) return known;
    this.#ids.set(thing, ++this.#lastId);
    return this.#lastId;
  }

  #inbound(stream: Stream, publisher: Publisher, subscribers: readonly Subscriber[]): LiveStream {
    const uniqueId = this.#idOf(publisher);
    const { path } = stream;
    return {
      uniqueId,
      path,
      isInbound: true,
      facts: () => {
        const { statistics, origin } = publisher;
        const config = this.#server.configs.find("pull", path);
        const codecOf = (kind: string) =>
          stream.header.configs.find((packet) => packet.role === "config" && packet.kind === kind)?.codec ??
            "";
        return {
          ...this.#common({ uniqueId, path, startedMs: publisher.startedMs, origin, types: IN_TYPES }),
          bandwidth: this.#bandwidthOf(publisher),
          video: {
            codec: codecOf("video"),
            packetsCount: statistics.videoPackets,
            bytesCount: statistics.videoBytes,
            droppedPacketsCount: statistics.droppedPackets,
          },
          audio: {
            codec: codecOf("audio"),
            packetsCount: statistics.audioPackets,
            bytesCount: statistics.audioBytes,
            droppedPacketsCount: 0,
          },
          outStreamsUniqueIds: subscribers.map((subscriber) => this.#idOf(subscriber)),
          ...config === undefined ? {} : { configId: config.configId },
        };
      },
      shutDown: (why) => Promise.resolve(publisher.shutDown(why)),
    };
  }

  #outbound(stream: Stream, subscriber: Subscriber): LiveStream {
    const uniqueId = this.#idOf(subscriber);
    const { path } = stream;
    return {
      uniqueId,
      path,
      isInbound: false,
      facts: () => ({
        ...this.#common({
          ...{ uniqueId, path, startedMs: subscriber.startedMs, types: OUT_TYPES },
          origin: subscriber.origin,
        }),
        bytesCount: subscriber.sentBytes,
        waitingBytesCount: subscriber.lagBytes,
        lagMs: Math.round(subscriber.lagMs),
        droppedCount: subscriber.jumps,
        inStreamUniqueId: stream.publisher === undefined ? null : this.#idOf(stream.publisher),
      }),
      shutDown: (why) => Promise.resolve(subscriber.abort(new ClosedError(why))),
    };
  }

  #recordings(): LiveStream[] {
    const before = this.#recordingIds;
    this.#recordingIds = new Map();
    return this.#server.applications.list().flatMap(({ name: appName }) => {
      const control = this.#server.recordings(appName);
      return (control?.list() ?? []).map(({ streamName, fileName = "", fileBytes, droppedPackets }) => {
        const path = { appName, streamName };
        const key = formatStreamPath(path);
        const uniqueId = before.get(key) ?? ++this.#lastId;
        this.#recordingIds.set(key, uniqueId);
        const extension = /\.(\w+)$/.exec(fileName)?.[1] ?? "flv";
        return {
          uniqueId,
          path,
          isInbound: false,
          facts: () => ({
            ...{ uniqueId, type: RECORD_TYPES[extension] ?? "OF", name: streamName, appName },
            ...{ connectionType: "record", fileName, bytesCount: fileBytes, droppedCount: droppedPackets },
          }),
          shutDown: async () => void await control?.stop(streamName),
        };
      });
    });
  }

  #common(
    { uniqueId, path, startedMs, origin, types }: {
      readonly uniqueId: number;
      readonly path: StreamPath;
      readonly startedMs: number;
      readonly origin: string;
      readonly types: readonly (readonly [RegExp, string])[];
    },
  ): Record<string, unknown> {
    const { clock } = this.#server;
    const upTime = Math.max(0, Math.round(clock.nowMs() - startedMs));
    const queryTimestamp = Math.round(clock.wallMs());
    const [connectionType = "", peer = ""] = origin.split(/ (.*)/s);
    const [, far, farPort] = /^\[?([\da-f.:]+?)\]?:(\d+)$/i.exec(peer) ?? [];
    return {
      uniqueId,
      type: types.find(([pattern]) => pattern.test(origin))?.[1],
      name: path.streamName,
      appName: path.appName,
      connectionType,
      ...far === undefined ? { peer } : { farIp: far, farPort: Number(farPort) },
      creationTimestamp: queryTimestamp - upTime,
      queryTimestamp,
      upTime,
    };
  }

  /** Kbit/s since it was asked for last, or since the start. */
  #bandwidthOf(publisher: Publisher): number {
    const atMs = this.#server.clock.nowMs();
    const { bytes } = publisher.statistics;
    const last = this.#samples.get(publisher) ?? { atMs: publisher.startedMs, bytes: 0 };
    if (atMs - last.atMs >= SAMPLE_MS) this.#samples.set(publisher, { atMs, bytes });
    return Math.round((bytes - last.bytes) * 8 / Math.max(1, atMs - last.atMs));
  }
}

/** Shortest time that a bandwidth is measured over, in ms. */
const SAMPLE_MS = 1_000;

/** The original's types, by what a publisher or player says of its origin; the last of each fits all. */
const IN_TYPES = [
  [/^(pull )?rtmp/, "INR"],
  [/^(pull )?rtsp/, "INP"],
  [/flv/, "INLFLV"],
  [/ts/, "INTS"],
  [/^/, "IN"],
] as const;
const OUT_TYPES = [
  [/^(push )?rtmp/, "ONR4R"],
  [/^(push )?rtsp/, "ONP"],
  [/^flv/, "ONFLV"],
  [/^ts/, "ONTS"],
  [/^/, "ON"],
] as const;
const RECORD_TYPES: Readonly<Record<string, string>> = { flv: "OFRFLV", mp4: "OFMP4", ts: "OFTS" };
