import { describeAac } from "#codecs/aac";
import { describeAv1 } from "#codecs/av1";
import { decodeAvcDecoderConfiguration, describeAvc, encodeAvcDecoderConfiguration } from "#codecs/avc";
import { describeFlac } from "#codecs/flac";
import { decodeHevcDecoderConfiguration, describeHevc, encodeHevcDecoderConfiguration } from "#codecs/hevc";
import { describeMp3 } from "#codecs/mp3";
import { describeOpus } from "#codecs/opus";
import { describeVp8, describeVp9 } from "#codecs/vp9";
import { outcomeOf } from "../target.ts";
import type { FuzzTarget } from "../target.ts";

const DESCRIBERS = [
  ...[describeAac, describeAv1, describeAvc, describeFlac, describeHevc],
  ...[describeMp3, describeOpus, describeVp8, describeVp9],
];

/** Codec configurations, each read by every codec. */
export function codecTarget(recorded: readonly Uint8Array[]): FuzzTarget {
  return {
    name: "codec",
    seeds: recorded,
    run(bytes) {
      for (const describe of DESCRIBERS) outcomeOf(() => describe(bytes));
      outcomeOf(() => encodeAvcDecoderConfiguration(decodeAvcDecoderConfiguration(bytes)));
      outcomeOf(() => encodeHevcDecoderConfiguration(decodeHevcDecoderConfiguration(bytes)));
    },
  };
}
