/** Part of a resource, in bytes. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/** How a segment is encrypted: EXT-X-KEY, RFC 8216 section 4.3.2.4. */
export interface SegmentKey {
  /** `AES-128`, `SAMPLE-AES`, ... */
  readonly method: string;
  /** Where the key is, absolute. */
  readonly uri: string;
  /** 16 bytes; absent where it is the media sequence number. */
  readonly iv?: Uint8Array<ArrayBuffer>;
}

/** What stands before the packets of segments: EXT-X-MAP, section 4.3.2.5. */
export interface SegmentMap {
  /** Absolute. */
  readonly uri: string;
  readonly range?: ByteRange;
  readonly key?: SegmentKey;
}

/** One piece of media. */
export interface Segment {
  /** Absolute. */
  readonly uri: string;
  readonly durationS: number;
  /** Media sequence number. */
  readonly sequence: number;
  readonly range?: ByteRange;
  readonly key?: SegmentKey;
  readonly map?: SegmentMap;
  /** Whether times or codecs begin anew. */
  readonly isDiscontinuous: boolean;
  /** Whether it is missing at the server: EXT-X-GAP. */
  readonly isGap: boolean;
}

/** Segments of one rendition, in order. */
export interface MediaPlaylist {
  readonly kind: "media";
  /** No segment is longer, in s, rounded. */
  readonly targetDurationS: number;
  /** Number of the first segment, or of the next where there is none. */
  readonly mediaSequence: number;
  /** Whether no segment will be added. */
  readonly isEnded: boolean;
  readonly segments: readonly Segment[];
}

/** One choice among those of a presentation: EXT-X-STREAM-INF. */
export interface Variant {
  /** Of its media playlist, absolute. */
  readonly uri: string;
  /** Most bits a second. */
  readonly bandwidth: number;
  readonly codecs?: string;
  /** As written: `1280x720`. */
  readonly resolution?: string;
  /** The group its sound is in, where that comes apart. */
  readonly audioGroup?: string;
}

/** A track that comes apart: EXT-X-MEDIA. */
export interface Rendition {
  /** `AUDIO`, `VIDEO`, `SUBTITLES`, ... */
  readonly type: string;
  readonly groupId: string;
  readonly name: string;
  readonly isDefault: boolean;
  /** Of its media playlist, absolute; absent where it is within the variant. */
  readonly uri?: string;
}

/** The choices of a presentation, as the server puts them: the first is the one to begin with. */
export interface MasterPlaylist {
  readonly kind: "master";
  readonly variants: readonly Variant[];
  readonly renditions: readonly Rendition[];
}
