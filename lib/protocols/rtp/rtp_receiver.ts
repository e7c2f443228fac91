import { ProtocolError } from "#errors";
import { JitterBuffer, type JitterBufferOptions, type JitterBufferStatistics } from "./jitter_buffer.ts";
import { MediaTimes, type SessionTimes } from "./media_times.ts";
import { Reception } from "./reception.ts";
import { decodeRtcp, type RtcpReportBlock } from "./rtcp.ts";
import { decodeRtpPacket, type RtpPacket } from "./rtp_packet.ts";

/** One payload in order, with its time unwrapped. */
export interface ReceivedPayload {
  /** Valid until the call returns. */
  readonly payload: Uint8Array;
  readonly payloadType: number;
  readonly isMarked: boolean;
  /** In ticks, unwrapped. */
  readonly timestamp: number;
  /** Whether packets before this one were lost, or the source changed. */
  readonly isAfterLoss: boolean;
}

/** What a receiver is made of. */
export interface RtpReceiverOptions extends JitterBufferOptions {
  /** Of the payload, in Hz. */
  readonly clockRate: number;
  /** Shared by the tracks of one sender. */
  readonly session: SessionTimes;
  /** Takes the payloads in order. */
  readonly received: (payload: ReceivedPayload) => void;
  /** The source said good-bye. */
  readonly ended?: () => void;
}

/** Packets of another source before it is taken for the new one. */
const SOURCE_PROBATION_PACKETS = 3;

/** Receives one track: puts its packets in order, follows its source, counts, and keeps its times. */
export class RtpReceiver {
  readonly times: MediaTimes;
  readonly #options: RtpReceiverOptions;
  readonly #buffer: JitterBuffer;
  #reception: Reception;
  #ssrc: number | undefined;
  #otherSsrc: number | undefined;
  #otherPackets = 0;
  #isAfterChange = false;
  #malformed = 0;

  constructor(options: RtpReceiverOptions) {
    this.#options = options;
    this.#buffer = new JitterBuffer(options);
    this.#reception = new Reception(options.clockRate);
    this.times = new MediaTimes(options.session, options.clockRate);
  }

  /** Loss and order; `malformed`: packets that could not be read. */
  get statistics(): Readonly<JitterBufferStatistics> & {
    readonly received: number;
    readonly malformed: number;
  } {
    return {
      ...this.#buffer.statistics,
      received: this.#reception.received,
      malformed: this.#malformed,
    };
  }

  /** Holds all packets back at first, for `startDelayMs`, where they may overtake each other. */
  gatherFirst(startDelayMs: number): void {
    this.#buffer.gatherFirst(startDelayMs);
  }

  /** When `expire` has something to do, monotonic, in ms; `undefined` while nothing waits. */
  get deadlineMs(): number | undefined {
    return this.#buffer.deadlineMs;
  }

  /**
   * Takes an RTP packet.
   *
   * @param bytes Borrowed until the call returns. What cannot be read is counted.
   * @param nowMs Monotonic, in ms.
   */
  rtp(bytes: Uint8Array, nowMs: number): void {
    const packet = this.#read(() => decodeRtpPacket(bytes));
    if (packet === undefined || !this.#isSource(packet)) return;
    this.#reception.note(packet, nowMs);
    for (const ordered of this.#buffer.push(packet, nowMs)) {
      this.#give(ordered.packet, { isAfterLoss: ordered.lostBefore > 0, nowMs });
    }
  }

  /** Takes a compound of RTCP packets; borrowed. What cannot be read is counted. */
  rtcp(bytes: Uint8Array, nowMs: number): void {
    for (const packet of this.#read(() => decodeRtcp(bytes)) ?? []) {
      if (packet.type === "senderReport") {
        if (this.#ssrc !== undefined && packet.ssrc !== this.#ssrc) continue;
        this.#reception.noteReport(packet, nowMs);
        this.times.synchronize(packet, nowMs);
      } else if (packet.type === "bye" && (this.#ssrc === undefined || packet.ssrcs.includes(this.#ssrc))) {
        this.#options.ended?.();
      }
    }
  }

  /** Gives out what has waited long enough for packets that did not come. */
  expire(nowMs: number): void {
    for (const { packet, lostBefore } of this.#buffer.expire(nowMs)) {
      this.#give(packet, { isAfterLoss: lostBefore > 0, nowMs });
    }
  }

  /** How well the source is received since the last report; `undefined` before its first packet. */
  report(nowMs: number): RtcpReportBlock | undefined {
    return this.#ssrc === undefined ? undefined : this.#reception.report(this.#ssrc, nowMs);
  }

  #read<T>(decode: () => T): T | undefined {
    try {
      return decode();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#malformed++;
      return undefined;
    }
  }

  /** A few packets of another source in a row make it the source: stray ones change nothing. */
  #isSource({ ssrc }: RtpPacket): boolean {
    if (this.#ssrc === undefined) this.#ssrc = ssrc;
    if (ssrc === this.#ssrc) {
      this.#otherPackets = 0;
      return true;
    }
    this.#otherPackets = ssrc === this.#otherSsrc ? this.#otherPackets + 1 : 1;
    this.#otherSsrc = ssrc;
    if (this.#otherPackets < SOURCE_PROBATION_PACKETS) return false;
    this.#ssrc = ssrc;
    this.#otherPackets = 0;
    this.#buffer.reset();
    this.#reception = new Reception(this.#options.clockRate);
    this.times.restart();
    this.#isAfterChange = true;
    return true;
  }

  #give(packet: RtpPacket, { isAfterLoss, nowMs }: { isAfterLoss: boolean; nowMs: number }): void {
    const timestamp = this.times.unwrap(packet.timestamp, nowMs);
    const { payload, payloadType, isMarked } = packet;
    const isAfterGap = isAfterLoss || this.#isAfterChange;
    this.#isAfterChange = false;
    this.#options.received({ payload, payloadType, isMarked, timestamp, isAfterLoss: isAfterGap });
  }
}
