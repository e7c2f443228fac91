import { ByteReader, ByteWriter } from "#bytes";
import { ProtocolError } from "#errors";

/** Packet types: RFC 3550 section 12.1, RFC 4585. */
export const RTCP_TYPE = {
  SenderReport: 200,
  ReceiverReport: 201,
  SourceDescription: 202,
  Bye: 203,
  Application: 204,
  TransportFeedback: 205,
  PayloadFeedback: 206,
} as const;

/** How well one source is received: RFC 3550 section 6.4.1. */
export interface RtcpReportBlock {
  readonly ssrc: number;
  /** Of the packets since the last report, in 1/256. */
  readonly fractionLost: number;
  /** Since the beginning; negative where packets came twice. */
  readonly packetsLost: number;
  /** With the count of cycles in the upper 16 bits. */
  readonly highestSequence: number;
  /** In ticks of the payload's clock. */
  readonly jitter: number;
  /** Middle 32 bits of the NTP time of the last sender report; 0 for none. */
  readonly lastSenderReport: number;
  /** Since that report came, in 1/65,536 s. */
  readonly delaySinceLast: number;
}

/** Ties wall time to media time. */
export interface RtcpSenderReport {
  readonly type: "senderReport";
  readonly ssrc: number;
  /** NTP time, in ms since 1970. */
  readonly ntpMs: number;
  /** Middle 32 bits of the NTP time. */
  readonly ntpMiddle: number;
  /** Media time at the same instant, modulo 2^32. */
  readonly rtpTimestamp: number;
  readonly packetCount: number;
  readonly byteCount: number;
  readonly reports: readonly RtcpReportBlock[];
}

/** One packet of a compound. */
export type RtcpPacket =
  | RtcpSenderReport
  | { readonly type: "receiverReport"; readonly ssrc: number; readonly reports: readonly RtcpReportBlock[] }
  | { readonly type: "sourceDescription"; readonly sources: readonly { ssrc: number; cname: string }[] }
  | { readonly type: "bye"; readonly ssrcs: readonly number[]; readonly reason: string }
  | { readonly type: "other"; readonly packetType: number };

const HEADER_BYTES = 4;
const CNAME_ITEM = 1;
/** From 1900 to 1970, in ms. */
const NTP_EPOCH_MS = 2_208_988_800_000;

/**
 * Decodes a compound, or a single packet of reduced size (RFC 5506).
 *
 * @param bytes A whole datagram or interleaved frame; borrowed.
 * @throws {ProtocolError} If a packet is cut off, or of another version.
 */
export function decodeRtcp(bytes: Uint8Array): RtcpPacket[] {
  const packets: RtcpPacket[] = [];
  for (let at = 0; at < bytes.length;) {
    if (at + HEADER_BYTES > bytes.length) throw cutOff(at, { need: HEADER_BYTES, have: bytes.length - at });
    const first = bytes[at]!;
    if (first >> 6 !== 2) {
      throw new ProtocolError(`Cannot read RTCP packet: version ${first >> 6} at offset ${at}, expected 2`);
    }
    const length = HEADER_BYTES + (bytes[at + 2]! << 8 | bytes[at + 3]!) * 4;
    if (at + length > bytes.length) throw cutOff(at, { need: length, have: bytes.length - at });
    const padding = (first & 0x20) === 0 ? 0 : bytes[at + length - 1]!;
    if (padding > length - HEADER_BYTES) {
      throw new ProtocolError(`Cannot read RTCP packet: ${padding} bytes of padding, have ${length}`);
    }
    const body = bytes.subarray(at + HEADER_BYTES, at + length - padding);
    packets.push(decodeOne(bytes[at + 1]!, { count: first & 0x1f, body }));
    at += length;
  }
  return packets;
}

function cutOff(at: number, { need, have }: { need: number; have: number }): ProtocolError {
  return new ProtocolError(`Cannot read RTCP packet: need ${need} bytes at offset ${at}, have ${have}`);
}

