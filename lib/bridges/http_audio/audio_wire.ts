import {
  ADTS_HEADER_BYTES,
  type AudioSpecificConfig,
  decodeAudioSpecificConfig,
  encodeAdtsHeader,
} from "#codecs/aac";
import { FormatError } from "#errors";
import type { CodecId, Packet } from "#media";
import { mayHaveTracks, splitTracks } from "#mediaformats/flv";
import type { Stream, StreamHeader, WireFormat } from "#streaming";

const NOTHING = new Uint8Array(0);

/** MP3 frames one after another, of the default track of audio. */
export class Mp3Wire implements WireFormat {
  /** Names the bytes. */
  readonly key: string = "mp3";
  /** Players of web radio are many. */
  readonly isCommon = true;

  /** Whether it is audio in MP3. */
  carries({ kind, codec }: Packet): boolean {
    return kind === "audio" && (codec === ".mp3" || codec === "mp3_8k");
  }

  /** Bytes of the frames in a packet. */
  encodedBytes(packet: Packet): number {
    return defaultTrack(packet)?.payload.length ?? 0;
  }

  /** Writes the frames. */
  // params: hot path
  encodeInto(target: Uint8Array, offset: number, packet: Packet): void {
    target.set(defaultTrack(packet)?.payload ?? NOTHING, offset);
  }

  /** Every frame says what it is. */
  prelude(): Uint8Array {
    return NOTHING;
  }
}

/** AAC frames with an ADTS header each, of the default track of audio; those that ADTS cannot say are left out. */
export class AdtsWire implements WireFormat {
  /** Names the bytes. */
  readonly key: string = "adts";
  /** Players of web radio are many. */
  readonly isCommon = true;
  #configPacket: Packet | undefined;
  #config: AudioSpecificConfig | undefined;

  /** Learns the configuration in force. */
  follow({ configs, audioTrackId }: StreamHeader): void {
    const packet = configs.find(({ kind, role, codec, trackId }) =>
      kind === "audio" && role === "config" && codec === "mp4a" && trackId === audioTrackId
    );
    if (packet === this.#configPacket) return;
    this.#configPacket = packet;
    this.#config = packet && sayableConfig(packet.payload);
  }

  /** Whether it is audio in AAC. */
  carries({ kind, codec }: Packet): boolean {
    return kind === "audio" && codec === "mp4a";
  }

  /** Bytes of a frame and its header; none before the configuration. */
  encodedBytes(packet: Packet): number {
    return this.#frameOf(packet)?.bytes ?? 0;
  }

  /** Writes the header and the frame. */
  // params: hot path
  encodeInto(target: Uint8Array, offset: number, packet: Packet): void {
    const frame = this.#frameOf(packet);
    if (frame === undefined) return;
    const { header, payload } = frame;
    target.set(header, offset);
    target.set(payload, offset + header.length);
  }

  /** Every frame says what it is. */
  prelude(): Uint8Array {
    return NOTHING;
  }

  #frameOf(packet: Packet): { header: Uint8Array; payload: Uint8Array; bytes: number } | undefined {
    const payload = defaultTrack(packet)?.payload;
    if (payload === undefined || payload.length === 0 || this.#config === undefined) return undefined;
    const header = headerOf(this.#config, payload.length);
    return header && { header, payload, bytes: ADTS_HEADER_BYTES + payload.length };
  }
}

/** The media of the default track in an audio packet, if there is any. */
function defaultTrack(packet: Packet): Packet | undefined {
  if (packet.role !== "media") return undefined;
  if (!mayHaveTracks(packet)) return packet;
  try {
    return splitTracks(packet)[0];
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

function sayableConfig(bytes: Uint8Array): AudioSpecificConfig | undefined {
  try {
    const config = decodeAudioSpecificConfig(bytes);
    return headerOf(config, 0) && config;
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

/** `undefined` where ADTS has no code for it, or the frame is too long. */
function headerOf(config: AudioSpecificConfig, payloadBytes: number): Uint8Array | undefined {
  try {
    return encodeAdtsHeader(config, { payloadBytes });
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

/**
 * The codec of a live stream's audio, by its configuration or its newest packets.
 *
 * @returns `none` where there is video and no audio; `undefined` where nothing has come yet that says it.
 */
export function streamAudioCodec({ header, packets }: Stream): CodecId | "none" | undefined {
  const config = header.configs.find(({ kind, trackId }) =>
    kind === "audio" && trackId === header.audioTrackId
  );
  if (config !== undefined) return config.codec;
  for (let at = packets.end - 1; at >= (packets.start ?? packets.end); at--) {
    const packet = packets.at(at);
    if (packet?.kind === "audio" && packet.role === "media") return packet.codec;
  }
  return header.hasVideo && !header.hasAudio ? "none" : undefined;
}
