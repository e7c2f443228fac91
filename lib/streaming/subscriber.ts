import { LimitError } from "#errors";
import type { Packet } from "#media";
import type { FanoutLog, RandomAccessPoint } from "./fanout_log.ts";
import type { Segment } from "./segment.ts";

/** Where a subscriber's bytes go; a carrier of the protocol stack is one. */
export interface SubscriberSink {
  /** Queues bytes that come before anything of the source, at its next message boundary. */
  send(bytes: Uint8Array): void;
  /** Sets the subscriber as the source of shared bytes, or removes it. */
  setSource(source: Subscriber | undefined): void;
  /** The source has bytes again. */
  wake(): void;
  /** Ends the connection. */
  abort(error: Error): void;
}

/** Bounds of one subscriber's lag, and who is told. */
export interface SubscriberOptions {
  /** Protocol and peer, as in `rtmp 127.0.0.1:50000`, for lists of who watches. @default {""} */
  readonly origin?: string;
  /** When it came, monotonic, in ms. @default {0} */
  readonly startedMs?: number;
  /** Lag in media time, in ms, past which the cursor jumps to the newest key frame. */
  readonly maxLagMs: number;
  /** Lag in bytes past which the cursor jumps. */
  readonly maxLagBytes: number;
  /** Time without any progress, in ms, after which a lagging subscriber is closed. */
  readonly closeLagMs: number;
  /** The cursor jumped, and `skippedMs` of media were not sent. */
  readonly jumped?: (skippedMs: number) => void;
  /** A publisher came, or the last one left and everything it published was sent. */
  readonly publisherChanged?: (isLive: boolean) => void;
  /** The wire does not carry this track; told once for each kind and publisher. */
  readonly notCarried?: (packet: Packet) => void;
  /** Whether it is somebody who watches, rather than a relay; see `Stream.audienceCount`. @default {true} */
  readonly isAudience?: boolean;
  /** Waits for the next key frame instead of starting at the newest. @default {false} */
  readonly isFresh?: boolean;
  /** Media time to send, in ms, from the first packet on; 0 is one picture. @default everything */
  readonly durationMs?: number;
  /** `durationMs` of media were given to the carrier; nothing more is. */
  readonly finished?: () => void;
}

/**
 * A cursor into a fan-out log, and the source its carrier pulls slices from.
 *
 * At most one slice is lent at a time. Slices end on message boundaries; after a short write the rest of the
 * message goes first, whatever else is wanted.
 */
export class Subscriber {
  readonly #log: FanoutLog;
  readonly #sink: SubscriberSink;
  readonly #options: SubscriberOptions;
  #segment: Segment | undefined;
  #offset = 0;
  #isLent = false;
  #isIdle = false;
  #isInMessage = false;
  /** Leaves its place at the next message boundary: to jump, to pause or to end. */
  #isLeaving = false;
  #isPaused = false;
  #isSource = false;
  #isEnded = false;
  #hasStarted = false;
  /** Decoding time of the first packet that is not sent any more, in microseconds. */
  #endUs = Infinity;
  #jumps = 0;
  #sentBytes = 0;
  #checkedPosition = -1;
  #stalledSinceMs = -1;
  /** Runs once the cursor has reached the end of the log. */
  #whenDrained: (() => void) | undefined;

  constructor(log: FanoutLog, sink: SubscriberSink, options: SubscriberOptions) {
    this.#log = log;
    this.#sink = sink;
    this.#options = options;
  }

  /** Whether it is somebody who watches. */
  get isAudience(): boolean {
    return this.#options.isAudience ?? true;
  }

  /** Protocol and peer; empty where nobody said. */
  get origin(): string {
    return this.#options.origin ?? "";
  }

  /** When it came, monotonic, in ms. */
  get startedMs(): number {
    return this.#options.startedMs ?? 0;
  }

  /** Bytes of the log that the peer's kernel has accepted. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** How often the cursor jumped because the peer was too slow. */
  get jumps(): number {
    return this.#jumps;
  }

  /** Whether all that was taken from the log is whole messages. */
  get isAtBoundary(): boolean {
    return !this.#isInMessage;
  }

