import type { Packet } from "#media";
import { FlushTimer } from "./merge_schedule.ts";
import type { MergeSchedule, MergeWrite } from "./merge_schedule.ts";
import type { Segment, SegmentPool } from "./segment.ts";
import type { StreamHeader, WireFormat } from "./wire_format.ts";

/** Shortest media time between random-access points of a stream without video, in microseconds. */
const AUDIO_START_INTERVAL_US = 500_000;

/** A log with so many subscribers gets wide segments from then on. */
const WIDE_FROM_SUBSCRIBERS = 64;

/** A place in the log where a subscriber can start. */
export interface RandomAccessPoint {
  readonly segment: Segment;
  readonly offset: number;
  /** Position from the start of the log, in bytes. */
  readonly position: number;
  readonly dtsUs: number;
  /** What is in force there. */
  readonly header: StreamHeader;
}

/** What a log needs of those who read it. */
export interface LogReader {
  /** Puts the cursor at a random-access point. */
  startAt(point: RandomAccessPoint): void;
  /** A flush released bytes beyond the cursor. */
  wake(): void;
  /** The wire does not carry a track of the stream. */
  notCarried(packet: Packet): void;
  /** The publisher came or left. */
  publisherChanged(isLive: boolean): void;
  /** Compares the lag with its bounds. */
  checkLag(nowMs: number): void;
}

/** Bounds of one log. */
export interface FanoutLogOptions {
  /** Most bytes kept for late joiners. */
  readonly gopCacheBytes: number;
  /** Most media time kept for late joiners, in ms; 0 lets them wait for the next key frame. */
  readonly gopCacheMs: number;
  /** Longest time a packet is held so that one write carries several. */
  readonly mergeWriteMs: MergeWrite;
}

/**
 * The packets of one stream as bytes of one wire, appended once and read by every subscriber's cursor.
 *
 * Linked segments on shared memory. A segment is reused only when the log needs it no more as a start for
 * late joiners, no cursor is in it or before it, and every write that lent a view of it has settled.
 */
export class FanoutLog {
  readonly format: WireFormat;
  readonly #options: FanoutLogOptions;
  readonly #pool: SegmentPool;
  readonly #timer: FlushTimer;
  readonly #subscribers = new Set<LogReader>();
  /** From the oldest that may still be read to the tail. */
  readonly #segments: Segment[] = [];
  #tail: Segment | undefined;
  #start: RandomAccessPoint | undefined;
  /** In force with the newest packet. */
  #header: StreamHeader | undefined;
  #newestDtsUs = 0;
  #flushedPosition = 0;
  /** Cursors at the end of the log, to be woken by the next flush. */
  #idle: LogReader[] = [];
  #woken: LogReader[] = [];
  /** Subscribers that wait for a random-access point. */
  readonly #waiting = new Set<LogReader>();
  /** The first packet of each kind of track that the wire does not carry. */
  readonly #notCarried = new Map<Packet["kind"], Packet>();
  #carriesVideo = false;
  #preludePoint: RandomAccessPoint | undefined;
  /** For those who start there, and for those who jump there. */
  #preludes: [Uint8Array | undefined, Uint8Array | undefined] = [undefined, undefined];
  #viewSegment: Segment | undefined;
  #viewStart = 0;
  #view: Uint8Array | undefined;

