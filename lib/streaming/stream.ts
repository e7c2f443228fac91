import type { Clock } from "#clock";
import { ClosedError, LimitError } from "#errors";
import type { Packet } from "#media";
import { FanoutLog } from "./fanout_log.ts";
import type { MergeSchedule, MergeWrite } from "./merge_schedule.ts";
import { PacketLog } from "./packet_log.ts";
import type { PacketCursor } from "./packet_log.ts";
import { Publisher } from "./publisher.ts";
import type { PublisherOptions } from "./publisher.ts";
import type { SegmentPool } from "./segment.ts";
import { headerWith } from "./stream_header.ts";
import { Subscriber } from "./subscriber.ts";
import type { SubscriberOptions, SubscriberSink } from "./subscriber.ts";
import { EMPTY_STREAM_HEADER } from "./wire_format.ts";
import type { StreamHeader, WireFormat } from "./wire_format.ts";

/** How often lags are compared with their bounds, in ms. */
export const LAG_CHECK_MS = 500;

/**
 * Most logs of one stream, beside those of common wires. A log costs memory and encoding whatever its subscribers number, and peers choose
 * wires: an RTMP player by its message stream id and its tracks.
 */
export const MAX_STREAM_LOGS = 32;

/** Most times in TELL_WINDOW_MS that subscribers are told at once of a publisher that came or left. */
const MAX_TELLS = 8;
/** A publisher that comes and goes more often is left to do so for the rest of this time, in ms. */
const TELL_WINDOW_MS = 1_000;

/** Options of a stream; an application has its own. */
export interface StreamOptions {
  /** Most bytes kept for late joiners. */
  readonly gopCacheBytes: number;
  /** Most media time kept for late joiners, in ms; 0 turns the cache off. */
  readonly gopCacheMs: number;
  /** Longest time a packet is held so that one write carries several. */
  readonly mergeWriteMs: MergeWrite;
  /** Lag in media time, in ms, past which a subscriber jumps to the newest key frame. */
  readonly maxLagMs: number;
  /** Lag in bytes past which a subscriber jumps. */
  readonly maxLagBytes: number;
  /** Time without progress, in ms, after which a lagging subscriber is closed. */
  readonly closeLagMs: number;
  /** A live publisher that sent no media for this long, in ms, may be replaced by another. */
  readonly publisherSilentMs: number;
  /** Time subscribers are left in peace, in ms, when the publisher's connection is lost without good-bye. */
  readonly publisherGraceMs: number;
}

/** Defaults of {@link StreamOptions}. */
export const STREAM_DEFAULTS: StreamOptions = {
  gopCacheBytes: 16 * 1024 * 1024,
  gopCacheMs: 15_000,
  mergeWriteMs: "adaptive",
  maxLagMs: 8_000,
  maxLagBytes: 16 * 1024 * 1024,
  closeLagMs: 20_000,
  publisherSilentMs: 5_000,
  publisherGraceMs: 5_000,
};

/** Name of a stream: its application and its own. */
export interface StreamPath {
  readonly appName: string;
  readonly streamName: string;
}

/** What streams of one registry share. */
export interface StreamContext {
  readonly clock: Clock;
  readonly pool: SegmentPool;
  readonly schedule: MergeSchedule;
  /** The stream has neither publisher nor subscribers. */
  readonly emptied: (stream: Stream) => void;
  /** A publisher has started, or left. */
  readonly changed: (stream: Stream, isLive: boolean) => void;
  /** Somebody wants to watch a stream that nobody publishes. */
  readonly wanted: (path: StreamPath) => void;
}

/**
 * One live stream: who publishes it, what late joiners need, and the logs its subscribers read.
 *
 * A stream outlives its publisher while subscribers wait for the next one.
 */
export class Stream {
  readonly path: StreamPath;
  readonly options: StreamOptions;
  /** The newest packets; cleared when the publisher leaves. */
  readonly packets: PacketLog;
  readonly #context: StreamContext;
  readonly #logs = new Map<string, FanoutLog>();
  #header: StreamHeader = EMPTY_STREAM_HEADER;
  #publisher: Publisher | undefined;
  #newestDtsUs: number | undefined;
  /** Those that keep the stream beside its subscribers. */
  #holds = 0;
  #consumers = 0;
  /** Subscribers that carry the stream on rather than watch it. */
  readonly #relays = new Set<Subscriber>();
  #lagTimer: Disposable | undefined;
  #graceTimer: Disposable | undefined;
  /** Whether the publisher is lost and subscribers were not told yet. */
  #isInGrace = false;
  #tells = 0;
  #tellWindowMs = -Infinity;
  #isClosed = false;

