import type { TrackDescription } from "#media";
import { decodeAvcDecoderConfiguration } from "./decoder_configuration.ts";
import { decodeAvcSps } from "./sps.ts";

/** Names of the profiles: H.264 section A.2. */
const PROFILE_NAME: Readonly<Record<number, string>> = {
  44: "CAVLC 4:4:4 Intra",
  66: "Baseline",
  77: "Main",
  88: "Extended",
  100: "High",
  110: "High 10",
  122: "High 4:2:2",
  244: "High 4:4:4 Predictive",
};

const CONSTRAINT_SET1 = 0x40;
const CONSTRAINT_SET3 = 0x10;

/**
 * Describes the track of an AVC configuration.
 *
 * @param configuration Payload of a configuration packet; borrowed.
 * @throws {FormatError} If it, or its first parameter set, is malformed.
 * @throws {LimitError} If the picture is larger than the limits.
 */
export function describeAvc(configuration: Uint8Array): TrackDescription {
  const record = decodeAvcDecoderConfiguration(configuration);
  const [first] = record.sps;
  const sps = first === undefined ? undefined : decodeAvcSps(first);
  const { profileIdc, constraintFlags, levelIdc } = sps ?? record;
  const codes = [profileIdc, constraintFlags, levelIdc].map((code) => code.toString(16).padStart(2, "0"));
  return {
    kind: "video",
    codec: "avc1",
    codecString: `avc1.${codes.join("")}`,
    profile: profileName(profileIdc, constraintFlags),
    level: levelName({ profileIdc, constraintFlags, levelIdc }),
    ...(sps === undefined ? {} : { width: sps.width, height: sps.height }),
    ...(sps?.frameRate === undefined ? {} : { frameRate: sps.frameRate }),
  };
}

function profileName(profileIdc: number, constraintFlags: number): string {
  const name = PROFILE_NAME[profileIdc] ?? `profile ${profileIdc}`;
  return profileIdc === 66 && (constraintFlags & CONSTRAINT_SET1) !== 0 ? `Constrained ${name}` : name;
}

/** H.264 section A.3.1: level 1b is 9, or 11 with constraint_set3_flag in the profiles without chroma format. */
function levelName(codes: { profileIdc: number; constraintFlags: number; levelIdc: number }): string {
  const { profileIdc, constraintFlags, levelIdc } = codes;
  const isOld = profileIdc === 66 || profileIdc === 77 || profileIdc === 88;
  if (levelIdc === 9 || isOld && levelIdc === 11 && (constraintFlags & CONSTRAINT_SET3) !== 0) return "1b";
  return (levelIdc / 10).toFixed(levelIdc % 10 === 0 ? 0 : 1);
}
