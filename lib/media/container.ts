import type { ByteWriter } from "#bytes";
import type { CodecId, Packet, TrackKind } from "./packet.ts";
import type { TrackDescription } from "./track.ts";

/** One track of a file. */
export interface MediaTrack {
  /** Position among all tracks of the file, from 0; what `MediaPacket.trackIndex` says. */
  readonly index: number;
  readonly kind: TrackKind;
  /** Position among the tracks of its kind, from 0; what `Packet.trackId` says. */
  readonly trackId: number;
  /** How the file numbers it: track_ID in MP4, TrackNumber in Matroska, PID in MPEG-TS. */
  readonly containerTrackId: number;
  readonly codec: CodecId;
  /** The codec as ffprobe names it, also where it can only be named: `h264`, `pcm_s16le`, `subrip`; else `unknown`. */
  readonly codecName: string;
  /** Ticks per second of the track's times, whole. */
  readonly timescale: number;
  /** What all times of the track are multiples of, where it is not 1: ffprobe's time base is `tickStep/timescale`. */
  readonly tickStep?: number;
  /** AVCDecoderConfigurationRecord, AudioSpecificConfig, ...; the track's own memory. */
  readonly codecConfig?: Uint8Array;
  /** What the configuration says, where it could be read. */
  readonly description?: TrackDescription;
  /** Coded picture, in pixels, by the container where the configuration does not say. */
  readonly width?: number;
  readonly height?: number;
  /** In Hz. */
  readonly sampleRate?: number;
  readonly channels?: number;
  /** In ticks; absent where the file does not say and was not scanned. */
  readonly durationTicks?: number;
  /** Clockwise, in degrees: 90, 180, 270; absent for none. */
  readonly rotationDegrees?: number;
  /** ISO 639-2 where the file names one. */
  readonly language?: string;
  /** Whether the file says that players should choose the track by themselves; absent where it does not say. */
  readonly isDefault?: boolean;
  /** Tags of the track, by the names ffprobe shows. */
  readonly tags: Readonly<Record<string, string>>;
}

/** What a file says of itself. */
export interface MediaSummary {
  /** As ffprobe names it: `flv`, `mov,mp4,m4a,3gp,3g2,mj2`, `matroska,webm`, `mp3`, `mpegts`. */
  readonly formatName: string;
  readonly tracks: readonly MediaTrack[];
  /** Of the earliest packet that is shown, in microseconds; may be negative. */
  readonly startUs: number;
  /** In microseconds; absent where neither the file says nor an index was built. */
  readonly durationUs?: number;
  /** Tags of the file, by the names ffprobe shows. */
  readonly tags: Readonly<Record<string, string>>;
}

/** A file within a file, which belongs to no time: a cover, a font. Noted, never loaded. */
export interface MediaAttachment {
  /** As the file says: `image/jpeg`, `application/x-truetype-font`; may be empty. */
  readonly mimeType: string;
  /** Of its first byte in the file; -1 where the file has other bytes for it. */
  readonly offset: number;
  /** In bytes. */
  readonly sizeBytes: number;
  /** Its first bytes where `offset` is -1. */
  readonly head?: Uint8Array;
  /** By the names ffprobe shows: `title`, `comment`, `filename`. */
  readonly tags: Readonly<Record<string, string>>;
}

/** One packet of a file, with the exact times its container holds. */
export interface MediaPacket extends Packet {
  /** Which of `MediaSummary.tracks`; -1 for what belongs to none, as script data of FLV. */
  readonly trackIndex: number;
  /** Decoding time in ticks of the track, exact. */
  readonly dtsTicks: number;
  /** Presentation time in ticks of the track, exact. */
  readonly ptsTicks: number;
  /** In ticks of the track; 0 where the file does not say. */
  readonly durationTicks: number;
  /** Needed to decode what follows, not to be shown: before the start of an edit, preroll. ffprobe's flag D. */
  readonly isDiscarded: boolean;
  /** No other picture needs it, so a sender in need may leave it out; absent where the container does not say. */
  readonly isDisposable?: boolean;
}

/** Where a seek landed. */
export interface SeekResult {
  /** Presentation time of the packet that comes next on the leading track, in microseconds. */
  readonly timeUs: number;
}

/** Most faults that a reader tells of: a file may be all faults. */
export const MAX_MEDIA_FAULTS = 64;

/** Something that is wrong with a file and did not keep its reader from going on. */
export interface MediaFault {
  /** From the start of the file, in bytes; -1 where it is not known, or for what happens all over. */
  readonly offset: number;
  /** Facts: `Tag cut off: need 4096 bytes, have 17`. */
  readonly message: string;
}

/**
 * Reads one container.
 *
 * Demuxers hold one block of the file and their tables, never the file. Times are those of the file: a start
 * other than 0 stays.
 */