  constructor(path: StreamPath, made: { options: StreamOptions; context: StreamContext }) {
    const { options, context } = made;
    this.path = path;
    this.options = options;
    this.#context = context;
    this.packets = new PacketLog({ maxBytes: options.gopCacheBytes, maxMs: options.gopCacheMs });
  }

  /** Who publishes now, or `undefined`. */
  get publisher(): Publisher | undefined {
    return this.#publisher;
  }

  /** What late joiners need to know now. */
  get header(): StreamHeader {
    return this.#header;
  }

  /** Decoding time of the newest packet ever published, in microseconds, or `undefined`. */
  get newestDtsUs(): number | undefined {
    return this.#newestDtsUs;
  }

  /** Number of subscribers of all wires, waiting ones too, and of packet consumers. */
  get subscriberCount(): number {
    let count = this.#consumers;
    for (const log of this.#logs.values()) count += log.subscribers.size;
    return count;
  }

  /** Subscribers of all wires, relays too. */
  get subscribers(): readonly Subscriber[] {
    const readers = [...this.#logs.values()].flatMap(({ subscribers }) => [...subscribers]);
    return readers.filter((reader) => reader instanceof Subscriber);
  }

  /** Number of those who watch: subscribers that are no relays, and packet consumers. */
  get audienceCount(): number {
    return this.subscriberCount - this.#relays.size;
  }

  /** The logs, by the key of their format. */
  get logs(): ReadonlyMap<string, FanoutLog> {
    return this.#logs;
  }

  /**
   * Becomes the publisher.
   *
   * A live publisher is kept unless it has been silent for `publisherSilentMs`; then it is told and replaced.
   * Subscribers stay, and timestamps go on rising.
   *
   * @returns The publisher, or `undefined` if another one is live.
   */
  publish(options: PublisherOptions): Publisher | undefined {
    const present = this.#publisher;
    const nowMs = this.#context.clock.nowMs();
    if (present !== undefined) {
      if (nowMs - present.lastMediaMs < this.options.publisherSilentMs) return undefined;
      present.replaced();
      this.#context.changed(this, false);
    }
    this.#graceTimer?.[Symbol.dispose]();
    const publisher = new Publisher(this, { ...options, clock: this.#context.clock });
    this.#publisher = publisher;
    this.#header = EMPTY_STREAM_HEADER;
    this.#forgetStarts();
    this.#context.changed(this, true);
    // subscribers that were not told of the loss need not hear of the return
    if (!this.#isInGrace && present === undefined) this.#tell(true);
    this.#isInGrace = false;
    return publisher;
  }

  /**
   * Attaches a subscriber, which starts at the newest key frame or waits for one.
   *
   * @param sink Where its bytes go.
   * @param format Its wire; subscribers of equal keys share one log.
   * @throws {LimitError} If there are MAX_STREAM_LOGS logs already, and none of this wire.
   * @throws {ClosedError} If the stream has ended.
   */
  subscribe(
    sink: SubscriberSink,
    format: WireFormat,
    options: Omit<SubscriberOptions, "maxLagMs" | "maxLagBytes" | "closeLagMs"> = {},
  ): Subscriber {
    if (this.#isClosed) throw new ClosedError(`Stream ${this.path.streamName} was closed`);
    const startedMs = this.#context.clock.nowMs();
    const subscriber = new Subscriber(this.#log(format), sink, { ...this.options, startedMs, ...options });
    this.#lagTimer ??= this.#context.clock.every(LAG_CHECK_MS, () => this.#checkLags());
    subscriber.start();
    if (!subscriber.isAudience) this.#relays.add(subscriber);
    else if (this.#publisher === undefined) this.#context.wanted(this.path);
    return subscriber;
  }

  /** Detaches a subscriber; the log of its wire is dropped with the last one. */
  unsubscribe(subscriber: Subscriber): void {
    subscriber.end();
    this.#relays.delete(subscriber);
    for (const [key, log] of this.#logs) {
      if (log.subscribers.size > 0) continue;
      log.close();
      this.#logs.delete(key);
    }
    this.#settle();
  }

  /** Keeps the stream, while a subscriber changes its wire, until the returned value is disposed. */
  hold(): Disposable {
    this.#holds++;
    return {
      [Symbol.dispose]: () => {
        this.#holds--;
        this.#settle();
      },
    };
  }

  /** A cursor over packets, from the newest key frame on; dispose it to leave. */
  readPackets(): PacketCursor {
    this.#consumers++;
    return this.packets.cursor(() => {
      this.#consumers--;
      this.#settle();
    });
  }

  /**
   * Called by the publisher: appends one packet to every log.
   *
   * @throws {LimitError} If late joiners would have to be told more than MAX_HEADER_BYTES, or MAX_KEPT_CONFIGS.
   */
  append(packet: Packet): void {
    if (packet.role === "media") this.#newestDtsUs = packet.dtsUs;
    if (packet.role !== "media" || !this.#hasSeen(packet)) this.#header = headerWith(this.#header, packet);
    const header = this.#header;
    const isStart = packet.role === "media" &&
      (packet.kind === "video"
        ? packet.isKeyFrame && packet.trackId === header.videoTrackId
        : packet.kind === "audio" && !header.hasVideo);
    this.packets.append(packet, isStart);
    for (const log of this.#logs.values()) log.append(packet, header);
  }

  /**
   * Called by the publisher when it ends.
   *
   * @param isLost Whether its connection ended without good-bye, so that it may be back soon.
   */
  publisherLeft(publisher: Publisher, isLost: boolean): void {
    if (this.#publisher !== publisher) return;
    this.#publisher = undefined;
    for (const log of this.#logs.values()) log.flush();
    this.#forgetStarts();
    this.#context.changed(this, false);
    const graceMs = isLost ? this.options.publisherGraceMs : this.#quietMs();
    if (graceMs > 0 && this.subscriberCount > 0) {
      this.#isInGrace = true;
      this.#graceTimer = this.#context.clock.after(graceMs, () => {
        this.#isInGrace = false;
        this.#tell(false);
      });
    } else {
      this.#tell(false);
    }
    this.#settle();
  }

  /** Ends the stream for good: called by the registry. */
  close(): void {
    this.#isClosed = true;
    this.#lagTimer?.[Symbol.dispose]();
    this.#graceTimer?.[Symbol.dispose]();
    for (const log of this.#logs.values()) log.close();
    this.#logs.clear();
  }

  #hasSeen(packet: Packet): boolean {
    const { videoTrackId, audioTrackId } = this.#header;
    return packet.trackId >= (packet.kind === "video" ? videoTrackId : audioTrackId);
  }

  #log(format: WireFormat): FanoutLog {
    const known = this.#logs.get(format.key);
    if (known !== undefined) return known;
    const isRare = format.isCommon !== true;
    if (isRare && this.#rareLogs() >= MAX_STREAM_LOGS) {
      throw new LimitError("MAX_STREAM_LOGS", {
        value: MAX_STREAM_LOGS + 1,
        limit: MAX_STREAM_LOGS,
        message:
          `Cannot play ${this.path.streamName} as ${format.key}: it is sent in ${MAX_STREAM_LOGS} ways already`,
      });
    }
    const { pool, schedule } = this.#context;
    const log = new FanoutLog(format, { ...this.options, pool, schedule });
    this.#logs.set(format.key, log);
    const start = this.packets.start;
    if (start !== undefined) {
      for (let at = start; at < this.packets.end; at++) log.append(this.packets.at(at)!, this.#header);
      log.flush();
    }
    return log;
  }

  #rareLogs(): number {
    let count = 0;
    for (const { format } of this.#logs.values()) if (format.isCommon !== true) count++;
    return count;
  }

  #forgetStarts(): void {
    this.packets.clear();
    for (const log of this.#logs.values()) log.restart();
  }

  /** Time for which subscribers should be left in peace now, in ms: one peer's flapping costs all of them. */
  #quietMs(): number {
    return this.#tells < MAX_TELLS
      ? 0
      : Math.max(0, this.#tellWindowMs + TELL_WINDOW_MS - this.#context.clock.nowMs());
  }

  #tell(isLive: boolean): void {
    const nowMs = this.#context.clock.nowMs();
    if (nowMs - this.#tellWindowMs >= TELL_WINDOW_MS) {
      this.#tellWindowMs = nowMs;
      this.#tells = 0;
    }
    this.#tells++;
    for (const log of this.#logs.values()) {
      for (const subscriber of [...log.subscribers]) subscriber.publisherChanged(isLive);
    }
  }

  #checkLags(): void {
    const nowMs = this.#context.clock.nowMs();
    for (const log of this.#logs.values()) {
      for (const subscriber of log.subscribers) subscriber.checkLag(nowMs);
    }
  }

  #settle(): void {
    if (this.#logs.size === 0) {
      this.#lagTimer?.[Symbol.dispose]();
      this.#lagTimer = undefined;
    }
    const isUsed = this.#publisher !== undefined || this.subscriberCount > 0 || this.#holds > 0;
    if (!isUsed) this.#context.emptied(this);
  }
}
