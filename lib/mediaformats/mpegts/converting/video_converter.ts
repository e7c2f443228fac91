import { AVC_NAL_UNIT_TYPE, avccFromParameterSets, avcNalUnitType, describeAvc } from "#codecs/avc";
import { describeHevc, HEVC_NAL_UNIT_TYPE, hevcNalUnitType, hvccFromParameterSets } from "#codecs/hevc";
import { bytesEqual } from "#bytes";
import { FormatError, LimitError } from "#errors";
import { lengthPrefixedFrom, type TrackDescription } from "#media";
import type { TsAccessUnit } from "../units/access_unit.ts";
import type { Converted, Converter } from "./converter.ts";

/** What the converter needs of an access unit, in whatever form its NAL units lie. */
export type VideoUnit = Pick<TsAccessUnit, "payload" | "nalUnits" | "isKeyFrame">;

/** What a NAL unit is to the converter: one of the kinds of parameter sets, left out, or media. */
type NalUnitRole = 0 | 1 | 2 | "left out" | "media";

/** What the converter needs to know of a coding. */
interface VideoForm {
  roleOf(firstByte: number): NalUnitRole;
  /** Builds a configuration of parameter sets, by kind. */
  configOf(sets: ParameterSets): Uint8Array;
  /** Kinds that a configuration needs. */
  readonly needed: readonly (0 | 1 | 2)[];
  describe(config: Uint8Array): TrackDescription;
}

/** Video, sequence and picture parameter sets, as the stream has them. */
type ParameterSets = readonly [readonly Uint8Array[], readonly Uint8Array[], readonly Uint8Array[]];

const SEQUENCE = 1;
const PICTURE = 2;

const AVC_FORM: VideoForm = {
  roleOf(firstByte) {
    switch (avcNalUnitType(firstByte)) {
      case AVC_NAL_UNIT_TYPE.Sps:
        return SEQUENCE;
      case AVC_NAL_UNIT_TYPE.Pps:
        return PICTURE;
      case AVC_NAL_UNIT_TYPE.AccessUnitDelimiter:
      case AVC_NAL_UNIT_TYPE.FillerData:
        return "left out";
      default:
        return "media";
    }
  },
  configOf: ([, sps, pps]) => avccFromParameterSets(sps, pps),
  needed: [SEQUENCE, PICTURE],
  describe: describeAvc,
};

const HEVC_FORM: VideoForm = {
  roleOf(firstByte) {
    switch (hevcNalUnitType(firstByte)) {
      case HEVC_NAL_UNIT_TYPE.Vps:
        return 0;
      case HEVC_NAL_UNIT_TYPE.Sps:
        return SEQUENCE;
      case HEVC_NAL_UNIT_TYPE.Pps:
        return PICTURE;
      case HEVC_NAL_UNIT_TYPE.AccessUnitDelimiter:
      case HEVC_NAL_UNIT_TYPE.FillerData:
        return "left out";
      default:
        return "media";
    }
  },
  configOf: ([vps, sps, pps]) => hvccFromParameterSets({ vps, sps, pps }),
  needed: [0, SEQUENCE, PICTURE],
  describe: describeHevc,
};

/** As many as H.265 has ids of picture parameter sets; more in one access unit are not looked at. */
const MAX_SETS_OF_A_KIND = 64;
const NO_SETS: ParameterSets = [[], [], []];

/**
 * Turns Annex B access units into length-prefixed ones, and the parameter sets in them into configurations.
 *
 * A configuration changes at key frames only. Sets that are in it are taken out of the access units; others, as
 * of a stream that changes a picture parameter set between key frames, stay in them. Delimiters and filler are
 * left out.
 */
export class VideoConverter implements Converter {
  readonly #form: VideoForm;
  #sets = NO_SETS;
  #config: Uint8Array | undefined;
  #description: TrackDescription | undefined;

  constructor(codec: "avc" | "hevc") {
    this.#form = codec === "avc" ? AVC_FORM : HEVC_FORM;
  }

  /** AVCDecoderConfigurationRecord or HEVCDecoderConfigurationRecord. */
  get config(): Uint8Array | undefined {
    return this.#config;
  }

  /** What the configuration says. */
  get description(): TrackDescription | undefined {
    return this.#description;
  }

  /** Takes the next access unit; its payload is empty if it has nothing but delimiters and parameter sets. */
  convert(unit: VideoUnit): Converted {
    const { payload, nalUnits = [] } = unit;
    const kept: number[] = [];
    let found: [Uint8Array[], Uint8Array[], Uint8Array[]] | undefined;
    for (let index = 0; index < nalUnits.length; index += 2) {
      const start = nalUnits[index]!;
      const end = nalUnits[index + 1]!;
      const role = this.#form.roleOf(payload[start]!);
      if (role === "media") kept.push(start, end);
      else if (role !== "left out") {
        const sets = (found ??= [[], [], []])[role];
        if (sets.length < MAX_SETS_OF_A_KIND) sets.push(payload.subarray(start, end));
      }
    }
    if (found === undefined) return { payloads: payloadsOf(payload, kept) };
    const isKnown = found.every((sets, kind) =>
      sets.every((set) => isIn(set, this.#sets[kind as 0 | 1 | 2]))
    );
    if (isKnown) return { payloads: payloadsOf(payload, kept) };
    const config = unit.isKeyFrame || this.#config === undefined ? this.#configure(found) : undefined;
    return { config, payloads: payloadsOf(payload, config === undefined ? this.#keepSets(unit) : kept) };
  }

  /** The new configuration; `undefined` if one cannot be made of what is there. */
  #configure(found: ParameterSets): Uint8Array | undefined {
    const merge = (kind: 0 | 1 | 2) =>
      found[kind].length > 0 ? found[kind].map((set) => set.slice()) : this.#sets[kind];
    const sets: ParameterSets = [merge(0), merge(SEQUENCE), merge(PICTURE)];
    if (this.#form.needed.some((kind) => sets[kind].length === 0)) return undefined;
    try {
      const config = this.#form.configOf(sets);
      this.#description = this.#form.describe(config);
      this.#sets = sets;
      this.#config = config;
      return config;
    } catch (error) {
      if (error instanceof FormatError || error instanceof LimitError) return undefined;
      throw error;
    }
  }

  /** Ranges of the media and of the parameter sets that are not in the configuration. */
  #keepSets({ payload, nalUnits = [] }: VideoUnit): number[] {
    const kept: number[] = [];
    for (let index = 0; index < nalUnits.length; index += 2) {
      const start = nalUnits[index]!;
      const end = nalUnits[index + 1]!;
      const role = this.#form.roleOf(payload[start]!);
      if (role === "left out") continue;
      if (role !== "media" && isIn(payload.subarray(start, end), this.#sets[role])) continue;
      kept.push(start, end);
    }
    return kept;
  }
}

function isIn(set: Uint8Array, sets: readonly Uint8Array[]): boolean {
  return sets.some((known) => bytesEqual(known, set));
}

function payloadsOf(payload: Uint8Array, ranges: readonly number[]): Uint8Array[] {
  return ranges.length === 0 ? [] : [lengthPrefixedFrom(payload, ranges)];
}
