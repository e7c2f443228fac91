import type { Clock, RandomBytes } from "#clock";
import { systemRandomBytes } from "#clock";
import { concatBytes } from "#bytes";
import { FormatError } from "#errors";
import { AvcRtpPacketizer } from "#codecs/avc";
import { HevcRtpPacketizer } from "#codecs/hevc";
import type { Packet, RtpFragment } from "#media";
import { encodeRtcp, RTP_HEADER_BYTES, writeRtpHeader } from "#protocols/rtp";
import type { StreamHeader, WireFormat } from "#streaming";
import { optionsOf, type OutboundForm, outboundForm, type OutboundTrack } from "./outbound_tracks.ts";

/** Most bytes of an RTP payload: with all headers it fits into an Ethernet frame, in a tunnel too. */
export const MAX_RTP_PAYLOAD_BYTES = 1_400;
/** `$`, channel and length: RFC 2326 section 10.12. */
export const FRAME_HEADER_BYTES = 4;

const DOLLAR = 0x24;
/** Media time between sender reports of a track, in microseconds. */
const REPORT_INTERVAL_US = 5_000_000;
/** Names this side in its reports. */
const CNAME = "crtmp";

/** A track and the channels it goes on. */
export interface WireTrack {
  readonly track: OutboundTrack;
  readonly rtpChannel: number;
  readonly rtcpChannel: number;
}

/** What a wire is made of. */
export interface RtpWireOptions {
  /** Those that were set up. */
  readonly tracks: readonly WireTrack[];
  /** Wall time of sender reports. */
  readonly clock: Clock;
  /** First sequence numbers, timestamps and sources. @default {systemRandomBytes} */
  readonly randomBytes?: RandomBytes;
}

/** A track that is sent. */
interface SentTrack extends WireTrack {
  form: OutboundForm;
  readonly ssrc: number;
  readonly timestampShift: number;
  sequenceNumber: number;
  packetCount: number;
  byteCount: number;
  reportedUs: number;
}

/** One RTP packet to write: a fragment of `source`. */
interface Piece extends RtpFragment {
  readonly source: Uint8Array;
}

/**
 * Interleaved RTP: every packet of the log is RTP packets in frames with their channels, now and then behind a sender
 * report, so that all players with the same channels read the same bytes, with one SSRC and one run of sequence
 * numbers. Players over UDP read them too, and drop the frames.
 */
export class RtpWire implements WireFormat {
  readonly key: string;
  readonly isCommon: boolean;
  readonly #clock: Clock;
  readonly #tracks: readonly SentTrack[];
  /** Wall time of the stream's zero, in ms since 1970; unknown before the first packet. */
  #zeroMs: number | undefined;
  #planned: Packet | undefined;
  #pieces: readonly Piece[] = [];
  #report: Uint8Array = NOTHING;

