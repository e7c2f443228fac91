import type { Clock } from "#clock";
import { FormatError, LimitError } from "#errors";
import { DecodeOrder, type MuxTrack, type Packet, type RtpUnit } from "#media";
import { encodeMetadata, metadataOfTracks, scriptTagToPacket } from "#mediaformats/flv";
import {
  encodeRtcp,
  type ReceivedPayload,
  RTP_HEADER_BYTES,
  RtpReceiver,
  SessionTimes,
} from "#protocols/rtp";
import type { SdpMedia } from "#protocols/rtsp";
import type { InboundForm } from "./inbound_tracks.ts";

/** Where packets go: a publisher of a stream, as a rule. */
export interface PacketSink {
  /** Takes one packet, its arrays included. */
  publish(packet: Packet): void;
}

/** Longest time a packet is held back for one that is late, in ms. */
export const MAX_JITTER_DELAY_MS = 200;
/**
 * Where a session begins on the stream's timeline, in microseconds: decoding times lie before the first presentation
 * time, and a track that is put in step may move back.
 */
const START_US = 1_000_000;
/** A declared depth above this is what the level allows, not what the encoder does: it is found by looking. */
const MAX_BELIEVED_DEPTH = 4;
/** Names this side in its reports. */
const CNAME = "crtmp";

/** One media section that is taken. */
export interface InboundTrack {
  readonly media: SdpMedia;
  readonly form: InboundForm;
  /** Track within its kind. */
  readonly trackId: number;
}

/** What an intake is made of. */
export interface RtspToStreamOptions {
  /** Time of arrivals. */
  readonly clock: Clock;
  /** Where packets go. */
  readonly sink: PacketSink;
  /** By index of their media sections; `undefined` for those that are not taken. */
  readonly tracks: readonly (InboundTrack | undefined)[];
  /** The sender said good-bye on every track. */
  readonly ended: () => void;
}

/** Makes packets of the RTP packets of one publisher. */
export class RtspToStream {
  readonly #options: RtspToStreamOptions;
  readonly #intakes: readonly (TrackIntake | undefined)[];
  readonly #ownSsrc: number;
  #timer: Disposable | undefined;
  #ended = 0;

  constructor(options: RtspToStreamOptions & { readonly ssrc: number }) {
    this.#options = options;
    this.#ownSsrc = options.ssrc;
    const session = new SessionTimes();
    const { sink } = options;
    this.#intakes = options.tracks.map((track) =>
      track && new TrackIntake(track, { session, sink, ended: () => this.#trackEnded() })
    );
  }

  /**
   * Publishes what the description tells: metadata of all tracks, and the configurations that are known.
   *
   * @param use `isOverUdp`: packets may overtake each other, the first ones too. @default {false}
   */
  start({ isOverUdp = false }: { readonly isOverUdp?: boolean } = {}): void {
    // a transport stream tells its tracks itself
    const tracks = this.#options.tracks.filter((track) =>
      track !== undefined && track.form.program === undefined
    );
    const metadata = metadataOfTracks(tracks.map((track) => muxTrackOf(track!)));
    if (tracks.length > 0) this.#options.sink.publish(scriptTagToPacket(encodeMetadata(metadata), 0));
    for (const intake of this.#intakes) {
      if (isOverUdp) intake?.receiver.gatherFirst(MAX_JITTER_DELAY_MS);
      intake?.start();
    }
  }