function decodeOne(packetType: number, { count, body }: { count: number; body: Uint8Array }): RtcpPacket {
  try {
    const reader = new ByteReader(body);
    switch (packetType) {
      case RTCP_TYPE.SenderReport:
        return readSenderReport(reader, count);
      case RTCP_TYPE.ReceiverReport:
        return { type: "receiverReport", ssrc: reader.u32("SSRC"), reports: readBlocks(reader, count) };
      case RTCP_TYPE.SourceDescription:
        return { type: "sourceDescription", sources: readSources(reader, count) };
      case RTCP_TYPE.Bye:
        return readBye(reader, count);
      default:
        return { type: "other", packetType };
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ProtocolError(`Cannot read RTCP packet of type ${packetType}: ${why}`, { cause: error });
  }
}

function readSenderReport(reader: ByteReader, count: number): RtcpSenderReport {
  const ssrc = reader.u32("SSRC");
  const seconds = reader.u32("NTP seconds");
  const fraction = reader.u32("NTP fraction");
  return {
    type: "senderReport",
    ssrc,
    ntpMs: seconds * 1000 - NTP_EPOCH_MS + fraction * 1000 / 2 ** 32,
    ntpMiddle: ((seconds & 0xffff) << 16 | fraction >>> 16) >>> 0,
    rtpTimestamp: reader.u32("RTP timestamp"),
    packetCount: reader.u32("packet count"),
    byteCount: reader.u32("octet count"),
    reports: readBlocks(reader, count),
  };
}

function readBlocks(reader: ByteReader, count: number): RtcpReportBlock[] {
  return Array.from({ length: count }, () => {
    const ssrc = reader.u32("SSRC of report");
    const lost = reader.u32("loss");
    return {
      ssrc,
      fractionLost: lost >>> 24,
      packetsLost: lost << 8 >> 8,
      highestSequence: reader.u32("highest sequence number"),
      jitter: reader.u32("jitter"),
      lastSenderReport: reader.u32("last SR"),
      delaySinceLast: reader.u32("delay since last SR"),
    };
  });
}

function readSources(reader: ByteReader, count: number): { ssrc: number; cname: string }[] {
  return Array.from({ length: count }, () => {
    const ssrc = reader.u32("SSRC of chunk");
    let cname = "";
    let bytes = 0;
    while (reader.remaining > 0) {
      const item = reader.u8("SDES item");
      bytes++;
      if (item === 0) break;
      const length = reader.u8("SDES length");
      const text = reader.utf8(length, "SDES text");
      bytes += 1 + length;
      if (item === CNAME_ITEM) cname = text;
    }
    // chunks end on a word
    reader.skip(Math.min(reader.remaining, (4 - bytes % 4) % 4), "SDES padding");
    return { ssrc, cname };
  });
}

function readBye(reader: ByteReader, count: number): RtcpPacket {
  const ssrcs = Array.from({ length: count }, () => reader.u32("SSRC of BYE"));
  const reason = reader.remaining === 0 ? "" : reader.utf8(reader.u8("length of reason"), "reason");
  return { type: "bye", ssrcs, reason };
}

/** What a compound of this side says. */
export interface RtcpCompound {
  /** Who sends it. */
  readonly ssrc: number;
  /** Name of this side in all its sources, at most 255 bytes: RFC 3550 section 6.5.1. */
  readonly cname: string;
  /** Where this side sends media. */
  readonly sender?: {
    /** In ms since 1970. */
    readonly ntpMs: number;
    readonly rtpTimestamp: number;
    readonly packetCount: number;
    readonly byteCount: number;
  };
  /** At most 31. */
  readonly reports?: readonly RtcpReportBlock[];
  /** Whether the source leaves. @default {false} */
  readonly isLeaving?: boolean;
}

/** Encodes a report, the name of its sender, and perhaps a good-bye: RFC 3550 section 6.1. */
export function encodeRtcp(compound: RtcpCompound): Uint8Array<ArrayBuffer> {
  const { ssrc, cname, sender, reports = [], isLeaving = false } = compound;
  const writer = new ByteWriter();
  const words = (sender === undefined ? 1 : 6) + reports.length * 6;
  writer.u8(0x80 | reports.length);
  writer.u8(sender === undefined ? RTCP_TYPE.ReceiverReport : RTCP_TYPE.SenderReport).u16(words).u32(ssrc);
  if (sender !== undefined) {
    const ntpMs = sender.ntpMs + NTP_EPOCH_MS;
    const seconds = Math.floor(ntpMs / 1000);
    writer.u32(seconds >>> 0).u32(Math.floor((ntpMs - seconds * 1000) / 1000 * 2 ** 32) >>> 0);
    writer.u32(sender.rtpTimestamp >>> 0).u32(sender.packetCount >>> 0).u32(sender.byteCount >>> 0);
  }
  for (const block of reports) {
    writer.u32(block.ssrc);
    writer.u32(
      (block.fractionLost << 24 | Math.max(-0x800000, Math.min(block.packetsLost, 0x7fffff)) & 0xffffff) >>>
        0,
    );
    writer.u32(block.highestSequence >>> 0).u32(block.jitter >>> 0);
    writer.u32(block.lastSenderReport >>> 0).u32(block.delaySinceLast >>> 0);
  }
  const name = new TextEncoder().encode(cname).subarray(0, 255);
  const chunkBytes = 4 + 2 + name.length + 1;
  const padding = (4 - chunkBytes % 4) % 4;
  writer.u8(0x81).u8(RTCP_TYPE.SourceDescription).u16((chunkBytes + padding) / 4).u32(ssrc);
  writer.u8(CNAME_ITEM).u8(name.length).bytes(name).bytes(new Uint8Array(1 + padding));
  if (isLeaving) writer.u8(0x81).u8(RTCP_TYPE.Bye).u16(1).u32(ssrc);
  return writer.take();
}