  constructor(
    format: WireFormat,
    options: FanoutLogOptions & { pool: SegmentPool; schedule: MergeSchedule },
  ) {
    this.format = format;
    this.#options = options;
    this.#pool = options.pool;
    this.#timer = new FlushTimer(options.schedule, {
      merge: options.mergeWriteMs,
      flush: () => this.flush(),
    });
  }

  /** Subscribers, in the order they came. */
  get subscribers(): ReadonlySet<LogReader> {
    return this.#subscribers;
  }

  /** Bytes appended since the log was made. */
  get position(): number {
    return this.#tail === undefined ? 0 : this.#tail.start + this.#tail.length;
  }

  /** Decoding time of the newest packet, in microseconds. */
  get newestDtsUs(): number {
    return this.#newestDtsUs;
  }

  /** Newest place to start at, or `undefined` while late joiners must wait. */
  get randomAccessPoint(): RandomAccessPoint | undefined {
    return this.#start;
  }

  /** Segments held for late joiners and slow cursors. */
  get segmentCount(): number {
    return this.#segments.length;
  }

  /**
   * Appends one packet.
   *
   * @param packet Encoded now; not kept.
   * @param header What is in force with this packet; kept by random-access points.
   */
  append(packet: Packet, header: StreamHeader): void {
    if (header !== this.#header) {
      this.#header = header;
      this.format.follow?.(header);
    }
    if (!this.format.carries(packet)) {
      this.#note(packet, header);
      return;
    }
    if (packet.kind === "video") this.#carriesVideo = true;
    const size = this.format.encodedBytes(packet);
    if (size === 0) return;
    const tail = this.#tailFor(size);
    const offset = tail.length;
    this.format.encodeInto(tail.bytes, offset, packet);
    tail.length = offset + size;
    tail.ends.push(tail.length);
    tail.dtsUs.push(packet.dtsUs);
    if (packet.role === "media") this.#newestDtsUs = packet.dtsUs;
    if (packet.role === "media" && this.#isStart(packet, header)) {
      this.#start = { segment: tail, offset, position: tail.start + offset, dtsUs: packet.dtsUs, header };
      this.#release();
      this.#admit();
    } else {
      this.#boundStart();
    }
    const isAnchor = packet.kind === "video" || !this.#carriesVideo;
    this.#timer.appended(isAnchor, this.#subscribers.size);
  }

  /** Writes what was appended since the last flush to every cursor at the end of the log. */
  flush(): void {
    this.#flushedPosition = this.position;
    // two arrays change places, so that a round allocates nothing
    const woken = this.#idle;
    this.#idle = this.#woken;
    this.#woken = woken;
    for (let i = 0; i < woken.length; i++) woken[i]!.wake();
    woken.length = 0;
  }

  /**
   * Adds a subscriber.
   *
   * @param isFresh Whether it waits for the next random-access point even if there is one.
   */
  attach(subscriber: LogReader, isFresh: boolean): void {
    this.#subscribers.add(subscriber);
    for (const packet of this.#notCarried.values()) subscriber.notCarried(packet);
    if (isFresh) this.#waiting.add(subscriber);
    else this.seat(subscriber);
  }

  /** Removes a subscriber that has let its segment go. */
  detach(subscriber: LogReader): void {
    this.#subscribers.delete(subscriber);
    this.#waiting.delete(subscriber);
    const at = this.#idle.indexOf(subscriber);
    if (at >= 0) this.#idle.splice(at, 1);
  }

  /** Puts a subscriber at the newest random-access point, or lets it wait for the next one. */
  seat(subscriber: LogReader): void {
    if (this.#start !== undefined) subscriber.startAt(this.#start);
    else this.#waiting.add(subscriber);
  }

  /** No longer waits for a random-access point. */
  unseat(subscriber: LogReader): void {
    this.#waiting.delete(subscriber);
  }

  /** The bounds were exceeded: late joiners wait for the next key frame. */
  forgetStart(): void {
    this.#start = undefined;
    this.#release();
  }

  /** The publisher changed: nothing is known of the tracks. */
  restart(): void {
    this.#notCarried.clear();
    this.#carriesVideo = false;
    this.forgetStart();
  }

  /** Stops timers and frees every segment; subscribers must have left. */
  close(): void {
    this.#timer.stop();
    this.#start = undefined;
    for (const segment of this.#segments.splice(0)) this.#letGo(segment);
    this.#tail = undefined;
  }

  /**
   * Bytes that come before the first packet of a subscriber at `point`; one array for all that start there.
   *
   * @param isFirst Whether the subscriber has received nothing yet.
   */
  prelude(point: RandomAccessPoint, isFirst: boolean): Uint8Array {
    if (this.#preludePoint !== point) {
      this.#preludePoint = point;
      this.#preludes = [undefined, undefined];
    }
    const place = isFirst ? 0 : 1;
    return this.#preludes[place] ??= this.format.prelude(point.header, { dtsUs: point.dtsUs, isFirst });
  }

  /** Whether a cursor at `position` has bytes that a flush released. */
  isReleased(position: number): boolean {
    return position < this.#flushedPosition;
  }

  /** A cursor has reached the end and is to be woken by the next flush. */
  idle(subscriber: LogReader): void {
    this.#idle.push(subscriber);
  }

  /** Everything in `segment` from `offset` on; cursors at the same place get the same view. */
  view(segment: Segment, offset: number): Uint8Array {
    if (this.#viewSegment === segment && this.#viewStart === offset) {
      const view = this.#view!;
      if (offset + view.length === segment.length) return view;
    }
    this.#viewSegment = segment;
    this.#viewStart = offset;
    return this.#view = segment.bytes.subarray(offset, segment.length);
  }

  /** A cursor left `segment`, or a loan in it ended: frees what nothing needs. */
  left(segment: Segment): void {
    if (segment.isDetached) {
      if (segment.loans === 0 && segment.readers === 0) this.#pool.give(segment);
    } else if (segment.readers === 0) {
      this.#release();
    }
  }

  /** Tells subscribers of a kind they do not get: of its default track, since others are many players' to miss. */
  #note(packet: Packet, header: StreamHeader): void {
    const { kind, role, trackId } = packet;
    if (role === "control" || role === "description" || this.#notCarried.has(kind)) return;
    // the configuration of another track may come before anything of track 0
    if (trackId !== 0 && (role !== "media" || trackId !== defaultTrackOf(kind, header))) return;
    this.#notCarried.set(packet.kind, packet);
    for (const subscriber of [...this.#subscribers]) subscriber.notCarried(packet);
  }

  #isStart(packet: Packet, header: StreamHeader): boolean {
    if (packet.kind === "video") return packet.isKeyFrame && packet.trackId === header.videoTrackId;
    // a header with video that this wire does not carry is audio to its subscribers
    if (packet.kind !== "audio" || this.#carriesVideo) return false;
    if (header.hasVideo && !this.#notCarried.has("video")) return false;
    return this.#start === undefined || packet.dtsUs - this.#start.dtsUs >= AUDIO_START_INTERVAL_US;
  }

  /** Lets waiting subscribers start at the point just made. */
  #admit(): void {
    if (this.#waiting.size > 0) {
      for (const subscriber of [...this.#waiting]) {
        this.#waiting.delete(subscriber);
        subscriber.startAt(this.#start!);
      }
    }
    if (this.#options.gopCacheMs === 0) this.#start = undefined;
  }

  /** Forgets the start once the bytes or the time after it exceed the bounds. */
  #boundStart(): void {
    const start = this.#start;
    if (start === undefined) return;
    const { gopCacheBytes, gopCacheMs } = this.#options;
    if (
      this.position - start.position > gopCacheBytes || this.#newestDtsUs - start.dtsUs > gopCacheMs * 1000
    ) {
      this.forgetStart();
    }
  }

  #tailFor(size: number): Segment {
    const tail = this.#tail;
    if (tail !== undefined && tail.room >= size) return tail;
    const next = this.#pool.take(this.position, size, this.#subscribers.size >= WIDE_FROM_SUBSCRIBERS);
    if (tail !== undefined) tail.next = next;
    this.#segments.push(next);
    this.#tail = next;
    this.#release();
    return next;
  }

  /** Lets go of the oldest segments as long as nothing needs them. */
  #release(): void {
    const first = this.#start?.segment ?? this.#tail;
    while (this.#segments.length > 0) {
      const oldest = this.#segments[0]!;
      if (oldest === first || oldest === this.#tail || oldest.readers > 0) return;
      this.#segments.shift();
      this.#letGo(oldest);
    }
  }

  #letGo(segment: Segment): void {
    segment.isDetached = true;
    if (this.#viewSegment === segment) {
      this.#viewSegment = undefined;
      this.#view = undefined;
    }
    if (segment.loans === 0 && segment.readers === 0) this.#pool.give(segment);
  }
}

function defaultTrackOf(kind: Packet["kind"], header: StreamHeader): number {
  return kind === "video" ? header.videoTrackId : kind === "audio" ? header.audioTrackId : 0;
}
