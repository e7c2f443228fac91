import type { Packet } from "#media";

/**
 * Most packets kept, whatever their size: one costs about 320 bytes beside its payload. A GOP of 15 s has 1,600
 * of them at 60 pictures a second, 15,700 at 1,000.
 */
export const MAX_LOGGED_PACKETS = 32_768;

/** Bounds of a packet log. */
export interface PacketLogOptions {
  /** Most bytes of packets kept. */
  readonly maxBytes: number;
  /** Most media time kept, in ms. */
  readonly maxMs: number;
}

/**
 * The newest packets of a stream: the GOP for late joiners, and what packet consumers read at their own pace.
 *
 * Sequence numbers count packets from the start of the stream. The newest GOP is kept, and before it what a
 * consumer has still to read, as far as the bounds allow.
 */
export class PacketLog {
  readonly #options: PacketLogOptions;
  readonly #cursors = new Set<PacketCursor>();
  /** The packets from sequence number `#base` on; those before `#first` are given up and not yet cut off. */
  #packets: (Packet | undefined)[] = [];
  #base = 0;
  #first = 0;
  #bytes = 0;
  #start: number | undefined;

  /** @param options Bounds of what is kept. */
  constructor(options: PacketLogOptions) {
    this.#options = options;
  }

  /** Sequence number of the oldest packet kept. */
  get first(): number {
    return this.#first;
  }

  /** Sequence number the next packet will get. */
  get end(): number {
    return this.#base + this.#packets.length;
  }

  /** Sequence number of the newest packet a consumer can start at, or `undefined`. */
  get start(): number | undefined {
    return this.#start;
  }

  /** Bytes of the packets kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The packet with this sequence number, or `undefined` where it is not kept. */
  at(sequence: number): Packet | undefined {
    return this.#packets[sequence - this.#base];
  }

  /**
   * Appends a packet.
   *
   * @param isStart Whether a consumer can start here.
   */
  append(packet: Packet, isStart: boolean): void {
    const sequence = this.end;
    if (isStart) this.#start = sequence;
    this.#packets.push(packet);
    this.#bytes += packetBytes(packet);
    // a consumer that reads at once gets what no bound leaves room for
    if (this.#cursors.size > 0) {
      for (const cursor of this.#cursors) cursor.appended(sequence, isStart);
    }
    this.#bound(packet.dtsUs);
  }

  /** Forgets everything; cursors go on with the next packet. */
  clear(): void {
    this.#first = this.#base = this.end;
    this.#packets = [];
    this.#bytes = 0;
    this.#start = undefined;
  }

  /**
   * A cursor from what is the newest start now, or else from the next one to come.
   *
   * @param left Called once, when the cursor is disposed.
   * @param options `isFromNow`: from the next packet to come instead, whatever it is.
   */
  cursor(left: () => void = () => {}, options: { readonly isFromNow?: boolean } = {}): PacketCursor {
    const detach = () => {
      if (this.#cursors.delete(cursor)) left();
    };
    const start = options.isFromNow === true ? this.end : this.#start;
    const cursor = new PacketCursor(this, { start, detach });
    this.#cursors.add(cursor);
    return cursor;
  }

  #bound(newestUs: number): void {
    const { maxBytes, maxMs } = this.#options;
    let keepFrom = this.#start ?? this.end;
    for (const cursor of this.#cursors) keepFrom = Math.min(keepFrom, cursor.position ?? keepFrom);
    for (;;) {
      const oldest = this.at(this.#first);
      if (oldest === undefined) break;
      const isOver = this.#bytes > maxBytes || this.end - this.#first > MAX_LOGGED_PACKETS ||
        newestUs - oldest.dtsUs > maxMs * 1000;
      if (this.#first >= keepFrom && !isOver) break;
      this.#bytes -= packetBytes(oldest);
      this.#packets[this.#first++ - this.#base] = undefined;
    }
    this.#cut();
    if (this.#start !== undefined && this.#start < this.#first) this.#start = undefined;
  }

  /** Cuts off what was given up, once that is half of the array: one packet after the other would move all. */
  #cut(): void {
    const count = this.#first - this.#base;
    if (count === 0 || count * 2 < this.#packets.length) return;
    this.#packets.splice(0, count);
    this.#base = this.#first;
  }
}

/** Memory of a packet: what it came in is the same array, and may be longer than what is played of it. */
export function packetBytes(packet: Packet): number {
  return packet.flvTagBody?.length ?? packet.payload.length;
}

/** Reads a packet log at its own pace; where it is too slow it jumps to the newest start. */
export class PacketCursor implements Disposable {
  readonly #log: PacketLog;
  readonly #detach: () => void;
  #next: number | undefined;
  #missed = 0;
  #wake: (() => void) | undefined;
  #isDisposed = false;

  /**
   * @param log Read from now on.
   * @param options `start`: sequence number of the first packet to read, `undefined` for the next start to
   * come; `detach`: called when the cursor is disposed.
   */
  constructor(log: PacketLog, options: { start: number | undefined; detach: () => void }) {
    this.#log = log;
    this.#next = options.start;
    this.#detach = options.detach;
  }

  /** Packets that were dropped before this cursor read them. */
  get missed(): number {
    return this.#missed;
  }

  /** Sequence number of the next packet to read; `undefined` while the cursor waits for a start. */
  get position(): number | undefined {
    return this.#next;
  }

  /** The next packet, or `undefined` while there is none. */
  next(): Packet | undefined {
    if (this.#next === undefined) return undefined;
    if (this.#next < this.#log.first) {
      const resume = this.#log.start ?? this.#log.end;
      this.#missed += resume - this.#next;
      this.#next = resume;
    }
    const packet = this.#log.at(this.#next);
    if (packet !== undefined) this.#next++;
    return packet;
  }

  /** Calls `wake` once, when a packet has been appended. */
  whenAppended(wake: () => void): void {
    this.#wake = wake;
  }

  /** Called by the log: packet `sequence` is there. */
  appended(sequence: number, isStart: boolean): void {
    if (isStart) this.#next ??= sequence;
    this.#notify();
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** All packets from the cursor's place on, until it is disposed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Packet, void, void> {
    while (!this.#isDisposed) {
      const packet = this.next();
      if (packet !== undefined) yield packet;
      else await new Promise<void>((resolve) => this.whenAppended(resolve));
    }
  }

  /** Leaves the log; a waiting iterator ends. */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#detach();
    this.#notify();
  }
}
