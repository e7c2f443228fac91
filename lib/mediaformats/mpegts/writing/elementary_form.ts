import { decodeAudioSpecificConfig, encodeAdtsHeader } from "#codecs/aac";
import {
  AVC_ACCESS_UNIT_DELIMITER,
  AVC_NAL_UNIT_TYPE,
  avcNalUnitType,
  decodeAvcDecoderConfiguration,
} from "#codecs/avc";
import {
  decodeHevcDecoderConfiguration,
  HEVC_ACCESS_UNIT_DELIMITER,
  HEVC_NAL_UNIT_TYPE,
  hevcNalUnitType,
} from "#codecs/hevc";
import { decodeOpusIdHeader, opusPacketSamples } from "#codecs/opus";
import { FormatError } from "#errors";
import { type CodecId, findLengthPrefixed, type MuxTrack } from "#media";
import { type Descriptor, DESCRIPTOR_TAG, OPUS_EXTENSION_TAG } from "../psi/descriptor.ts";
import { TS_TIMESCALE } from "../limits.ts";
import { STREAM_TYPE } from "../stream_type.ts";
import type { FrameSyntax } from "../units/frame_cutter.ts";
import { AC3_SYNTAX, MPEG_AUDIO_SYNTAX } from "../units/frame_syntaxes.ts";

/** How payloads of one track are written into PES packets. */
export interface ElementaryForm {
  /** See `STREAM_TYPE`. */
  readonly streamType: number;
  /** Whether PES packets say private_stream_1 rather than audio. */
  readonly isPrivate: boolean;
  /** Descriptors of the program map. */
  readonly descriptors: readonly Descriptor[];
  /** Takes a configuration that holds from now on; borrowed views are kept. */
  configure(config: Uint8Array): void;
  /**
   * The bytes of one packet, in pieces that are views.
   *
   * @throws {FormatError} If the payload is malformed, or the configuration has not come.
   */
  piecesOf(payload: Uint8Array, options: { isKeyFrame: boolean }): Uint8Array[];
  /** How long an audio packet lasts, in ticks of 90 kHz, not rounded; 0 for video, and where it does not say. */
  durationTicksOf(payload: Uint8Array): number;
}

/**
 * The form of a track.
 *
 * @throws {FormatError} If MPEG-TS cannot hold its codec, or its configuration is malformed.
 */
export function newElementaryForm(track: MuxTrack): ElementaryForm {
  const make = FORMS[track.codec];
  if (make === undefined) throw new FormatError(`Cannot write MPEG-TS: it cannot hold codec ${track.codec}`);
  const form = make(track);
  if (track.codecConfig !== undefined) form.configure(track.codecConfig);
  return form;
}

/** Whether `TsMuxer` writes tracks of a codec. */
export function canWriteTs(codec: CodecId): boolean {
  return FORMS[codec] !== undefined;
}

const FORMS: Readonly<Partial<Record<CodecId, (track: MuxTrack) => ElementaryForm>>> = {
  avc1: () => new AnnexBForm("avc"),
  hvc1: () => new AnnexBForm("hevc"),
  mp4a: () => new AdtsForm(),
  Opus: (track) => new OpusForm(track),
  ".mp3": ({ description, sampleRate = description?.sampleRate }) =>
    new PlainForm({
      // MPEG-2 has the rates below 32 kHz
      streamType: (sampleRate ?? 44_100) < 32_000 ? STREAM_TYPE.Mpeg2Audio : STREAM_TYPE.Mpeg1Audio,
      isPrivate: false,
      descriptors: [],
      syntax: MPEG_AUDIO_SYNTAX,
    }),
  "ac-3": () =>
    new PlainForm({
      streamType: STREAM_TYPE.Ac3,
      isPrivate: true,
      descriptors: [registration("AC-3")],
      syntax: AC3_SYNTAX,
    }),
  "ec-3": () =>
    new PlainForm({
      streamType: STREAM_TYPE.EnhancedAc3,
      isPrivate: true,
      descriptors: [registration("EAC3")],
      syntax: AC3_SYNTAX,
    }),
  klv: () =>
    new PlainForm({
      streamType: STREAM_TYPE.PrivatePes,
      isPrivate: true,
      descriptors: [registration("KLVA")],
      syntax: NO_SYNTAX,
    }),
};

