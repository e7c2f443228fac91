import type { TrackDescription } from "#media";
import { decodeHevcDecoderConfiguration, type HevcProfile } from "./decoder_configuration.ts";
import { decodeHevcSps, SPS_NAL_UNIT_TYPE } from "./sps.ts";

/** Names of the profiles: H.265 section A.3. */
const PROFILE_NAME: Readonly<Record<number, string>> = {
  1: "Main",
  2: "Main 10",
  3: "Main Still Picture",
  4: "Range Extensions",
  5: "High Throughput",
  6: "Multiview Main",
  7: "Scalable Main",
  8: "3D Main",
  9: "Screen Content",
  10: "Scalable Range Extensions",
  11: "High Throughput Screen Content",
};

/**
 * Describes the track of an HEVC configuration.
 *
 * @param configuration Payload of a configuration packet; borrowed.
 * @throws {FormatError} If it, or its first sequence parameter set, is malformed.
 * @throws {LimitError} If the picture is larger than the limits.
 */
export function describeHevc(configuration: Uint8Array): TrackDescription {
  const { profile, averageFrameRate, arrays } = decodeHevcDecoderConfiguration(configuration);
  const nalUnit = arrays.find(({ nalUnitType }) => nalUnitType === SPS_NAL_UNIT_TYPE)?.nalUnits[0];
  const sps = nalUnit === undefined ? undefined : decodeHevcSps(nalUnit);
  return {
    kind: "video",
    codec: "hvc1",
    codecString: codecStringOf(profile),
    profile: PROFILE_NAME[profile.profileIdc] ?? `profile ${profile.profileIdc}`,
    level: (profile.levelIdc / 30).toFixed(profile.levelIdc % 30 === 0 ? 0 : 1),
    ...(sps === undefined ? {} : { width: sps.width, height: sps.height }),
    ...(averageFrameRate === 0 ? {} : { frameRate: averageFrameRate / 256 }),
  };
}

/** ISO/IEC 14496-15 section E.3: profile, compatibility flags in reverse order, tier and level, constraints. */
function codecStringOf(profile: HevcProfile): string {
  const space = ["", "A", "B", "C"][profile.profileSpace];
  const tier = profile.isHighTier ? "H" : "L";
  const constraints = [...profile.constraintFlags];
  while (constraints.at(-1) === 0) constraints.pop();
  return [
    `hvc1.${space}${profile.profileIdc}`,
    reverseBits(profile.compatibilityFlags).toString(16).toUpperCase(),
    `${tier}${profile.levelIdc}`,
    ...constraints.map((byte) => byte.toString(16).toUpperCase()),
  ].join(".");
}

function reverseBits(value: number): number {
  let reversed = 0;
  for (let bit = 0; bit < 32; bit++) reversed = reversed << 1 | value >>> bit & 1;
  return reversed >>> 0;
}
