import type { Packet } from "#media";

/**
 * What a late joiner must know before the first packet: an immutable snapshot, replaced when anything in it
 * changes, so that each random-access point remembers the one in force there.
 */
export interface StreamHeader {
  /** Newest `onMetaData` (or other sticky script data) of the publisher, if it sent one. */
  readonly metadata: Packet | undefined;
  /** Newest codec configuration of each track, in the order the tracks appeared. */
  readonly configs: readonly Packet[];
  /** Whether a video packet of any role was seen. */
  readonly hasVideo: boolean;
  /** Whether an audio packet of any role was seen. */
  readonly hasAudio: boolean;
}

/** A header of a stream that has published nothing. */
export const EMPTY_STREAM_HEADER: StreamHeader = {
  metadata: undefined,
  configs: [],
  hasVideo: false,
  hasAudio: false,
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
  /** Whether the wire carries this packet at all. */
  carries(packet: Packet): boolean;
  /** Exact number of bytes `encodeInto` writes for it. */
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
