import type { TrackDescription } from "#media";
import { decodeAudioSpecificConfig } from "./audio_specific_config.ts";

/** Names of the object types: ISO/IEC 14496-3 table 1.17. */
const PROFILE_NAME: Readonly<Record<number, string>> = {
  1: "Main",
  2: "LC",
  3: "SSR",
  4: "LTP",
  23: "LD",
  39: "ELD",
  42: "USAC",
};

/**
 * Describes the track of an AAC configuration.
 *
 * @param configuration Payload of a configuration packet; borrowed.
 * @throws {FormatError} If it is malformed.
 */
export function describeAac(configuration: Uint8Array): TrackDescription {
  const config = decodeAudioSpecificConfig(configuration);
  const { objectType, hasSbr, hasPs } = config;
  const signalled = hasPs ? 29 : hasSbr ? 5 : objectType;
  const coreName = PROFILE_NAME[objectType] ?? `object type ${objectType}`;
  const channels = hasPs && config.channels === 1 ? 2 : config.channels;
  return {
    kind: "audio",
    codec: "mp4a",
    codecString: `mp4a.40.${signalled}`,
    profile: hasPs ? "HE v2" : hasSbr ? "HE" : coreName,
    sampleRate: config.outputSampleRate,
    ...(channels === 0 ? {} : { channels }),
  };
}