  constructor(options: RtpWireOptions) {
    const { tracks, clock, randomBytes = systemRandomBytes } = options;
    this.#clock = clock;
    this.key = "rtp/" + tracks.map(keyOf).join("/");
    this.isCommon = tracks.every(({ track: { index }, rtpChannel, rtcpChannel }) =>
      rtpChannel === index * 2 && rtcpChannel === index * 2 + 1
    );
    this.#tracks = tracks.map((track) => {
      const random = new DataView(randomBytes(10).buffer);
      return {
        ...track,
        form: track.track.form,
        ssrc: random.getUint32(0),
        timestampShift: random.getUint32(4),
        sequenceNumber: random.getUint16(8),
        packetCount: 0,
        byteCount: 0,
        reportedUs: -Infinity,
      };
    });
  }

  carries(packet: Packet): boolean {
    return (packet.role === "media" || packet.role === "config") && this.#trackOf(packet) !== undefined;
  }

  encodedBytes(packet: Packet): number {
    this.#plan(packet);
    let bytes = this.#report.length;
    for (const { prefix, start, end } of this.#pieces) {
      bytes += FRAME_HEADER_BYTES + RTP_HEADER_BYTES + prefix.length + end - start;
    }
    return bytes;
  }

  // params: hot path
  encodeInto(target: Uint8Array, offset: number, packet: Packet): void {
    if (this.#planned !== packet) this.#plan(packet);
    this.#planned = undefined;
    const track = this.#trackOf(packet)!;
    target.set(this.#report, offset);
    let at = offset + this.#report.length;
    const timestamp = timestampOf(track, packet.ptsUs);
    const pieces = this.#pieces;
    for (let index = 0; index < pieces.length; index++) {
      const { prefix, source, start, end } = pieces[index]!;
      const length = RTP_HEADER_BYTES + prefix.length + end - start;
      target[at] = DOLLAR;
      target[at + 1] = track.rtpChannel;
      target[at + 2] = length >> 8;
      target[at + 3] = length;
      at = writeRtpHeader(target, at + FRAME_HEADER_BYTES, {
        payloadType: track.track.payloadType,
        isMarked: index === pieces.length - 1,
        sequenceNumber: track.sequenceNumber,
        timestamp,
        ssrc: track.ssrc,
      });
      target.set(prefix, at);
      at += prefix.length;
      target.set(source.subarray(start, end), at);
      at += end - start;
      track.sequenceNumber = track.sequenceNumber + 1 & 0xffff;
      track.packetCount++;
      track.byteCount += length - RTP_HEADER_BYTES;
    }
  }

  /** Sender reports, so that a player knows at once how its tracks lie to each other. */
  prelude(_header: StreamHeader, { dtsUs }: { dtsUs: number; isFirst: boolean }): Uint8Array {
    return this.reports(dtsUs);
  }

  /** Sender reports of all tracks, as of a time of the stream. */
  reports(timeUs: number): Uint8Array {
    return concatBytes(this.#tracks.map((track) => this.#reportOf(track, timeUs)));
  }

  /** Number of the next packet of each track, and the timestamp it would have at a time of the stream. */
  positions(timeUs: number): { index: number; sequenceNumber: number; timestamp: number }[] {
    return this.#tracks.map((sent) => ({
      index: sent.track.index,
      sequenceNumber: sent.sequenceNumber,
      timestamp: timestampOf(sent, timeUs),
    }));
  }

  /**
   * Which packet of each track comes first in bytes of this wire, and the timestamps of the earliest of them all.
   *
   * @param nearUs A time of the stream that is about theirs.
   * @returns Tracks that are in it; `timeUs` is that of the earliest, `undefined` for none.
   */
  firstOf(
    bytes: Uint8Array,
    nearUs: number,
  ): { timeUs?: number; tracks: { index: number; sequenceNumber?: number; timestamp?: number }[] } {
    const firsts = new Map<SentTrack, { sequenceNumber: number; timestamp: number }>();
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = 0; at < bytes.length && firsts.size < this.#tracks.length;) {
      const sent = this.#tracks.find(({ rtpChannel }) => rtpChannel === bytes[at + 1]);
      const rtp = at + FRAME_HEADER_BYTES;
      if (sent !== undefined && !firsts.has(sent)) {
        firsts.set(sent, { sequenceNumber: view.getUint16(rtp + 2), timestamp: view.getUint32(rtp + 4) });
      }
      at = rtp + view.getUint16(at + 2);
    }
    const timesUs = [...firsts].map(([sent, { timestamp }]) => timeOf(sent, { timestamp, nearUs }));
    const timeUs = Math.min(...timesUs);
    const tracks = this.#tracks.map((sent) => ({
      index: sent.track.index,
      ...firsts.has(sent) && { sequenceNumber: firsts.get(sent)!.sequenceNumber },
      ...firsts.size > 0 && { timestamp: timestampOf(sent, timeUs) },
    }));
    return firsts.size === 0 ? { tracks } : { timeUs, tracks };
  }

  /** Wall time of a time of the stream, in ms since 1970. */
  wallMs(timeUs: number): number {
    return (this.#zeroMs ?? this.#clock.wallMs()) + timeUs / 1000;
  }

  /** Good-byes of all tracks: nothing comes any more. */
  goodBye(): Uint8Array {
    return concatBytes(
      this.#tracks.map(({ ssrc, rtcpChannel }) =>
        framed(rtcpChannel, encodeRtcp({ ssrc, cname: CNAME, isLeaving: true }))
      ),
    );
  }

  #trackOf({ kind, trackId, codec }: Packet): SentTrack | undefined {
    const tracks = this.#tracks;
    for (let index = 0; index < tracks.length; index++) {
      const { track } = tracks[index]!;
      if (track.kind === kind && track.trackId === trackId && track.codec === codec) return tracks[index];
    }
    return undefined;
  }

  /** Decides what `packet` becomes; a configuration and what cannot be sent become a sender report. */
  #plan(packet: Packet): void {
    const track = this.#trackOf(packet)!;
    this.#planned = packet;
    this.#zeroMs ??= this.#clock.wallMs() - packet.dtsUs / 1000;
    this.#pieces = packet.role === "config" ? this.#learn(track, packet) : piecesOf(track, packet);
    const isDue = this.#pieces.length === 0 || packet.dtsUs - track.reportedUs >= REPORT_INTERVAL_US;
    if (isDue) track.reportedUs = packet.dtsUs;
    this.#report = isDue ? this.#reportOf(track, packet.dtsUs) : NOTHING;
  }

  #learn(track: SentTrack, packet: Packet): readonly Piece[] {
    const form = outboundForm(packet, optionsOf(track.form));
    if (form !== undefined) track.form = { ...form, clockRate: track.form.clockRate };
    return NO_PIECES;
  }

  #reportOf(track: SentTrack, dtsUs: number): Uint8Array {
    const report = encodeRtcp({
      ssrc: track.ssrc,
      cname: CNAME,
      sender: {
        ntpMs: (this.#zeroMs ?? this.#clock.wallMs()) + dtsUs / 1000,
        rtpTimestamp: timestampOf(track, dtsUs),
        packetCount: track.packetCount,
        byteCount: track.byteCount,
      },
    });
    return framed(track.rtcpChannel, report);
  }
}

