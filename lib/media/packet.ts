/** What a track carries. */
export type TrackKind = "video" | "audio" | "data";

/**
 * Codecs by the FourCC of Enhanced RTMP where there is one, otherwise by a plain name. Opaque legacy codecs
 * pass through untouched.
 */
export type CodecId =
  | "avc1"
  | "hvc1"
  | "vvc1"
  | "vp08"
  | "vp09"
  | "av01"
  | "mp4a"
  | ".mp3"
  | "Opus"
  | "fLaC"
  | "ac-3"
  | "ec-3"
  | "h263"
  | "screen"
  | "vp6f"
  | "vp6a"
  | "screen2"
  | "pcm"
  | "adpcm"
  | "pcm_le"
  | "nellymoser_16k"
  | "nellymoser_8k"
  | "nellymoser"
  | "g711a"
  | "g711u"
  | "g722"
  /** Linear PCM, big-endian, with a configuration of this library (`#codecs/pcm`). */
  | "lpcm"
  | "speex"
  | "mp3_8k"
  | "device"
  | "script"
  /** KLV units of SMPTE ST 336, on tracks of data. */
  | "klv"
  | "unknown";

/** Whether a packet is script data, which RTMP and FLV carry; other tracks of data they do not. */
export function isScript({ codec }: Pick<Packet, "codec">): boolean {
  return codec === "script";
}

/** What a packet means to a decoder. */
export type PacketRole =
  /** An access unit, or an audio frame. */
  | "media"
  /** A codec configuration: AVCDecoderConfigurationRecord, AudioSpecificConfig, ... */
  | "config"
  /** What a late joiner must know of a track beside its configuration: colours of HDR, places of channels. */
  | "description"
  /** Script data that describes the stream and that late joiners need: `onMetaData`. */
  | "metadata"
  /** Script data that takes the metadata back. */
  | "clear"
  /** Other script data: cue points, text. */
  | "data"
  /** Anything else that only relays: end of sequence, seek markers. */
  | "control";

/**
 * One encoded access unit, audio frame, configuration or data message, with its times.
 *
 * A packet is immutable once published; whoever publishes gives up its arrays.
 */
export interface Packet {
  readonly kind: TrackKind;
  /** Track within its kind; 0 is the default track. */
  readonly trackId: number;
  readonly codec: CodecId;
  readonly role: PacketRole;
  /** Decoding time in microseconds, an integer, from the start of the stream. */
  readonly dtsUs: number;
  /** Presentation time in microseconds, an integer. */
  readonly ptsUs: number;
  /** Whether a subscriber can start here; always true for audio without video. */
  readonly isKeyFrame: boolean;
  /** Elementary bytes as the codec's own format has them (length-prefixed NAL units, raw AAC frames, ...). */
  readonly payload: Uint8Array;
  /**
   * The FLV tag body this packet came in, so that RTMP to RTMP and RTMP to FLV never re-mux. It may hold frames of
   * other tracks of the same kind and time; the packet shows the one of the lowest id.
   */
  readonly flvTagBody?: Uint8Array;
}
