import { isScript, type Packet } from "#media";
import { TagAdapter, type TagDialect } from "#mediaformats/flv";
import {
  CHUNK_STREAM_ID,
  encodedMessageBytes,
  encodeMessageInto,
  MESSAGE_TYPE,
  type MessageHeader,
  OUTBOUND_CHUNK_BYTES,
  wrapDataFrame,
} from "#protocols/rtmp";
import { rtmpTimestamp } from "#bridges/rtmp";
import type { StreamHeader, WireFormat } from "#streaming";

/** What a group of push targets gets; equal groups share one log. */
export interface PublishWireOptions {
  /** Message stream ID at the target; mostly 1. */
  readonly messageStreamId: number;
  /** What they read of Enhanced RTMP. */
  readonly dialect: TagDialect;
  /** Time of the stream here that is 0 there, in microseconds. */
  readonly startUs: number;
}

/**
 * A stream as an encoder publishes it: RTMP chunks with absolute timestamps, metadata wrapped in `@setDataFrame`.
 */
export class PublishWire implements WireFormat {
  readonly key: string;
  readonly isCommon: boolean;
  readonly #startUs: number;
  readonly #adapter: TagAdapter;
  // reused for every message
  readonly #headers: Readonly<Record<Packet["kind"], MessageHeader>>;

  constructor({ messageStreamId, startUs, dialect }: PublishWireOptions) {
    this.#startUs = startUs;
    this.#adapter = new TagAdapter(dialect);
    this.key = `rtmp-publish/${messageStreamId}/${dialect.key}/${startUs}`;
    this.isCommon = false;
    const header = (chunkStreamId: number, messageTypeId: number): MessageHeader => ({
      chunkStreamId,
      messageTypeId,
      messageStreamId,
      timestamp: 0,
      outboundChunkSize: OUTBOUND_CHUNK_BYTES,
    });
    this.#headers = {
      video: header(CHUNK_STREAM_ID.Video, MESSAGE_TYPE.Video),
      audio: header(CHUNK_STREAM_ID.Audio, MESSAGE_TYPE.Audio),
      data: header(CHUNK_STREAM_ID.Data, MESSAGE_TYPE.DataAmf0),
    };
  }

  carries(packet: Packet): boolean {
    return packet.kind === "data"
      ? isScript(packet) && packet.role !== "clear"
      : this.#adapter.adapt(packet) !== undefined;
  }

  encodedBytes(packet: Packet): number {
    return encodedMessageBytes(this.#headerOf(packet, packet.dtsUs), this.#bodyOf(packet).length);
  }

  encodeInto(target: Uint8Array, offset: number, packet: Packet): void {
    encodeMessageInto(target, offset, this.#headerOf(packet, packet.dtsUs), this.#bodyOf(packet));
  }

  prelude(header: StreamHeader, { dtsUs }: { dtsUs: number }): Uint8Array {
    const packets = header.metadata === undefined ? header.configs : [header.metadata, ...header.configs];
    // metadata at 0: ffmpeg takes later ones for a text track
    const messages = packets.filter((packet) => this.carries(packet)).map((packet) => ({
      packet,
      body: this.#bodyOf(packet),
      timeUs: packet.kind === "data" ? this.#startUs : dtsUs,
    }));
    let length = 0;
    for (const { packet, body, timeUs } of messages) {
      length += encodedMessageBytes(this.#headerOf(packet, timeUs), body.length);
    }
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const { packet, body, timeUs } of messages) {
      at = encodeMessageInto(bytes, at, this.#headerOf(packet, timeUs), body);
    }
    return bytes;
  }

  /** Of a packet that is carried. */
  #bodyOf(packet: Packet): Uint8Array {
    if (packet.kind !== "data") return this.#adapter.adapt(packet)!;
    return packet.role === "metadata" ? wrapDataFrame(packet.payload) : packet.payload;
  }

  #headerOf(packet: Packet, dtsUs: number): MessageHeader {
    const header = this.#headers[packet.kind];
    header.timestamp = rtmpTimestamp(Math.max(0, dtsUs - this.#startUs));
    return header;
  }
}
