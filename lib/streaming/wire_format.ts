import type { Packet } from "#media";

/**
 * What a late joiner must know before the first packet: an immutable snapshot, replaced when anything in it
 * changes, so that each random-access point remembers the one in force there.
 */
export interface StreamHeader {
  /** Newest `onMetaData` (or other sticky script data) of the publisher, if it sent one. */
  readonly metadata: Packet | undefined;
  /** Newest codec configuration of each track, and behind it the newest description. */
  readonly configs: readonly Packet[];
  /** Whether a video packet of any role was seen. */
  readonly hasVideo: boolean;
  /** Whether an audio packet of any role was seen. */
  readonly hasAudio: boolean;
  /** Lowest track of video seen, the default one: subscribers start at its key frames. Infinity before any. */
  readonly videoTrackId: number;
  /** Lowest track of audio seen; Infinity before any. */
  readonly audioTrackId: number;
}

/** A header of a stream that has published nothing. */
export const EMPTY_STREAM_HEADER: StreamHeader = {
  metadata: undefined,
  configs: [],
  hasVideo: false,
  hasAudio: false,
  videoTrackId: Infinity,
  audioTrackId: Infinity,
};

/**
 * How packets become bytes of one wire: RTMP chunks, FLV tags, ... Subscribers whose formats have equal keys
 * read the same bytes.
 */
export interface WireFormat {
  /** Names the exact bytes: format, and every option that changes them. */
  readonly key: string;
  /** Whether it is one of a few that most players use: others cannot take its place in MAX_STREAM_LOGS. */
  readonly isCommon?: boolean;
  /**
   * Told what is in force before the first packet, and before each packet that changes it; absent where packets
   * say all the wire needs.
   */
  follow?(header: StreamHeader): void;
  /** Whether the wire carries this packet at all. */
  carries(packet: Packet): boolean;
  /** Exact number of bytes `encodeInto` writes for it; with 0 it is not called, and no subscriber starts there. */
  encodedBytes(packet: Packet): number;
  /**
   * Writes one packet.
   *
   * @param target Segment of the log, on shared memory.
   * @param offset First byte to write; `encodedBytes(packet)` bytes are free there.
   */
  // params: hot path
  encodeInto(target: Uint8Array, offset: number, packet: Packet): void;
  /**
   * Bytes that come before the first packet of a subscriber.
   *
   * @param header What is in force at the packet the subscriber starts at.
   * @param start `dtsUs`: decoding time of that packet, to stamp the header's messages with; `isFirst`: whether
   * the subscriber has received nothing yet; otherwise it jumps forward.
   */
  prelude(header: StreamHeader, start: { dtsUs: number; isFirst: boolean }): Uint8Array;
}
