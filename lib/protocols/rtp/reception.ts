import type { RtcpReportBlock, RtcpSenderReport } from "./rtcp.ts";
import type { RtpPacket } from "./rtp_packet.ts";
import { WrappingCounter } from "./wrapping_counter.ts";

/** Counts what is received of one source, for receiver reports: RFC 3550 appendix A.3 and A.8. */
export class Reception {
  readonly #clockRate: number;
  readonly #sequence = new WrappingCounter(16);
  #firstSequence = 0;
  #highest = 0;
  #received = 0;
  #expectedBefore = 0;
  #receivedBefore = 0;
  #jitter = 0;
  #lastTransit: number | undefined;
  #lastSenderReport = 0;
  #senderReportMs = 0;

  /** @param clockRate Of the payload, in Hz. */
  constructor(clockRate: number) {
    this.#clockRate = clockRate;
  }

  /** Packets received, repetitions included. */
  get received(): number {
    return this.#received;
  }

  /** Interarrival jitter, in ticks of the clock. */
  get jitter(): number {
    return Math.round(this.#jitter);
  }

  /** Notes a packet that came at `nowMs`. */
  note(packet: RtpPacket, nowMs: number): void {
    if (this.#sequence.value === undefined) {
      // at least one cycle up, so that a packet before the first is not negative
      this.#firstSequence = this.#highest = this.#sequence.advance(packet.sequenceNumber);
    } else {
      this.#highest = Math.max(this.#highest, this.#sequence.near(packet.sequenceNumber));
      if (this.#highest > this.#sequence.value) this.#sequence.advance(packet.sequenceNumber);
    }
    this.#received++;
    const transit = nowMs * this.#clockRate / 1000 - packet.timestamp;
    if (this.#lastTransit !== undefined) {
      const difference = Math.abs(transit - this.#lastTransit);
      // a wrap of the timestamp is no jitter
      if (difference < 2 ** 31) this.#jitter += (difference - this.#jitter) / 16;
    }
    this.#lastTransit = transit;
  }

  /** Notes a sender report that came at `nowMs`. */
  noteReport(report: RtcpSenderReport, nowMs: number): void {
    this.#lastSenderReport = report.ntpMiddle;
    this.#senderReportMs = nowMs;
  }

  /** A report block, and the start of the next interval. */
  report(ssrc: number, nowMs: number): RtcpReportBlock {
    const expected = this.#received === 0 ? 0 : this.#highest - this.#firstSequence + 1;
    const expectedNow = expected - this.#expectedBefore;
    const lostNow = expectedNow - (this.#received - this.#receivedBefore);
    this.#expectedBefore = expected;
    this.#receivedBefore = this.#received;
    const sinceMs = nowMs - this.#senderReportMs;
    return {
      ssrc,
      fractionLost: expectedNow <= 0 || lostNow <= 0
        ? 0
        : Math.min(255, Math.floor(lostNow * 256 / expectedNow)),
      packetsLost: expected - this.#received,
      highestSequence: this.#highest % 2 ** 32,
      jitter: this.jitter,
      lastSenderReport: this.#lastSenderReport,
      delaySinceLast: this.#lastSenderReport === 0 ? 0 : Math.min(2 ** 32 - 1, Math.round(sinceMs * 65.536)),
    };
  }
}