  /** Whether the subscriber waits for a publisher or its first key frame. */
  get isWaiting(): boolean {
    return this.#segment === undefined && !this.#isPaused;
  }

  /** Bytes of the log the peer's kernel has not accepted. */
  get lagBytes(): number {
    const segment = this.#segment;
    return segment === undefined ? 0 : this.#log.position - segment.start - this.#offset;
  }

  /** Media time from the oldest byte not accepted to the newest packet, in ms. */
  get lagMs(): number {
    const segment = this.#segment;
    if (segment === undefined) return 0;
    const oldestUs = segment.dtsUs[segment.messageAt(this.#offset)];
    return oldestUs === undefined ? 0 : Math.max(0, (this.#log.newestDtsUs - oldestUs) / 1000);
  }

  /** Attaches to the log and starts as soon as there is a place to start at. */
  start(): void {
    this.#isSource = true;
    this.#sink.setSource(this);
    this.#log.attach(this, this.#options.isFresh ?? false);
  }

  /** Puts the cursor at a random-access point, behind what a decoder must know there. */
  startAt(point: RandomAccessPoint): void {
    if (this.#isEnded || this.#isPaused) return;
    this.#segment = point.segment;
    this.#offset = point.offset;
    point.segment.readers++;
    const prelude = this.#log.prelude(point, !this.#hasStarted);
    const { durationMs = Infinity } = this.#options;
    if (!this.#hasStarted) this.#endUs = point.dtsUs + Math.max(durationMs * 1000, 1);
    this.#hasStarted = true;
    if (prelude.length > 0) this.#sink.send(prelude);
    this.#sink.wake();
  }

  /** Called by the log's flush. */
  wake(): void {
    this.#isIdle = false;
    this.#sink.wake();
  }

  /** The next bytes for the peer, lent until `accepted` or `failed`; `undefined` while there are none. */
  nextSlice(): Uint8Array | undefined {
    let segment = this.#segment;
    if (segment === undefined) return undefined;
    if (this.#isLeaving) return this.#restOfMessage(segment);
    if (this.#offset === segment.length && segment.next !== undefined) segment = this.#advance(segment);
    if (this.#offset === segment.length || !this.#log.isReleased(segment.start + this.#offset)) {
      if (!this.#isIdle) {
        this.#isIdle = true;
        this.#log.idle(this);
      }
      this.#drained();
      return undefined;
    }
    const slice = this.#endUs === Infinity ? this.#log.view(segment, this.#offset) : this.#upToEnd(segment);
    this.#isLent = slice !== undefined;
    return slice;
  }

  /** The kernel took `count` bytes of the slice. */
  accepted(count: number): void {
    this.#isLent = false;
    this.#sentBytes += count;
    const segment = this.#segment;
    if (segment === undefined) return;
    this.#offset += count;
    // a whole slice ends where the segment ended when it was lent; only short writes end inside a message
    this.#isInMessage = this.#offset !== segment.length && !segment.isBoundary(this.#offset);
    if (this.#isLeaving && !this.#isInMessage) this.#leave();
  }

  /** The connection ended. */
  failed(_error: unknown): void {
    this.#isLent = this.#isInMessage = this.#isSource = false;
    this.end();
    // the loan was the last to hold the segment
    if (this.#isLeaving) this.#leave();
  }

  /** Stops sending until `resume`; what is published meanwhile is skipped. */
  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#log.unseat(this);
    this.#startLeaving();
  }

  /** Goes on at the newest key frame. */
  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (!this.#isLeaving) this.#log.seat(this);
  }

  /** Leaves the stream; bytes of the message in flight still go out. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#log.unseat(this);
    this.#startLeaving();
    this.#log.detach(this);
    if (this.#segment === undefined) this.#letGo();
  }

  /**
   * Ends the connection of whoever watches.
   *
   * @param error Why.
   */
  abort(error: Error): void {
    this.#sink.abort(error);
  }

  /** Tells that the publisher came or went; the latter after the last of its bytes. */
  publisherChanged(isLive: boolean): void {
    const notify = this.#options.publisherChanged;
    if (notify === undefined) return;
    this.#drained();
    this.#whenDrained = () => notify(isLive);
    if (isLive || this.#segment === undefined || (!this.#isLent && this.lagBytes === 0)) this.#drained();
  }

  /** Tells that the wire does not carry a track of the stream. */
  notCarried(packet: Packet): void {
    this.#options.notCarried?.(packet);
  }

  /**
   * Compares the lag with the bounds; called a few times a second.
   *
   * @param nowMs Time of the check, monotonic, in ms.
   */
  checkLag(nowMs: number): void {
    const segment = this.#segment;
    if (segment === undefined || this.#isEnded) return;
    const position = segment.start + this.#offset;
    if (position !== this.#checkedPosition) {
      this.#checkedPosition = position;
      this.#stalledSinceMs = nowMs;
    }
    const { maxLagBytes, maxLagMs, closeLagMs } = this.#options;
    if (!this.#isLeaving && this.lagBytes <= maxLagBytes && this.lagMs <= maxLagMs) return;
    if (nowMs - this.#stalledSinceMs >= closeLagMs) {
      const stalledMs = Math.round(nowMs - this.#stalledSinceMs);
      const message =
        `Peer too slow: it took no byte for ${stalledMs} ms with ${this.lagBytes} bytes waiting`;
      this.#sink.abort(new LimitError("closeLagMs", { value: stalledMs, limit: closeLagMs, message }));
    } else if (
      !this.#isLeaving && (this.#log.randomAccessPoint !== undefined || this.lagBytes > maxLagBytes)
    ) {
      this.#jump();
    }
  }

  #drained(): void {
    const notify = this.#whenDrained;
    if (notify === undefined) return;
    this.#whenDrained = undefined;
    notify();
  }

  /** Leaves for the newest key frame, or to wait for the next where the GOP has outgrown its bounds. */
  #jump(): void {
    const point = this.#log.randomAccessPoint;
    const segment = this.#segment!;
    if (point !== undefined && point.position <= segment.start + this.#offset) return;
    this.#jumps++;
    const nextUs = point?.dtsUs ?? this.#log.newestDtsUs;
    const oldestUs = segment.dtsUs[segment.messageAt(this.#offset)] ?? nextUs;
    this.#options.jumped?.(Math.round((nextUs - oldestUs) / 1000));
    this.#startLeaving();
  }

  /** From here the segment is held by a loan only, so that the ones after it can be freed. */
  #startLeaving(): void {
    const segment = this.#segment;
    if (segment === undefined || this.#isLeaving) return;
    this.#isLeaving = true;
    segment.readers--;
    segment.loans++;
    this.#log.left(segment);
    if (!this.#isLent && !this.#isInMessage) this.#leave();
  }

  #leave(): void {
    const segment = this.#segment!;
    this.#segment = undefined;
    this.#isLeaving = false;
    segment.loans--;
    this.#log.left(segment);
    if (this.#isEnded) this.#letGo();
    else if (!this.#isPaused) this.#log.seat(this);
  }

  /** The carrier is free for another source. */
  #letGo(): void {
    if (this.#isSource) this.#sink.setSource(undefined);
    this.#isSource = false;
  }

  /** What lies before the end of what was asked for; the cursor leaves when there is no more. */
  #upToEnd(segment: Segment): Uint8Array | undefined {
    let index = segment.messageAt(this.#offset);
    while (index < segment.ends.length && segment.dtsUs[index]! < this.#endUs) index++;
    if (index === segment.ends.length) return this.#log.view(segment, this.#offset);
    const end = index === 0 ? 0 : segment.ends[index - 1]!;
    if (end > this.#offset) return segment.bytes.subarray(this.#offset, end);
    this.pause();
    queueMicrotask(() => this.#options.finished?.());
    return undefined;
  }

  #restOfMessage(segment: Segment): Uint8Array {
    const end = segment.ends[segment.messageAt(this.#offset)] ?? segment.length;
    this.#isLent = true;
    return segment.bytes.subarray(this.#offset, end);
  }

  #advance(segment: Segment): Segment {
    const next = segment.next!;
    next.readers++;
    segment.readers--;
    this.#segment = next;
    this.#offset = 0;
    this.#log.left(segment);
    return next;
  }
}
