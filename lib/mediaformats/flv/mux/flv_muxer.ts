import type { AmfObject } from "#amf";
import { bytesEqual, ByteWriter, concatBytes } from "#bytes";
import { FormatError } from "#errors";
import type { CodecId, MediaPacket, Muxer, MuxTrack, Packet, Patch } from "#media";
import { FLV_TAG_TYPE, type FlvTagType } from "../codes.ts";
import { tagBodyOf } from "../tag_body_writer.ts";
import {
  encodeFlvHeader,
  encodeFlvTag,
  FLV_TAG_HEADER_BYTES,
  type FlvHeader,
  writeFlvTag,
} from "../tag_writer.ts";
import { KeyRows } from "./key_rows.ts";
import { metadataOfTracks, MetadataWriter, rewriteMetadata } from "./metadata_writer.ts";
import type { FlvResumePoint } from "./resume.ts";

/** How a file is written. */
export interface FlvMuxerOptions {
  /** Rows of the key frame index that room is left for; longer files have every second, fourth, ... key frame. @default {1024} */
  readonly maxKeyFrames?: number;
  /** Members of `onMetaData`, as those of the live stream; they replace what the tracks tell. */
  readonly metadata?: Readonly<AmfObject>;
  /** Tags of the file, by the names ffprobe shows; they become members of `onMetaData`. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Added to all times of packets, in microseconds. @default {0} */
  readonly timeOffsetUs?: number;
  /** An older file that is gone on with; its bytes up to `fileBytes` stay. */
  readonly resume?: FlvResumePoint;
}

const MAX_KEY_FRAMES = 1024;
/** Where the flags of the file header are. */
const FLAGS_OFFSET = 4;
/** Least distance of two rows where every packet is a key frame. */
const AUDIO_ROW_MS = 1000;
const MS_US = 1000;
const NOTHING = new Uint8Array(0);

/** Codecs whose frames say all: Enhanced RTMP v2 has no sequence start for them, whatever other containers keep. */
const SELF_DESCRIBING: ReadonlySet<CodecId> = new Set(["ac-3", "ec-3", ".mp3"]);

/** Ends of what was written of a track. */
interface TrackEnd {
  dtsMs: number;
  stepMs: number;
}

/**
 * Writes FLV files, legacy and enhanced: FLV 10.1 annex E, Enhanced RTMP v2.
 *
 * Packets that came in a tag body are written as they came. Times are those of the packets, one base for all
 * tracks; where the first one lies before 0, which FLV cannot hold, all are moved by as much. The file plays at any
 * moment; `end` adds duration, size and an index of key frames to its metadata, which leaves room for them.
 *
 * ```ts
 * import { FlvMuxer } from "#mediaformats/flv";
 *
 * const muxer = new FlvMuxer([{ kind: "audio", trackId: 0, codec: ".mp3" }]);
 * const parts = [muxer.begin()];
 * const payload = new Uint8Array([0xff, 0xfb, 0x90, 0xc0]);
 * const packet = { kind: "audio", trackId: 0, codec: ".mp3", role: "media", isKeyFrame: true, payload } as const;
 * for (const dtsUs of [0, 26_000]) parts.push(muxer.write({ ...packet, dtsUs, ptsUs: dtsUs }));
 * const { patches } = muxer.end();
 * console.log(parts.length, patches.length); // 3 1
 * ```
 */
export class FlvMuxer implements Muxer {
  readonly #tracks: readonly MuxTrack[];
  readonly #leading: MuxTrack | undefined;
  readonly #options: FlvMuxerOptions;
  readonly #rows: KeyRows;
  /** By track: its id for video, below 0 for audio. */
  readonly #ends = new Map<number, TrackEnd>();
  readonly #scratch = new ByteWriter();
  /** The configuration that was written last for each track. */
  readonly #configs = new Map<string, Uint8Array>();
  #metadata: MetadataWriter | undefined;
  #flags: FlvHeader = { hasAudio: false, hasVideo: false };
  #bytes: number;
  readonly #offsetUs: number;
  /** Added to all times, in ms. */
  #shiftMs: number | undefined;
  #startMs = Infinity;
  #endMs = -Infinity;

