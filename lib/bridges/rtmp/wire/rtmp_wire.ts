import { isScript, type Packet } from "#media";
import { TagAdapter, type TagDialect } from "#mediaformats/flv";
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
  /** What they read of Enhanced RTMP. */
  readonly dialect: TagDialect;
  /** `receiveAudio`. */
  readonly hasAudio: boolean;
  /** `receiveVideo`. */
  readonly hasVideo: boolean;
}

/** What most players announce: nothing, everything, or what FFmpeg can. */
const COMMON_DIALECT =
  /^(legacy|\*,\*(,multitrack)?(,modex)?|hvc1\+vp09\+av01,Opus\+fLaC\+ac-3\+ec-3\+unknown)$/;

/**
 * RTMP chunks: type-0 headers with absolute timestamps and a large chunk size, so that the same bytes serve
 * every player of a group.
 */
export class RtmpWire implements WireFormat {
  readonly key: string;
  readonly isCommon: boolean;
  readonly #options: RtmpWireOptions;
  readonly #adapter: TagAdapter;
  // reused for every message: an object a packet would be garbage a packet
  readonly #video: MessageHeader;
  readonly #audio: MessageHeader;
  readonly #data: MessageHeader;

  constructor(options: RtmpWireOptions) {
    this.#options = options;
    const { messageStreamId, dialect, hasAudio, hasVideo } = options;
    this.#adapter = new TagAdapter(dialect);
    const tracks = `${hasAudio ? "a" : ""}${hasVideo ? "v" : ""}`;
    this.isCommon = messageStreamId === 1 && COMMON_DIALECT.test(dialect.key);
    this.key = `rtmp/${messageStreamId}/${dialect.key}/${tracks}`;
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
    if (packet.kind === "data") return isScript(packet) && packet.role !== "clear";
    const { hasAudio, hasVideo } = this.#options;
    if (!(packet.kind === "video" ? hasVideo : hasAudio)) return false;
    return this.#adapter.adapt(packet) !== undefined;
  }

  encodedBytes(packet: Packet): number {
    return encodedMessageBytes(this.#headerOf(packet, packet.dtsUs), this.#bodyOf(packet).length);
  }

  encodeInto(target: Uint8Array, offset: number, packet: Packet): void {
    encodeMessageInto(target, offset, this.#headerOf(packet, packet.dtsUs), this.#bodyOf(packet));
  }

  prelude(header: StreamHeader, { dtsUs }: { dtsUs: number }): Uint8Array {
    const packets = header.metadata === undefined ? header.configs : [header.metadata, ...header.configs];
    const carried = packets.filter((packet) => this.carries(packet));
    let length = 0;
    for (const packet of carried) {
      length += encodedMessageBytes(
        this.#headerOf(packet, startOf(packet, dtsUs)),
        this.#bodyOf(packet).length,
      );
    }
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const packet of carried) {
      at = encodeMessageInto(bytes, at, this.#headerOf(packet, startOf(packet, dtsUs)), this.#bodyOf(packet));
    }
    return bytes;
  }

  /** Of a packet that is carried. */
  #bodyOf(packet: Packet): Uint8Array {
    return packet.kind === "data" ? packet.payload : this.#adapter.adapt(packet)!;
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
