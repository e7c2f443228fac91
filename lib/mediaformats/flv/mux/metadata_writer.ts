import { AmfEcmaArray, amfMembers, type AmfObject, type AmfValue } from "#amf";
import { describeTrack } from "#codecs";
import { FormatError, LimitError } from "#errors";
import type { CodecId, MuxTrack, Patch } from "#media";
import { AUDIO_CODEC, fourCcOf, VIDEO_CODEC } from "../codes.ts";
import { decodeScriptData, encodeScriptData } from "../script.ts";
import type { KeyRows } from "./key_rows.ts";

const ON_META_DATA = "onMetaData";
/** What belongs to the file that is written, whoever said it of another. */
const OF_THE_FILE = ["duration", "filesize", "keyframes", "spacer"];
/** Bytes of the member `spacer` but for its nulls, of one byte each: name, marker, count. */
const SPACER_BYTES = 2 + 6 + 1 + 4;
/** Bytes of the member `keyframes` with two empty arrays. */
const KEY_FRAMES_BYTES = 47;
/** Two numbers: AMF 0 section 2.2. */
const KEY_FRAME_BYTES = 18;

/** What of a finished file its metadata tells. */
export interface FinishedFile {
  readonly durationMs: number;
  readonly fileBytes: number;
  readonly rows: KeyRows;
}

/**
 * The metadata of a file that is being written: room is left in it for the index, which is known at the end. The
 * room is an array of nulls named `spacer`, which no reader minds.
 */
export class MetadataWriter {
  readonly #members: Readonly<AmfObject>;
  readonly #bodyBytes: number;
  /** Of the tag body, in bytes from the start of the file. */
  readonly #offset: number;

  private constructor(members: Readonly<AmfObject>, place: { offset: number; bodyBytes: number }) {
    this.#members = members;
    this.#offset = place.offset;
    this.#bodyBytes = place.bodyBytes;
  }

  /**
   * Metadata that has yet to be written.
   *
   * @param members All but what `end` adds.
   * @param options `offset` the tag body will have, in bytes; room for `maxKeyFrames` of the index.
   * @returns The writer, and the tag body.
   */
  static begin(
    members: Readonly<AmfObject>,
    options: { readonly offset: number; readonly maxKeyFrames: number },
  ): { readonly writer: MetadataWriter; readonly body: Uint8Array<ArrayBuffer> } {
    const nulls = options.maxKeyFrames === 0 ? 0 : KEY_FRAMES_BYTES + KEY_FRAME_BYTES * options.maxKeyFrames;
    const body = encodeMetadata({ ...bare(members), duration: 0, filesize: 0, spacer: spacer(nulls) });
    const place = { offset: options.offset, bodyBytes: body.length };
    return { writer: new MetadataWriter(bare(members), place), body };
  }

  /** Metadata that stands in a file already, to be changed. */
  static resume(
    members: Readonly<AmfObject>,
    place: { readonly offset: number; readonly bodyBytes: number },
  ): MetadataWriter {
    return new MetadataWriter(bare(members), place);
  }

  /** The change that completes it, with as much as there is room for. */
  finish(file: FinishedFile): readonly Patch[] {
    const short = { ...this.#members, duration: file.durationMs / 1000 };
    const plain = { ...short, filesize: file.fileBytes };
    const { times, offsets } = file.rows;
    const full = { ...plain, keyframes: { times, filepositions: offsets } };
    const bytes = (times.length === 0 ? undefined : this.#fit(full)) ?? this.#fit(plain) ?? this.#fit(short);
    return bytes === undefined ? [] : [{ offset: this.#offset, bytes }];
  }

  /** The tag body padded to the length it has in the file. */
  #fit(members: AmfObject): Uint8Array | undefined {
    const plain = encodeMetadata(members);
    if (plain.length === this.#bodyBytes) return plain;
    const nulls = this.#bodyBytes - plain.length - SPACER_BYTES;
    return nulls < 0 ? undefined : encodeMetadata({ ...members, spacer: spacer(nulls) });
  }
}

/** The members of a stream's metadata without what is true of another file only. */
function bare(members: Readonly<AmfObject>): AmfObject {
  return Object.fromEntries(Object.entries(members).filter(([name]) => !OF_THE_FILE.includes(name)));
}

function spacer(nulls: number): AmfValue[] {
  return new Array<AmfValue>(nulls).fill(null);
}

/** Encodes `onMetaData` with these members: the body of a tag, owned by the caller. */
export function encodeMetadata(members: AmfObject): Uint8Array<ArrayBuffer> {
  return encodeScriptData({ name: ON_META_DATA, values: [new AmfEcmaArray(members)] });
}

/**
 * Takes what is true of another file only out of the payload of a metadata packet.
 *
 * @returns `undefined` if it cannot be read.
 */
export function rewriteMetadata(payload: Uint8Array): Uint8Array | undefined {
  try {
    const members = amfMembers(decodeScriptData(payload).values[0]);
    return members === undefined ? undefined : encodeMetadata(bare(members));
  } catch (error) {
    if (error instanceof FormatError || error instanceof LimitError) return undefined;
    throw error;
  }
}

/** What the tracks tell of themselves: FLV 10.1 section E.5, Enhanced RTMP v2 "onMetaData". */
export function metadataOfTracks(tracks: readonly MuxTrack[]): AmfObject {
  const members: AmfObject = {};
  const video = tracks.find(({ kind }) => kind === "video");
  const audio = tracks.find(({ kind }) => kind === "audio");
  if (video !== undefined) {
    const { width, height, frameRate } = described(video);
    if (width !== undefined && height !== undefined) Object.assign(members, { width, height });
    if (frameRate !== undefined) members.framerate = frameRate;
    members.videocodecid = codecNumber(video.codec, VIDEO_CODEC);
  }
  if (audio !== undefined) {
    const { sampleRate, channels } = described(audio);
    if (sampleRate !== undefined) members.audiosamplerate = sampleRate;
    if (channels !== undefined) members.stereo = channels > 1;
    members.audiocodecid = codecNumber(audio.codec, AUDIO_CODEC);
  }
  return members;
}

interface Described {
  readonly width?: number;
  readonly height?: number;
  readonly frameRate?: number;
  readonly sampleRate?: number;
  readonly channels?: number;
}

function described(track: MuxTrack): Described {
  const { kind, trackId, codec, codecConfig } = track;
  const known = track.description ?? (codecConfig === undefined ? undefined : describeTrack({
    ...{ kind, trackId, codec, role: "config", payload: codecConfig },
    ...{ dtsUs: 0, ptsUs: 0, isKeyFrame: false },
  }));
  const { width, height, sampleRate, channels } = track;
  return {
    ...known,
    ...(width === undefined || known?.width !== undefined ? {} : { width }),
    ...(height === undefined || known?.height !== undefined ? {} : { height }),
    ...(sampleRate === undefined || known?.sampleRate !== undefined ? {} : { sampleRate }),
    ...(channels === undefined || known?.channels !== undefined ? {} : { channels }),
  };
}

/** The legacy number where there is one, else the FourCC. */
function codecNumber(codec: CodecId, legacy: Readonly<Record<number, CodecId>>): number | undefined {
  const row = codec === "hvc1" ? undefined : Object.entries(legacy).find(([, known]) => known === codec);
  return row === undefined ? fourCcOf(codec) : Number(row[0]);
}
