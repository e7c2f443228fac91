import { FormatError } from "#errors";
import { audioTagToPacket, separateTracks, videoTagToPacket } from "#mediaformats/flv";
import type { Packet } from "#media";
import { MESSAGE_TYPE } from "#protocols/rtmp";
import type { DataMessage } from "#protocols/rtmp";
import { dataPacket } from "./wire/stream_data.ts";

/** Where packets go: a publisher of a stream, as a rule. */
export interface PacketSink {
  /** Takes one packet, its arrays included. */
  publish(packet: Packet): void;
}

/** A track that goes back by more than this is of a new time line: the encoder began anew, in ms. */
export const MAX_RTMP_STEP_BACK_MS = 2_000;
/** So is one that begins further than this behind the others, in ms. */
const MAX_TRACKS_APART_MS = 10_000;
/** Between the newest media of one time line and the first of the next, in ms. */
const NEXT_LINE_GAP_MS = 40;

/**
 * Makes packets of the messages of one RTMP NetStream.
 *
 * Payloads go on unread but for their first bytes: key frame, configuration, codec. Timestamps of 32 bits are
 * unwrapped, so that a stream may run for ever; where an encoder begins anew with them, times go on behind those
 * before. Steps ahead are taken as they are.
 */
export class RtmpToStream {
  readonly #sink: PacketSink;
  #lastTimestamp = 0;
  #ms: number | undefined;
  /** What is added to the encoder's time, in ms. */
  #shiftMs = 0;
  /** Newest media, in ms of the stream. */
  #newestMs = -Infinity;
  /** The same of each track: one may be far behind another all the time. */
  readonly #lastMs = new Map<string, number>();
  /** The time line before, where what was under way still comes: its end in the encoder's time, and its shift. */
  #before: { readonly endMs: number; readonly shiftMs: number } | undefined;

  #malformedMessages = 0;
  readonly #onMalformed: (error: FormatError) => void;

  /**
   * @param sink Fed from now on.
   * @param onMalformed Told of the first message that cannot be read.
   */
  constructor(sink: PacketSink, onMalformed: (error: FormatError) => void = () => {}) {
    this.#sink = sink;
    this.#onMalformed = onMalformed;
  }

  /** Messages that were dropped because their header was cut short, or of a layout nobody knows. */
  get malformedMessages(): number {
    return this.#malformedMessages;
  }

  /**
   * Takes one audio or video message.
   *
   * @param messageTypeId 8 audio or 9 video.
   * @param timestamp In ms, modulo 2^32.
   * @param payload FLV tag body, owned from here on; an empty one carries nothing.
   * @throws {LimitError} If it has more tracks or prefixes than any sound message.
   */
  // params: hot path
  media(messageTypeId: number, timestamp: number, payload: Uint8Array<ArrayBuffer>): void {
    if (payload.length === 0) return;
    const dtsUs = (this.#unwrap(timestamp) + this.#shiftMs) * 1000;
    let packet: Packet | undefined;
    try {
      packet = messageTypeId === MESSAGE_TYPE.Video
        ? videoTagToPacket(payload, dtsUs)
        : audioTagToPacket(payload, dtsUs);
    } catch (error) {
      // a message cut short is dropped; the encoder goes on
      this.#malformed(error);
      return;
    }
    if (packet === undefined) return;
    if (packet.role === "media") this.#sink.publish(this.#rising(packet));
    // what is kept long is kept by track, in memory of its own
    else for (const one of separateTracks(packet)) this.#sink.publish(one);
  }

  #malformed(error: unknown): void {
    if (!(error instanceof FormatError)) throw error;
    if (this.#malformedMessages++ === 0) this.#onMalformed(error);
  }

  /** Takes one data message. */
  data(message: DataMessage): void {
    this.#sink.publish(dataPacket(message, (this.#unwrap(message.timestamp) + this.#shiftMs) * 1000));
  }

  /** The packet, on the time line that it belongs to. */
  #rising(packet: Packet): Packet {
    const ms = packet.dtsUs / 1000;
    const track = `${packet.kind}${packet.trackId}`;
    const lastMs = this.#lastMs.get(track);
    const leastMs = lastMs === undefined
      ? this.#newestMs - MAX_TRACKS_APART_MS
      : lastMs - MAX_RTMP_STEP_BACK_MS;
    if (ms < leastMs) {
      const moveMs = this.#newestMs + NEXT_LINE_GAP_MS - ms;
      this.#before = { endMs: this.#newestMs - this.#shiftMs, shiftMs: this.#shiftMs };
      this.#shiftMs += moveMs;
      this.#newestMs = ms + moveMs;
      this.#lastMs.set(track, this.#newestMs);
      return movedBy(packet, moveMs);
    }
    const before = this.#before;
    const isLate = before !== undefined && ms > this.#newestMs + MAX_RTMP_STEP_BACK_MS &&
      Math.abs(ms - this.#shiftMs - before.endMs) <= MAX_RTMP_STEP_BACK_MS;
    if (isLate) return movedBy(packet, before.shiftMs - this.#shiftMs);
    if (ms > this.#newestMs) this.#newestMs = ms;
    this.#lastMs.set(track, Math.max(ms, lastMs ?? ms));
    return packet;
  }

  /** Absolute ms; a step of less than 2^31 either way is taken as it is, over the wrap too. */
  #unwrap(timestamp: number): number {
    const ms = this.#ms === undefined ? timestamp : this.#ms + ((timestamp - this.#lastTimestamp) | 0);
    this.#lastTimestamp = timestamp;
    return this.#ms = ms;
  }
}

function movedBy(packet: Packet, ms: number): Packet {
  return { ...packet, dtsUs: packet.dtsUs + ms * 1000, ptsUs: packet.ptsUs + ms * 1000 };
}