const NOTHING = new Uint8Array(0);
const NO_PIECES: readonly Piece[] = [];

function keyOf({ track, rtpChannel, rtcpChannel }: WireTrack): string {
  const { kind, trackId, payloadType, form: { clockRate, encoding } } = track;
  return `${kind}${trackId}.${encoding}.${payloadType}.${clockRate}@${rtpChannel}-${rtcpChannel}`;
}

function framed(channel: number, packet: Uint8Array): Uint8Array {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + packet.length);
  frame.set([DOLLAR, channel, packet.length >> 8, packet.length & 0xff]);
  frame.set(packet, FRAME_HEADER_BYTES);
  return frame;
}

/** The time next to `nearUs` that has this timestamp. */
function timeOf(track: SentTrack, { timestamp, nearUs }: { timestamp: number; nearUs: number }): number {
  const behind = timestamp - timestampOf(track, nearUs) | 0;
  return nearUs + Math.round(behind / track.form.clockRate * 1e6);
}

/** Ticks of the track's clock, modulo 2^32. */
function timestampOf(track: SentTrack, timeUs: number): number {
  const { clockRate } = track.form;
  const seconds = Math.floor(timeUs / 1_000_000);
  const rest = timeUs - seconds * 1_000_000;
  return (track.timestampShift + seconds * clockRate + Math.round(rest * clockRate / 1_000_000)) % 2 ** 32 >>>
    0;
}

/** Parameter sets go before each key frame. What is malformed is not sent. */
function piecesOf({ form }: SentTrack, packet: Packet): readonly Piece[] {
  const source = packet.payload;
  try {
    const pieces = form.packetizer.packetize(source, MAX_RTP_PAYLOAD_BYTES).map((piece) => ({
      ...piece,
      source,
    }));
    const sets = form.parameterSets;
    if (!packet.isKeyFrame || sets.length === 0 || pieces.length === 0) return pieces;
    const setPieces = setsPacketizer(packet).packetize(sets, MAX_RTP_PAYLOAD_BYTES);
    return [...setPieces.map((piece) => ({ ...piece, source: sets })), ...pieces];
  } catch (error) {
    if (error instanceof FormatError) return NO_PIECES;
    throw error;
  }
}

const AVC_SETS = new AvcRtpPacketizer();
const HEVC_SETS = new HevcRtpPacketizer();

function setsPacketizer({ codec }: Packet): AvcRtpPacketizer | HevcRtpPacketizer {
  return codec === "avc1" ? AVC_SETS : HEVC_SETS;
}
