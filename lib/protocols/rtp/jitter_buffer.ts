import type { RtpPacket } from "./rtp_packet.ts";
import { WrappingCounter } from "./wrapping_counter.ts";

/** Most packets held back for one that is late. */
export const MAX_HELD_PACKETS = 512;
/** A packet further ahead than this is of another run of numbers: RFC 3550 appendix A.1. */
export const MAX_SEQUENCE_DROPOUT = 3_000;
/** A packet further behind than this is, too. */
export const MAX_SEQUENCE_MISORDER = 100;

/** A packet in its place. */
export interface OrderedRtpPacket {
  readonly packet: RtpPacket;
  /** Packets that should have come before this one and after the one before, and did not. */
  readonly lostBefore: number;
}

/** Bounds of a jitter buffer. */
export interface JitterBufferOptions {
  /** Longest time a packet is held back for one that is late, in ms; 0 for none, as over TCP. */
  readonly maxDelayMs: number;
  /** Most packets held back. @default MAX_HELD_PACKETS */
  readonly maxPackets?: number;
}

/** Counters of one source. */
export interface JitterBufferStatistics {
  /** Packets that never came in time. */
  lost: number;
  /** Packets that came after one with a higher number, and in time. */
  reordered: number;
  /** Packets that came too late or twice, and were dropped. */
  late: number;
  /** Jumps to another run of sequence numbers. */
  restarts: number;
}

/**
 * Puts the packets of one source in order. A packet in its place goes through at once; one that is ahead waits for
 * those missing, up to a time and a number, so delay never grows.
 */
export class JitterBuffer {
  readonly statistics: JitterBufferStatistics = { lost: 0, reordered: 0, late: 0, restarts: 0 };
  readonly #maxDelayMs: number;
  readonly #maxPackets: number;
  #startDelayMs = 0;
  readonly #sequence = new WrappingCounter(16);
  /** Packets ahead, by unwrapped number, and when they came. */
  readonly #held = new Map<number, { packet: RtpPacket; arrivedMs: number }>();
  #next: number | undefined;
  /** Number after the last one that was too far off: a second in a row starts anew. */
  #strayNext = -1;

  constructor(options: JitterBufferOptions) {
    this.#maxDelayMs = options.maxDelayMs;
    this.#maxPackets = options.maxPackets ?? MAX_HELD_PACKETS;
  }

  /**
   * Holds all packets back at first, for `startDelayMs`: which one is the first is known only when those it overtook
   * have come. Called before the first packet.
   */
  gatherFirst(startDelayMs: number): void {
    this.#startDelayMs = startDelayMs;
  }

  /** Packets that wait. */
  get heldPackets(): number {
    return this.#held.size;
  }

  /** When `expire` has something to do, monotonic, in ms; `undefined` while nothing waits. */
  get deadlineMs(): number | undefined {
    const [oldest] = this.#held.values();
    if (oldest === undefined) return undefined;
    return oldest.arrivedMs + (this.#next === undefined ? this.#startDelayMs : this.#maxDelayMs);
  }

  /**
   * Takes a packet.
   *
   * @param packet Copied where it has to wait.
   * @param nowMs Monotonic, in ms.
   * @returns What is in order now.
   */
  push(packet: RtpPacket, nowMs: number): OrderedRtpPacket[] {
    const number = this.#sequence.near(packet.sequenceNumber);
    if (this.#next === undefined && this.#startDelayMs > 0) return this.#gather(packet, { number, nowMs });
    const next = this.#next ?? number;
    const ahead = number - next;
    if (ahead > MAX_SEQUENCE_DROPOUT || ahead < -MAX_SEQUENCE_MISORDER) return this.#stray(packet);
    this.#strayNext = -1;
    if (ahead < 0 || this.#held.has(number)) {
      this.statistics.late++;
      return [];
    }
    this.#sequence.advance(packet.sequenceNumber);
    if (ahead === 0) {
      this.#next = number + 1;
      const ordered: OrderedRtpPacket[] = [{ packet, lostBefore: 0 }];
      if (this.#held.size > 0) {
        this.statistics.reordered++;
        this.#drain(ordered);
      }
      return ordered;
    }
    if (this.#maxDelayMs === 0) {
      this.statistics.lost += ahead;
      this.#next = number + 1;
      return [{ packet, lostBefore: ahead }];
    }
    return this.#hold(packet, { number, nowMs });
  }

  /** Gives up on packets that others have waited for long enough. */
  expire(nowMs: number): OrderedRtpPacket[] {
    const ordered: OrderedRtpPacket[] = [];
    while ((this.deadlineMs ?? Infinity) <= nowMs) this.#skip(ordered);
    return ordered;
  }

  /** Forgets everything, as when the source changes. */
  reset(): void {
    this.#held.clear();
    this.#next = undefined;
    this.#sequence.reset();
    this.#strayNext = -1;
  }

  /** Before the first packet is known. */
  #gather(packet: RtpPacket, at: { number: number; nowMs: number }): OrderedRtpPacket[] {
    if (this.#held.has(at.number)) {
      this.statistics.late++;
      return [];
    }
    this.#sequence.advance(packet.sequenceNumber);
    return this.#hold(packet, at);
  }

  #hold(packet: RtpPacket, at: { number: number; nowMs: number }): OrderedRtpPacket[] {
    this.#held.set(at.number, {
      packet: { ...packet, payload: packet.payload.slice() },
      arrivedMs: at.nowMs,
    });
    const ordered: OrderedRtpPacket[] = [];
    if (this.#held.size > this.#maxPackets) this.#skip(ordered);
    return ordered;
  }

  /** Two in a row from elsewhere: the sender has started anew. */
  #stray(packet: RtpPacket): OrderedRtpPacket[] {
    if (packet.sequenceNumber !== this.#strayNext) {
      this.#strayNext = packet.sequenceNumber + 1 & 0xffff;
      this.statistics.late++;
      return [];
    }
    this.reset();
    this.statistics.restarts++;
    this.#next = this.#sequence.advance(packet.sequenceNumber) + 1;
    return [{ packet, lostBefore: 1 }];
  }

  /** Goes on at the lowest number that waits. */
  #skip(ordered: OrderedRtpPacket[]): void {
    let lowest = Infinity;
    for (const number of this.#held.keys()) if (number < lowest) lowest = number;
    const lost = lowest - (this.#next ?? lowest);
    this.statistics.lost += lost;
    this.#next = lowest + 1;
    ordered.push({ packet: this.#held.get(lowest)!.packet, lostBefore: lost });
    this.#held.delete(lowest);
    this.#drain(ordered);
  }

  #drain(ordered: OrderedRtpPacket[]): void {
    for (;;) {
      const held = this.#held.get(this.#next!);
      if (held === undefined) return;
      this.#held.delete(this.#next!);
      ordered.push({ packet: held.packet, lostBefore: 0 });
      this.#next!++;
    }
  }
}
