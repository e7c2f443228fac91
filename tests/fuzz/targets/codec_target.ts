import { AdtsReader, describeAac, LoasReader } from "#codecs/aac";
import { Ac3Reader, describeAc3, describeDac3, describeDec3 } from "#codecs/ac3";
import { av1cFromUnits, describeAv1, isAv1KeyFrame } from "#codecs/av1";
import {
  AvcAccessUnitSplitter,
  decodeAvcDecoderConfiguration,
  describeAvc,
  encodeAvcDecoderConfiguration,
  isAvcKeyFrame,
} from "#codecs/avc";
import { describeFlac } from "#codecs/flac";
import {
  decodeHevcDecoderConfiguration,
  describeHevc,
  encodeHevcDecoderConfiguration,
  HevcAccessUnitSplitter,
  isHevcKeyFrame,
} from "#codecs/hevc";
import { describeMp3 } from "#codecs/mp3";
import { describeOpus } from "#codecs/opus";
import { describeVp8Frame } from "#codecs/vp8";
import { describeVp8, describeVp9, describeVp9Frame } from "#codecs/vp9";
import { annexBToLengthPrefixed, findNalUnits, lengthPrefixedToAnnexB, nalUnitsAt } from "#media";
import { seedOf, splitAtRandom } from "../mutate.ts";
import { assertSame, FuzzFailure, outcomeOf } from "../target.ts";
import type { FuzzTarget } from "../target.ts";

const DESCRIBERS = [
  ...[describeAac, describeAv1, describeAvc, describeFlac, describeHevc],
  ...[describeMp3, describeOpus, describeVp8, describeVp9, describeVp8Frame, describeVp9Frame],
  ...[describeAc3, describeDac3, describeDec3, av1cFromUnits, isAv1KeyFrame],
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

/** Elementary streams of audio and video: split the same in any pieces, and the same after going there and back. */
export function elementaryTarget(): FuzzTarget {
  return {
    name: "elementary",
    seeds: ELEMENTARY_SEEDS,
    run(bytes, random) {
      for (const Reader of [AdtsReader, LoasReader, Ac3Reader]) {
        const whole = readFrames(new Reader(), [bytes]);
        assertSame(Reader.name, whole, readFrames(new Reader(), splitAtRandom(bytes, random)));
      }
      const ranges = findNalUnits(bytes);
      const avc = new AvcAccessUnitSplitter();
      const hevc = new HevcAccessUnitSplitter();
      for (const unit of nalUnitsAt(bytes, ranges)) {
        avc.startsAccessUnit(unit);
        hevc.startsAccessUnit(unit);
      }
      isAvcKeyFrame(bytes, ranges, { acceptsRecoveryPoint: true });
      isHevcKeyFrame(bytes, ranges);
      const prefixed = annexBToLengthPrefixed(bytes);
      if (seedOf(annexBToLengthPrefixed(lengthPrefixedToAnnexB(prefixed))) !== seedOf(prefixed)) {
        throw new FuzzFailure("NAL units differ after going to a byte stream and back");
      }
    },
  };
}

function readFrames(reader: AdtsReader | LoasReader | Ac3Reader, parts: readonly Uint8Array[]): string[] {
  const frames = [...parts.flatMap((part) => [...reader.push(part)]), ...reader.flush()];
  return [
    ...frames.map(({ offset, payload }) => `${offset} ${seedOf(payload)}`),
    `${reader.skippedBytes} skipped`,
  ];
}

/** ADTS and LOAS of ffmpeg's encoder, one AC-3 frame twice, H.264 and H.265 with parameter sets. */
const ELEMENTARY_SEEDS = [
  "fff1508003dffcde02004c61766335392e33372e31303000422008c11838" + "fff1508001bffc211004608c1c".repeat(3),
  "56e01e200012101fe0bef01002630bb319a9c97199b9718981800211004608c1c0" + "56e0088310880230460e00".repeat(3),
  `0b77336a004043e1${"55".repeat(120)}`.repeat(2),
  "000000016764000aacb423d8088000000300800000190789135000000168ef0fcb" +
  "000001060601888000000165888411ffda" +
  "00000001419a26223f05f400000001419a46223f05f5",
  "0000000142010101600000030090000001" + "4401c173d0090000012801af1d627b0000010201d0115784",
].map((hex) => Uint8Array.fromHex(hex));