  /**
   * @param tracks What the packets to come belong to; their configurations are written first.
   * @throws {FormatError} If FLV has no name for one of the codecs.
   */
  constructor(tracks: readonly MuxTrack[], options: FlvMuxerOptions = {}) {
    this.#tracks = tracks;
    this.#leading = tracks.find(({ kind }) => kind === "video") ??
      tracks.find(({ kind }) => kind === "audio");
    this.#options = options;
    this.#offsetUs = options.timeOffsetUs ?? 0;
    this.#bytes = options.resume?.fileBytes ?? 0;
    this.#shiftMs = options.resume === undefined ? undefined : 0;
    this.#rows = new KeyRows({
      maxRows: options.maxKeyFrames ?? MAX_KEY_FRAMES,
      leastMs: this.#leading?.kind === "audio" ? AUDIO_ROW_MS : 1,
    });
    for (const [row, timeMs] of options.resume?.keyFrameTimesMs.entries() ?? []) {
      this.#rows.add(timeMs, options.resume!.keyFrameOffsets[row]!);
    }
    for (const { kind, trackId, codec } of tracks) this.#check({ kind, trackId, codec });
  }

  /** Header, metadata and the configurations of the tracks. */
  begin(): Uint8Array {
    const configs = this.#tracks.map((track) => this.#configTag(track));
    const { resume } = this.#options;
    if (resume === undefined) return concatBytes([this.#head(), ...this.#count(configs)]);
    this.#flags = resume.header;
    this.#startMs = resume.startMs;
    this.#endMs = resume.endMs;
    const { metadata } = resume;
    if (metadata !== undefined) this.#metadata = MetadataWriter.resume(metadata.members, metadata);
    return concatBytes(this.#count(configs));
  }

  /** Takes one packet; see `Muxer.write`. */
  write(packet: Packet | MediaPacket): Uint8Array {
    this.writeInto(packet, this.#scratch);
    return this.#scratch.take();
  }

  /**
   * Takes one packet, as `write` does, and adds its bytes to what `writer` holds: no array for each.
   *
   * @throws {FormatError} If the format cannot hold it.
   */
  writeInto(packet: Packet | MediaPacket, writer: ByteWriter): void {
    if (packet.kind === "data") return this.#writeScript(packet, writer);
    if (packet.role === "config" && !this.#isNewConfig(packet)) return;
    const dtsMs = this.#decodeMs(packet);
    const tagType = packet.kind === "video" ? FLV_TAG_TYPE.Video : FLV_TAG_TYPE.Audio;
    const body = packet.flvTagBody ?? bodyOf(this.#inMs(packet, dtsMs));
    const before = writer.length;
    writeTag(writer, tagType, dtsMs, body);
    if (packet.role === "media") this.#note(packet, dtsMs);
    this.#bytes += writer.length - before;
  }

  /** Duration, size and index for the metadata. */
  end(): { readonly append: Uint8Array; readonly patches: readonly Patch[] } {
    const durationMs = this.#endMs > this.#startMs ? this.#endMs - this.#startMs : 0;
    const file = { durationMs, fileBytes: this.#bytes, rows: this.#rows };
    const flags = encodeFlvHeader(this.#flags).slice(FLAGS_OFFSET, FLAGS_OFFSET + 1);
    return {
      append: NOTHING,
      patches: [...this.#metadata?.finish(file) ?? [], { offset: FLAGS_OFFSET, bytes: flags }],
    };
  }

  #head(): Uint8Array {
    const { metadata, tags, maxKeyFrames = MAX_KEY_FRAMES } = this.#options;
    this.#flags = {
      hasAudio: this.#tracks.some(({ kind }) => kind === "audio"),
      hasVideo: this.#tracks.some(({ kind }) => kind === "video"),
    };
    const header = encodeFlvHeader(this.#flags);
    const members = { ...metadataOfTracks(this.#tracks), ...tags, ...metadata };
    const offset = header.length + FLV_TAG_HEADER_BYTES;
    const { writer, body } = MetadataWriter.begin(members, { offset, maxKeyFrames });
    this.#metadata = writer;
    const head = concatBytes([header, encodeFlvTag({ tagType: FLV_TAG_TYPE.Script, timestampMs: 0, body })]);
    this.#bytes += head.length;
    return head;
  }

  #configTag(track: MuxTrack): Uint8Array {
    const { kind, trackId, codec, codecConfig } = track;
    if (codecConfig === undefined || codecConfig.length === 0 || kind === "data") return NOTHING;
    if (SELF_DESCRIBING.has(codec)) return NOTHING;
    const dtsMs = this.#options.resume?.nextMs ?? 0;
    const packet: Packet = {
      ...{ kind, trackId, codec, role: "config", payload: codecConfig, isKeyFrame: kind === "audio" },
      ...{ dtsUs: dtsMs * MS_US, ptsUs: dtsMs * MS_US },
    };
    this.#isNewConfig(packet);
    const tagType = kind === "video" ? FLV_TAG_TYPE.Video : FLV_TAG_TYPE.Audio;
    return encodeFlvTag({ tagType, timestampMs: dtsMs, body: bodyOf(packet) });
  }

  #count(tags: readonly Uint8Array[]): readonly Uint8Array[] {
    for (const tag of tags) this.#bytes += tag.length;
    return tags;
  }

  #writeScript(packet: Packet, writer: ByteWriter): void {
    if (packet.role === "clear") return;
    const body = packet.role === "metadata" ? rewriteMetadata(packet.payload) : packet.payload;
    if (body === undefined) return;
    const before = writer.length;
    writeTag(writer, FLV_TAG_TYPE.Script, this.#decodeMs(packet), body);
    this.#bytes += writer.length - before;
  }

  /** Decoding time in the file, in ms. */
  #decodeMs(packet: Packet): number {
    const decodeMs = Math.round((packet.dtsUs + this.#offsetUs) / MS_US);
    this.#shiftMs ??= Math.max(0, -decodeMs);
    // a later track may start still earlier: its decoding waits, its presentation does not move
    return Math.max(0, decodeMs + this.#shiftMs);
  }

  /** Presentation time in the file, in ms. */
  #presentMs(packet: Packet): number {
    return Math.round((packet.ptsUs + this.#offsetUs) / MS_US) + (this.#shiftMs ?? 0);
  }

  /** The packet on the time of the file, in whole ms. */
  #inMs(packet: Packet, dtsMs: number): Packet {
    return { ...packet, dtsUs: dtsMs * MS_US, ptsUs: this.#presentMs(packet) * MS_US };
  }

  /** Keeps what duration and index need. */
  #note(packet: Packet, dtsMs: number): void {
    const { kind, trackId } = packet;
    if (kind === "video" && !this.#flags.hasVideo) this.#flags = { ...this.#flags, hasVideo: true };
    if (kind === "audio" && !this.#flags.hasAudio) this.#flags = { ...this.#flags, hasAudio: true };
    const key = kind === "video" ? trackId : -1 - trackId;
    const end = this.#ends.get(key);
    const stepMs = end === undefined || dtsMs <= end.dtsMs ? end?.stepMs ?? 0 : dtsMs - end.dtsMs;
    if (end === undefined) this.#ends.set(key, { dtsMs, stepMs });
    else {
      end.dtsMs = dtsMs;
      end.stepMs = stepMs;
    }
    const ptsMs = this.#presentMs(packet);
    this.#startMs = Math.min(this.#startMs, ptsMs);
    this.#endMs = Math.max(this.#endMs, ptsMs + stepMs);
    const isLeading = kind === this.#leading?.kind && trackId === this.#leading.trackId;
    if (packet.isKeyFrame && isLeading) this.#rows.add(dtsMs, this.#bytes);
  }

  #isNewConfig(packet: Packet): boolean {
    const key = `${packet.kind} ${packet.trackId} ${packet.codec}`;
    const last = this.#configs.get(key);
    if (last !== undefined && bytesEqual(last, packet.payload)) return false;
    this.#configs.set(key, packet.payload);
    return true;
  }

  /** Whether a packet of this track could be written, tried with an empty one. */
  #check(track: Pick<Packet, "kind" | "trackId" | "codec">): void {
    if (track.kind === "data" || OPAQUE_CODECS.has(track.codec)) return;
    bodyOf({ ...track, role: "media", dtsUs: 0, ptsUs: 0, isKeyFrame: true, payload: NOTHING });
  }
}

/** Codecs that are written in the tag body they came in, and only so. */
const OPAQUE_CODECS: ReadonlySet<string> = new Set([
  ...["h263", "screen", "screen2", "vp6f", "vp6a", "pcm", "pcm_le", "adpcm", "mp3_8k", "device", "unknown"],
  ...["nellymoser", "nellymoser_8k", "nellymoser_16k"],
]);

function bodyOf(packet: Packet): Uint8Array {
  try {
    return tagBodyOf(packet);
  } catch (error) {
    if (error instanceof TypeError) throw new FormatError(error.message, { cause: error });
    throw error;
  }
}

// params: hot path
function writeTag(writer: ByteWriter, tagType: FlvTagType, timestampMs: number, body: Uint8Array): void {
  try {
    writeFlvTag(writer, tagType, timestampMs, body);
  } catch (error) {
    if (error instanceof RangeError) throw new FormatError(error.message, { cause: error });
    throw error;
  }
}