export interface Demuxer {
  /** What is in it; becomes more exact once an index is used. */
  readonly summary: MediaSummary;
  /** Whether seeking works at once; otherwise it needs the index that `scan` builds. */
  readonly canSeek: boolean;
  /**
   * What was passed over or is missing in what was read so far, up to `MAX_MEDIA_FAULTS`, as `crtmp probe` shows
   * it; absent where the reader tells of nothing.
   */
  readonly faults?: readonly MediaFault[];
  /** Looks for files within the file; absent where the container holds none. */
  attachments?(): Promise<readonly MediaAttachment[]>;
  /**
   * Reads on.
   *
   * @returns Packets in decode order, at least one, a few dozen at most; none at the end. A file that grows may
   *   give more in a later call. Payloads are views of a block that is never written again: copy what is kept long.
   * @throws {FormatError} If the file is broken where a reader cannot go on; what was read before was delivered.
   */
  read(): Promise<readonly MediaPacket[]>;
  /**
   * Goes to the newest key frame that is presented at or before `timeUs` (the first one, if there is none before):
   * of the first video track, or of the first audio track where there is no video. Packets of other tracks follow
   * from about the same time on; none is needed from before.
   *
   * @param timeUs In the file's own time, in microseconds.
   */
  seek(timeUs: number): Promise<SeekResult>;
  /**
   * Reads the whole file once and builds its index; does not move the place `read` is at.
   *
   * @returns `undefined` where the file needs none: it has tables of its own.
   */
  scan?(options?: ScanOptions): Promise<SeekIndex>;
  /** Uses an index built earlier for this very file: seeking works at once, and `summary` has the duration. */
  useIndex?(index: SeekIndex): void;
  /** Lets go of the source, and closes it. */
  close(): void;
}

/** What a scan tells and heeds. */
export interface ScanOptions {
  /** Called now and then with the part that is done, 0 to 1. */
  readonly onProgress?: (done: number) => void;
  /** Ends the scan with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Where a reader can start, for files without such a table of their own.
 *
 * Columns, not objects: a 10 h file with a key frame each second is 36,000 rows, 0.5 MB.
 */
export interface SeekIndex {
  /** Presentation time of each key frame of the leading track, in microseconds, rising. */
  readonly timesUs: Float64Array;
  /** Offset in the file to read from for it, in bytes. */
  readonly offsets: Float64Array;
  /** In microseconds, from the first packet shown to the end of the last. */
  readonly durationUs: number;
  /** Bytes that were read; a file that has grown since is indexed on from here. */
  readonly scannedBytes: number;
  /** Packets of each track, by `MediaTrack.index`. */
  readonly packetCounts: readonly number[];
  /**
   * Offsets of codec configurations that hold from there on, in bytes, rising: for FLV, where they stand once
   * and may change in mid-file.
   */
  readonly configOffsets?: Float64Array;
}

/** One track as a muxer is told about it; a `MediaTrack` is one. */
export interface MuxTrack {
  readonly kind: TrackKind;
  /** Position among the tracks of its kind, from 0; what `Packet.trackId` says. */
  readonly trackId: number;
  readonly codec: CodecId;
  /** Ticks per second; where given, packets carry exact ticks (`MediaPacket`) and keep them. */
  readonly timescale?: number;
  /** Needed by all codecs but MP3, AC-3 and the like. */
  readonly codecConfig?: Uint8Array;
  readonly description?: TrackDescription;
  /** Coded picture, in pixels, where the configuration does not say. */
  readonly width?: number;
  readonly height?: number;
  /** In Hz, where neither configuration nor frames say. */
  readonly sampleRate?: number;
  readonly channels?: number;
  readonly language?: string;
  readonly rotationDegrees?: number;
}

/** Bytes that replace others of the same length in what was written before. */
export interface Patch {
  /** From the start of the file, in bytes. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/**
 * Writes one container. It keeps nothing but what its next bytes need, knows no files, and whoever calls it
 * appends what it gives, in order: at any moment what was appended is a file that plays up to there.
 */
export interface Muxer {
  /** The bytes before the first packet; for the caller to own. */
  begin(): Uint8Array;
  /**
   * Takes one packet, in decode order of its track.
   *
   * @returns Bytes to append now, for the caller to own; empty while packets are gathered.
   * @throws {FormatError} If the container cannot hold this packet.
   */
  write(packet: Packet | MediaPacket): Uint8Array;
  /** The same into `writer`, by muxers that need no array of their own for it. */
  writeInto?(packet: Packet | MediaPacket, writer: ByteWriter): void;
  /** Writes what was gathered and can be written into `writer`, by muxers that gather. */
  flushInto?(writer: ByteWriter): void;
  /** What remains, then changes to what was written before (duration, index). */
  end(): { readonly append: Uint8Array; readonly patches: readonly Patch[] };
}
