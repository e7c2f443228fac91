import type { Packet } from "#media";
import { isEnhancedTagBody, tagBodyOf } from "#mediaformats/flv";
import {
  CHUNK_STREAM_ID,
  encodedMessageBytes,
  encodeMessageInto,
  MESSAGE_TYPE,
  OUTBOUND_CHUNK_BYTES,
} from "#protocols/rtmp";
import type { MessageHeader } from "#protocols/rtmp";
import type { StreamHeader, WireFormat } from "#streaming";

/** What a group of players wants and can read; equal groups share one log. */
export interface RtmpWireOptions {
  /** Message stream id of the players' NetStream; usually 1. */
  readonly messageStreamId: number;
  /** Whether they announced Enhanced RTMP; others never get its headers. */
  readonly isEnhanced: boolean;
  /** `receiveAudio`. */
  readonly hasAudio: boolean;
  /** `receiveVideo`. */
  readonly hasVideo: boolean;
}

/**
 * RTMP chunks: type-0 headers with absolute timestamps and a large chunk size, so that the same bytes serve
 * every player of a group.
 */
export class RtmpWire implements WireFormat {
  readonly key: string;
  readonly isCommon: boolean;
  readonly #options: RtmpWireOptions;
  // reused for every message: an object a packet would be garbage a packet
  readonly #video: MessageHeader;
  readonly #audio: MessageHeader;
  readonly #data: MessageHeader;

  constructor(options: RtmpWireOptions) {
    this.#options = options;
    const { messageStreamId, isEnhanced, hasAudio, hasVideo } = options;
    const tracks = `${hasAudio ? "a" : ""}${hasVideo ? "v" : ""}`;
    this.isCommon = messageStreamId === 1;
    this.key = `rtmp/${messageStreamId}/${isEnhanced ? "enhanced" : "legacy"}/${tracks}`;
    const header = (chunkStreamId: number, messageTypeId: number): MessageHeader => ({
      chunkStreamId,
      messageTypeId,
      messageStreamId,
      timestamp: 0,
      outboundChunkSize: OUTBOUND_CHUNK_BYTES,
    });
    this.#video = header(CHUNK_STREAM_ID.Video, MESSAGE_TYPE.Video);
    this.#audio = header(CHUNK_STREAM_ID.Audio, MESSAGE_TYPE.Audio);
    this.#data = header(CHUNK_STREAM_ID.Data, MESSAGE_TYPE.DataAmf0);
  }

  carries(packet: Packet): boolean {
    if (packet.kind === "data") return packet.role !== "clear";
    const { hasAudio, hasVideo, isEnhanced } = this.#options;
    if (!(packet.kind === "video" ? hasVideo : hasAudio)) return false;
    return isEnhanced || !isEnhancedTagBody(packet.kind, tagBodyOf(packet));
  }

  encodedBytes(packet: Packet): number {
    return encodedMessageBytes(this.#headerOf(packet, packet.dtsUs), bodyOf(packet).length);
  }

  encodeInto(target: Uint8Array, offset: number, packet: Packet): void {
    encodeMessageInto(target, offset, this.#headerOf(packet, packet.dtsUs), bodyOf(packet));
  }

  prelude(header: StreamHeader, { dtsUs }: { dtsUs: number }): Uint8Array {
    const packets = header.metadata === undefined ? header.configs : [header.metadata, ...header.configs];
    const carried = packets.filter((packet) => this.carries(packet));
    let length = 0;
    for (const packet of carried) {
      length += encodedMessageBytes(this.#headerOf(packet, startOf(packet, dtsUs)), bodyOf(packet).length);
    }
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const packet of carried) {
      at = encodeMessageInto(bytes, at, this.#headerOf(packet, startOf(packet, dtsUs)), bodyOf(packet));
    }
    return bytes;
  }

  #headerOf(packet: Packet, dtsUs: number): MessageHeader {
    const header = packet.kind === "video" ? this.#video : packet.kind === "audio" ? this.#audio : this.#data;
    header.timestamp = rtmpTimestamp(dtsUs);
    return header;
  }
}

/** Time of a message before the first packet: metadata at 0, since ffmpeg takes later one for a text track. */
function startOf(packet: Packet, dtsUs: number): number {
  return packet.kind === "data" ? 0 : dtsUs;
}

/** Microseconds as an RTMP timestamp: ms modulo 2^32. */
export function rtmpTimestamp(dtsUs: number): number {
  return Math.round(dtsUs / 1000) >>> 0;
}

function bodyOf(packet: Packet): Uint8Array {
  return packet.kind === "data" ? packet.payload : tagBodyOf(packet);
}