/** What comes as it is and does not say how long it lasts. */
const NO_SYNTAX: Pick<FrameSyntax, "read"> = { read: () => undefined };

function registration(identifier: string): Descriptor {
  return {
    tag: DESCRIPTOR_TAG.Registration,
    body: Uint8Array.from(identifier, (letter) => letter.charCodeAt(0)),
  };
}

const START_CODE = new Uint8Array([0, 0, 0, 1]);

/** What the writer needs to know of H.264 or H.265. */
interface AnnexBSyntax {
  readonly streamType: number;
  readonly descriptors: readonly Descriptor[];
  readonly delimiter: Uint8Array;
  isDelimiter(firstByte: number): boolean;
  isSequenceSet(firstByte: number): boolean;
  decode(config: Uint8Array): { nalLengthSize: number; sets: readonly Uint8Array[] };
}

const AVC: AnnexBSyntax = {
  streamType: STREAM_TYPE.Avc,
  descriptors: [],
  delimiter: new Uint8Array(AVC_ACCESS_UNIT_DELIMITER),
  isDelimiter: (firstByte) => avcNalUnitType(firstByte) === AVC_NAL_UNIT_TYPE.AccessUnitDelimiter,
  isSequenceSet: (firstByte) => avcNalUnitType(firstByte) === AVC_NAL_UNIT_TYPE.Sps,
  decode(config) {
    const { nalLengthSize, sps, pps } = decodeAvcDecoderConfiguration(config);
    return { nalLengthSize, sets: [...sps, ...pps] };
  },
};

const HEVC: AnnexBSyntax = {
  streamType: STREAM_TYPE.Hevc,
  descriptors: [registration("HEVC")],
  delimiter: new Uint8Array(HEVC_ACCESS_UNIT_DELIMITER),
  isDelimiter: (firstByte) => hevcNalUnitType(firstByte) === HEVC_NAL_UNIT_TYPE.AccessUnitDelimiter,
  isSequenceSet: (firstByte) => hevcNalUnitType(firstByte) === HEVC_NAL_UNIT_TYPE.Sps,
  decode(config) {
    const { nalLengthSize, arrays } = decodeHevcDecoderConfiguration(config);
    return { nalLengthSize, sets: arrays.flatMap(({ nalUnits }) => nalUnits) };
  },
};

/** Length-prefixed access units as Annex B: a delimiter first, parameter sets before each key frame. */
class AnnexBForm implements ElementaryForm {
  readonly isPrivate = false;
  readonly #syntax: AnnexBSyntax;
  /** Delimiter with its start code, as before other access units. */
  readonly #delimiter: Uint8Array[];
  /** Delimiter and parameter sets with start codes, as before key frames. */
  #keyHead: Uint8Array[] = [];
  #nalLengthSize: number | undefined;
  readonly #ranges: number[] = [];

  constructor(codec: "avc" | "hevc") {
    this.#syntax = codec === "avc" ? AVC : HEVC;
    this.#delimiter = [START_CODE, this.#syntax.delimiter];
  }

  get streamType(): number {
    return this.#syntax.streamType;
  }

  get descriptors(): readonly Descriptor[] {
    return this.#syntax.descriptors;
  }

  configure(config: Uint8Array): void {
    const { nalLengthSize, sets } = this.#syntax.decode(config);
    this.#nalLengthSize = nalLengthSize;
    this.#keyHead = [...this.#delimiter, ...sets.flatMap((set) => [START_CODE, set])];
  }

