import {
  announcedTracks,
  encodeFlvHeader,
  FLV_TAG_TYPE,
  flvTagBytes,
  FULL_DIALECT,
  SINGLE_TRACK_DIALECT,
  TagAdapter,
  writeFlvTagInto,
} from "#mediaformats/flv";
import { isScript, type Packet } from "#media";
import { webSocketHeaderBytes, writeWebSocketHeaderInto } from "#protocols/websocket";
import type { StreamHeader, WireFormat } from "#streaming";

/** Which tracks a viewer gets. */
export interface FlvWireOptions {
  /**
   * Every track, as it came, with its track id and ModEx; most players of FLV end at what they do not know.
   *
   * @default {false} the default track of video and of audio, with legacy headers where there are some
   */
  readonly hasAllTracks?: boolean;
}

/** FLV tags, as HTTP-FLV sends them: a header, then tags with absolute timestamps. */
export class FlvWire implements WireFormat {
  readonly key: string;
  readonly isCommon = true;
  readonly #adapter: TagAdapter;

  constructor({ hasAllTracks = false }: FlvWireOptions = {}) {
    this.key = hasAllTracks ? "flv-all" : "flv";
    this.#adapter = new TagAdapter(hasAllTracks ? FULL_DIALECT : SINGLE_TRACK_DIALECT);
  }

  carries(packet: Packet): boolean {
    return packet.kind === "data"
      ? isScript(packet) && packet.role !== "clear"
      : this.#adapter.adapt(packet) !== undefined;
  }

  encodedBytes(packet: Packet): number {
    return flvTagBytes(this.#bodyOf(packet).length);
  }

  encodeInto(target: Uint8Array, offset: number, packet: Packet): void {
    this.#writeTag(target, offset, packet, packet.dtsUs);
  }

  prelude(header: StreamHeader, { dtsUs, isFirst }: { dtsUs: number; isFirst: boolean }): Uint8Array {
    const start = isFirst ? encodeFlvHeader(flvTracks(header)) : NOTHING;
    const told = header.metadata === undefined ? header.configs : [header.metadata, ...header.configs];
    const packets = told.filter((packet) => this.carries(packet));
    let length = start.length;
    for (const packet of packets) length += this.encodedBytes(packet);
    const bytes = new Uint8Array(length);
    bytes.set(start);
    let at = start.length;
    // metadata at 0, since ffmpeg takes later one for a text track
    for (const packet of packets) {
      at = this.#writeTag(bytes, at, packet, packet.kind === "data" ? 0 : dtsUs);
    }
    return bytes;
  }

  // params: hot path
  #writeTag(target: Uint8Array, offset: number, packet: Packet, dtsUs: number): number {
    const tagType = packet.kind === "video"
      ? FLV_TAG_TYPE.Video
      : packet.kind === "audio"
      ? FLV_TAG_TYPE.Audio
      : FLV_TAG_TYPE.Script;
    const timestampMs = Math.round(dtsUs / 1000) >>> 0;
    return writeFlvTagInto(target, offset, { tagType, timestampMs }, this.#bodyOf(packet));
  }

  /** Of a packet that is carried. */
  #bodyOf(packet: Packet): Uint8Array {
    return packet.kind === "data" ? packet.payload : this.#adapter.adapt(packet)!;
  }
}

/**
 * A wire over WebSocket: what one packet makes is one binary message, its frame header included, so that the log's
 * bytes go to the socket as they are.
 */
export class WebSocketWire implements WireFormat {
  readonly key: string;
  readonly isCommon = true;
  readonly #inner: WireFormat;

  /** @param inner What is framed; this wire's own from now on. */
  constructor(inner: WireFormat) {
    this.#inner = inner;
    this.key = `ws-${inner.key}`;
  }

  follow(header: StreamHeader): void {
    this.#inner.follow?.(header);
  }

  carries(packet: Packet): boolean {
    return this.#inner.carries(packet);
  }

  encodedBytes(packet: Packet): number {
    const bytes = this.#inner.encodedBytes(packet);
    return bytes === 0 ? 0 : webSocketHeaderBytes(bytes) + bytes;
  }

  encodeInto(target: Uint8Array, offset: number, packet: Packet): void {
    const headerBytes = writeWebSocketHeaderInto(target, offset, this.#inner.encodedBytes(packet));
    this.#inner.encodeInto(target, offset + headerBytes, packet);
  }

  prelude(header: StreamHeader, start: { dtsUs: number; isFirst: boolean }): Uint8Array {
    const body = this.#inner.prelude(header, start);
    if (body.length === 0) return body;
    const framed = new Uint8Array(webSocketHeaderBytes(body.length) + body.length);
    framed.set(body, writeWebSocketHeaderInto(framed, 0, body.length));
    return framed;
  }
}

/** FLV over WebSocket: each tag is one message. */
export class WebSocketFlvWire extends WebSocketWire {
  constructor(options: FlvWireOptions = {}) {
    super(new FlvWire(options));
  }
}

/**
 * The tracks an FLV header announces: those seen, and those the metadata promises. A player waits for every
 * track announced, and may ignore one that was not.
 */
export function flvTracks(header: StreamHeader): { hasVideo: boolean; hasAudio: boolean } {
  const announced = announcedTracks(header.metadata?.payload ?? NOTHING);
  return {
    hasVideo: header.hasVideo || announced.hasVideo,
    hasAudio: header.hasAudio || announced.hasAudio,
  };
}

const NOTHING = new Uint8Array(0);
