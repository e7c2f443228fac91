import { describeTrack } from "#codecs";
import { FormatError } from "#errors";
import type { CodecId, MuxTrack, TrackDescription } from "#media";
import { writeAudioSampleEntry } from "./audio_sample_entry.ts";
import type { BoxWriter } from "./box_writer.ts";

/** What goes into the header of a track: the facts of its sample entry. */
export interface SampleEntry {
  readonly track: MuxTrack;
  /** Codec configuration as the track or its first packet gave it; absent where the codec has none. */
  readonly codecConfig?: Uint8Array;
  /** Coded picture, in pixels; 0 where nothing says. */
  readonly width: number;
  readonly height: number;
  /** In Hz; 0 where nothing says. */
  readonly sampleRate: number;
  readonly channels: number;
  /** The first packet of the track, where its codec describes itself in frames. */
  readonly firstFrame?: Uint8Array;
}

/** Video sample entries and their configuration boxes: ISO/IEC 14496-15, AV1 and VP codecs in ISOBMFF. */
const VIDEO_CONFIG_BOX: Partial<Record<CodecId, string>> = {
  avc1: "avcC",
  hvc1: "hvcC",
  av01: "av1C",
  vp08: "vpcC",
  vp09: "vpcC",
};
const AUDIO_CODECS: ReadonlySet<CodecId> = new Set([
  "mp4a",
  ".mp3",
  "mp3_8k",
  "Opus",
  "fLaC",
  "ac-3",
  "ec-3",
]);
/** Codecs that cannot be written without the configuration. */
const NEEDS_CONFIG: ReadonlySet<CodecId> = new Set(["avc1", "hvc1", "av01", "mp4a", "fLaC"]);
/** Codecs whose frames tell what the sample entry must say. */
const FRAMES_TELL: ReadonlySet<CodecId> = new Set([".mp3", "mp3_8k", "ac-3", "ec-3", "vp08", "vp09", "Opus"]);

const RESOLUTION_72_DPI = 0x0048_0000;
const COMPRESSOR_NAME_BYTES = 32;
const DEPTH_COLOUR = 0x18;
/** Version 1 and flags 0, the full box header of `vpcC`. */
const VPCC_HEADER = 0x0100_0000;
const VPCC_RECORD_BYTES = 8;
/** Profile 0, level not known, 8 bit 4:2:0, colours not known, no initialisation data. */
const PLAIN_VP_RECORD = new Uint8Array([0, 0, 0x82, 2, 2, 2, 0, 0]);

/** Whether a track of `codec` can be written into an MP4 file. */
export function isMp4Codec(codec: CodecId): boolean {
  return VIDEO_CONFIG_BOX[codec] !== undefined || AUDIO_CODECS.has(codec);
}

/** Whether the header of `track` can say more once its first packet was seen. */
export function needsFirstFrame(track: MuxTrack): boolean {
  return track.codecConfig === undefined && FRAMES_TELL.has(track.codec);
}

/**
 * Gathers what the sample entry of `track` says, from its configuration, its description, its first packet.
 *
 * @param firstFrame Payload of the first packet, where there is one; borrowed.
 * @throws {FormatError} If MP4 has no sample entry for the codec, or a needed configuration is missing.
 */
export function sampleEntryOf(track: MuxTrack, firstFrame?: Uint8Array): SampleEntry {
  const { codec, codecConfig, kind, trackId } = track;
  if (!isMp4Codec(codec)) throw new FormatError(`Cannot write ${kind} track ${trackId}: MP4 has no ${codec}`);
  if (codecConfig === undefined && NEEDS_CONFIG.has(codec)) {
    throw new FormatError(`Cannot write ${kind} track ${trackId}: ${codec} without its configuration`);
  }
  const told = describe(track, firstFrame);
  return {
    track,
    width: track.width ?? told.width ?? 0,
    height: track.height ?? told.height ?? 0,
    sampleRate: told.sampleRate ?? track.sampleRate ?? 0,
    channels: told.channels || track.channels || 2,
    ...(codecConfig === undefined ? {} : { codecConfig }),
    ...(firstFrame === undefined ? {} : { firstFrame }),
  };
}

function describe(track: MuxTrack, firstFrame?: Uint8Array): TrackDescription {
  if (track.description !== undefined) return track.description;
  const { kind, codec, trackId, codecConfig } = track;
  const payload = codecConfig ?? firstFrame;
  if (payload === undefined) return { kind, codec, codecString: codec };
  const role = codecConfig === undefined ? "media" : "config";
  return describeTrack({ kind, codec, trackId, role, dtsUs: 0, ptsUs: 0, isKeyFrame: true, payload });
}

/** Writes the sample entry of `entry` into an `stsd` box. */
export function writeSampleEntry(writer: BoxWriter, entry: SampleEntry): void {
  if (entry.track.kind === "audio") writeAudioSampleEntry(writer, entry);
  else writeVisualSampleEntry(writer, entry);
}

/** ISO/IEC 14496-12 section 12.1.3. */
function writeVisualSampleEntry(writer: BoxWriter, entry: SampleEntry): void {
  const { codec } = entry.track;
  writer.box(codec, () => {
    writer.zeros(6).u16(1); // data_reference_index
    writer.zeros(16).u16(entry.width, entry.height);
    writer.u32(RESOLUTION_72_DPI, RESOLUTION_72_DPI, 0).u16(1);
    writer.zeros(COMPRESSOR_NAME_BYTES).u16(DEPTH_COLOUR, 0xffff);
    writer.box(VIDEO_CONFIG_BOX[codec]!, () => {
      if (codec === "vp08" || codec === "vp09") writeVpRecord(writer, entry.codecConfig);
      else writer.bytes(entry.codecConfig!);
    });
  });
}

function writeVpRecord(writer: BoxWriter, codecConfig: Uint8Array | undefined): void {
  const hasHeader = codecConfig !== undefined && codecConfig.length >= 4 + VPCC_RECORD_BYTES;
  if (!hasHeader) writer.u32(VPCC_HEADER);
  writer.bytes(codecConfig ?? PLAIN_VP_RECORD);
}