  piecesOf(payload: Uint8Array, { isKeyFrame }: { isKeyFrame: boolean }): Uint8Array[] {
    if (this.#nalLengthSize === undefined) {
      throw new FormatError("Cannot write video: no configuration came before it");
    }
    const ranges = findLengthPrefixed(payload, { nalLengthSize: this.#nalLengthSize, into: this.#ranges });
    let hasOwnSets = false;
    for (let index = 0; index < ranges.length; index += 2) {
      hasOwnSets ||= this.#syntax.isSequenceSet(payload[ranges[index]!]!);
    }
    const pieces = isKeyFrame && !hasOwnSets ? this.#keyHead.slice() : this.#delimiter.slice();
    for (let index = 0; index < ranges.length; index += 2) {
      const start = ranges[index]!;
      if (this.#syntax.isDelimiter(payload[start]!)) continue;
      pieces.push(START_CODE, payload.subarray(start, ranges[index + 1]));
    }
    return pieces;
  }

  durationTicksOf(): number {
    return 0;
  }
}

/** Raw AAC frames with ADTS headers. */
class AdtsForm implements ElementaryForm {
  readonly streamType = STREAM_TYPE.AacAdts;
  readonly isPrivate = false;
  readonly descriptors = [];
  #config: ReturnType<typeof decodeAudioSpecificConfig> | undefined;

  configure(config: Uint8Array): void {
    this.#config = decodeAudioSpecificConfig(config);
  }

  piecesOf(payload: Uint8Array): Uint8Array[] {
    if (this.#config === undefined) {
      throw new FormatError("Cannot write AAC: no configuration came before it");
    }
    return [encodeAdtsHeader(this.#config, { payloadBytes: payload.length }), payload];
  }

  durationTicksOf(): number {
    return this.#config === undefined ? 0 : ticksOf(this.#config);
  }
}

/** Opus packets behind control headers. */
class OpusForm implements ElementaryForm {
  readonly streamType = STREAM_TYPE.PrivatePes;
  readonly isPrivate = true;
  readonly descriptors: readonly Descriptor[];

  constructor({ codecConfig, description, channels = description?.channels }: MuxTrack) {
    const told = codecConfig === undefined || codecConfig.length === 0
      ? undefined
      : decodeOpusIdHeader(codecConfig).channels;
    const body = new Uint8Array([OPUS_EXTENSION_TAG, told ?? channels ?? 2]);
    this.descriptors = [registration("Opus"), { tag: DESCRIPTOR_TAG.Extension, body }];
  }

  /** The program map has said it. */
  configure(): void {}

  piecesOf(payload: Uint8Array): Uint8Array[] {
    const header = new Uint8Array(3 + Math.floor(payload.length / 255)).fill(0xff);
    header[0] = 0x7f;
    header[1] = 0xe0;
    header[header.length - 1] = payload.length % 255;
    return [header, payload];
  }

  durationTicksOf(payload: Uint8Array): number {
    return ticksOf({ frameSamples: opusPacketSamples(payload), sampleRate: OPUS_SAMPLE_RATE });
  }
}

/** Frames as they are. */
class PlainForm implements ElementaryForm {
  readonly streamType: number;
  readonly isPrivate: boolean;
  readonly descriptors: readonly Descriptor[];

  readonly #syntax: Pick<FrameSyntax, "read">;

  constructor(
    form: Pick<ElementaryForm, "streamType" | "isPrivate" | "descriptors"> & {
      syntax: Pick<FrameSyntax, "read">;
    },
  ) {
    this.#syntax = form.syntax;
    this.streamType = form.streamType;
    this.isPrivate = form.isPrivate;
    this.descriptors = form.descriptors;
  }

  /** There is nothing to say. */
  configure(): void {}

  piecesOf(payload: Uint8Array): Uint8Array[] {
    return [payload];
  }

  durationTicksOf(payload: Uint8Array): number {
    const header = this.#syntax.read(payload, 0);
    return header === undefined ? 0 : ticksOf(header);
  }
}

const OPUS_SAMPLE_RATE = 48_000;

function ticksOf({ frameSamples, sampleRate }: { frameSamples: number; sampleRate: number }): number {
  return frameSamples * TS_TIMESCALE / sampleRate;
}