  /** Takes an RTP packet of a track; borrowed. */
  rtp(track: number, bytes: Uint8Array): void {
    const receiver = this.#intakes[track]?.receiver;
    // a header alone punches a hole into a router: it is of no source
    if (receiver === undefined || bytes.length === RTP_HEADER_BYTES) return;
    receiver.rtp(bytes, this.#options.clock.nowMs());
    if (receiver.deadlineMs !== undefined) this.#schedule();
  }

  /** The sender says that all tracks begin together, this one at an RTP timestamp. */
  announce(track: number, timestamp: number): void {
    this.#intakes[track]?.receiver.times.announce(timestamp);
  }

  /** Takes an RTCP compound of a track; borrowed. */
  rtcp(track: number, bytes: Uint8Array): void {
    this.#intakes[track]?.receiver.rtcp(bytes, this.#options.clock.nowMs());
  }

  /** A receiver report about a track; `undefined` before its first packet. */
  report(track: number): Uint8Array | undefined {
    const block = this.#intakes[track]?.receiver.report(this.#options.clock.nowMs());
    if (block === undefined) return undefined;
    return encodeRtcp({ ssrc: this.#ownSsrc, cname: CNAME, reports: [block] });
  }

  /** Packets lost on all tracks, and those that could not be read. */
  get losses(): { lost: number; malformed: number } {
    let lost = 0;
    let malformed = 0;
    for (const intake of this.#intakes) {
      lost += intake?.receiver.statistics.lost ?? 0;
      malformed += (intake?.receiver.statistics.malformed ?? 0) + (intake?.malformedPayloads ?? 0);
    }
    return { lost, malformed };
  }

  /** Stops waiting. */
  stop(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    for (const intake of this.#intakes) intake?.finish();
  }

  #schedule(): void {
    if (this.#timer !== undefined) return;
    const { clock } = this.#options;
    const deadlines = this.#intakes.map((intake) => intake?.receiver.deadlineMs ?? Infinity);
    const waitMs = Math.max(1, Math.min(...deadlines) - clock.nowMs());
    this.#timer = clock.after(waitMs, () => {
      this.#timer = undefined;
      for (const intake of this.#intakes) intake?.receiver.expire(clock.nowMs());
      if (this.#intakes.some((intake) => intake?.receiver.deadlineMs !== undefined)) this.#schedule();
    });
  }

  #trackEnded(): void {
    this.#ended++;
    if (this.#ended === this.#intakes.filter((intake) => intake !== undefined).length) this.#options.ended();
  }
}

function muxTrackOf({ media: { kind }, form: { codec, config }, trackId }: InboundTrack): MuxTrack {
  return { kind, trackId, codec, ...(config === undefined ? {} : { codecConfig: config }) };
}

/** One track: from RTP packets to packets of the stream. */
class TrackIntake {
  readonly receiver: RtpReceiver;
  readonly #track: InboundTrack;
  readonly #sink: PacketSink;
  readonly #order = new DecodeOrder();
  #depth = 0;
  #newestPtsUs = -Infinity;
  /** Payloads that broke a limit or a format. */
  #refused = 0;
  #lastDtsUs = -Infinity;
  #isEnded = false;

  constructor(track: InboundTrack, made: { session: SessionTimes; sink: PacketSink; ended: () => void }) {
    this.#track = track;
    this.#sink = made.sink;
    this.receiver = new RtpReceiver({
      clockRate: track.media.clockRate,
      session: made.session,
      maxDelayMs: MAX_JITTER_DELAY_MS,
      received: (payload) => this.#received(payload),
      ended: () => {
        if (!this.#isEnded) made.ended();
        this.#isEnded = true;
      },
    });
    this.#believeDepth();
  }

  get malformedPayloads(): number {
    return this.#track.form.depacketizer.malformedPayloads + this.#refused;
  }

  start(): void {
    const { config } = this.#track.form;
    if (config !== undefined) this.#publish(config, { role: "config", dtsUs: START_US, ptsUs: START_US });
  }

  /** What breaks a limit or a format is passed over: a datagram, or the timer of a late one, has nobody to tell. */
  #received(received: ReceivedPayload): void {
    const { payload, payloadType } = received;
    if (payloadType !== this.#track.media.payloadType || payload.length === 0) return;
    const { depacketizer, program } = this.#track.form;
    try {
      if (program !== undefined) this.#publishAll(program.push(payload));
      else for (const unit of depacketizer.push(received)) this.#take(unit);
    } catch (error) {
      if (!(error instanceof FormatError || error instanceof LimitError)) throw error;
      this.#refused++;
    }
  }

  /** The sender has stopped: what waited for more. */
  finish(): void {
    this.receiver.expire(Number.MAX_VALUE);
    this.#publishAll(this.#track.form.program?.flush() ?? []);
  }

  #publishAll(packets: readonly Packet[]): void {
    for (const packet of packets) this.#sink.publish(packet);
  }

  #take(unit: RtpUnit): void {
    const { config, payload, isKeyFrame } = this.#track.form.convert(unit);
    if (config !== undefined) this.#believeDepth();
    const ptsUs = START_US + this.receiver.times.timeUs(unit.timestamp);
    const isVideo = this.#track.media.kind === "video";
    if (config !== undefined) this.#publish(config, { role: "config", dtsUs: Math.max(0, ptsUs), ptsUs });
    if (payload.length === 0) return;
    if (isVideo) this.#lookAtOrder(ptsUs);
    const wantedUs = isVideo ? this.#order.next(ptsUs) : ptsUs;
    // times rise, also where a report has moved the track back
    const dtsUs = Math.max(0, wantedUs, this.#lastDtsUs + 1);
    this.#lastDtsUs = dtsUs;
    this.#publish(payload, { role: "media", dtsUs, ptsUs: Math.max(dtsUs, ptsUs), isKeyFrame });
  }

  #believeDepth(): void {
    const depth = this.#track.form.reorderDepth();
    if (depth <= MAX_BELIEVED_DEPTH) this.#order.depth = this.#depth = depth;
  }

  /** A picture that is shown before one that came earlier, and more of them than was known. */
  #lookAtOrder(ptsUs: number): void {
    if (ptsUs < this.#newestPtsUs && this.#depth === 0) this.#order.depth = this.#depth = 2;
    this.#newestPtsUs = Math.max(ptsUs, this.#newestPtsUs);
  }

  #publish(
    payload: Uint8Array,
    packet: Pick<Packet, "role" | "dtsUs" | "ptsUs"> & { readonly isKeyFrame?: boolean },
  ): void {
    const { media, form, trackId } = this.#track;
    this.#sink.publish({
      kind: media.kind,
      trackId,
      codec: form.codec,
      role: packet.role,
      dtsUs: packet.dtsUs,
      ptsUs: packet.ptsUs,
      isKeyFrame: packet.isKeyFrame ?? false,
      payload,
    });
  }
}
