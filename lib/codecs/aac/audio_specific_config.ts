import { BitReader } from "#bytes";
import { FormatError } from "#errors";
import { readProgramChannels } from "./_program_config.ts";

/** How an AAC decoder is set up: AudioSpecificConfig, ISO/IEC 14496-3 section 1.6.2.1. */
export interface AudioSpecificConfig {
  /** Of the core coder: 2 is AAC LC. Section 1.5.1.1. */
  readonly objectType: number;
  /** Of the core coder, in Hz. */
  readonly sampleRate: number;
  /** Channels of the core coder; 0 where the configuration does not tell. */
  readonly channels: number;
  /** Whether spectral band replication (HE-AAC) is signalled. */
  readonly hasSbr: boolean;
  /** Whether parametric stereo (HE-AAC v2) is signalled. */
  readonly hasPs: boolean;
  /** Of what the decoder puts out, in Hz; twice the core's with SBR. */
  readonly outputSampleRate: number;
  /** Samples a frame of the core coder gives per channel: 1024 or 960. */
  readonly frameSamples: number;
}

/** Object types the layout depends on: ISO/IEC 14496-3 table 1.17. */
const OBJECT_TYPE = { Sbr: 5, ErBsac: 22, Ps: 29, Escape: 31 } as const;

/** General audio coders, whose configuration follows: section 1.6.2.1. */
const GENERAL_AUDIO = new Set([1, 2, 3, 4, 6, 7, 17, 19, 20, 21, 22, 23]);

/** ISO/IEC 14496-3 table 1.18. */
const SAMPLE_RATES = [
  96_000,
  88_200,
  64_000,
  48_000,
  44_100,
  32_000,
  24_000,
  22_050,
  16_000,
  12_000,
  11_025,
  8_000,
  7_350,
] as const;
const ESCAPE_RATE_INDEX = 15;

/** Channels of each channel configuration: ISO/IEC 14496-3 table 1.19. */
const CHANNELS: Readonly<Record<number, number>> = {
  0: 0,
  1: 1,
  2: 2,
  3: 3,
  4: 4,
  5: 5,
  6: 6,
  7: 8,
  11: 7,
  12: 8,
  13: 24,
  14: 8,
};

const SBR_SYNC = 0x2b7;
const PS_SYNC = 0x548;

/**
 * Decodes the payload of an AAC configuration packet.
 *
 * @param bytes Borrowed.
 * @throws {FormatError} If it is cut off, or uses a reserved rate or channel configuration.
 */
export function decodeAudioSpecificConfig(bytes: Uint8Array): AudioSpecificConfig {
  const bits = new BitReader(bytes);
  let objectType = readObjectType(bits);
  const sampleRate = readSampleRate(bits);
  const channelConfiguration = bits.bits(4, "channelConfiguration");
  const hasPs = objectType === OBJECT_TYPE.Ps;
  const isHierarchical = hasPs || objectType === OBJECT_TYPE.Sbr;
  let outputSampleRate = sampleRate;
  if (isHierarchical) {
    outputSampleRate = readSampleRate(bits);
    objectType = readObjectType(bits);
    if (objectType === OBJECT_TYPE.ErBsac) bits.skip(4, "extensionChannelConfiguration");
  }
  let channels = CHANNELS[channelConfiguration];
  if (channels === undefined) {
    throw new FormatError(
      `Cannot read AudioSpecificConfig: channel configuration ${channelConfiguration} is reserved`,
      { offset: bits.bitOffset >> 3 },
    );
  }
  let frameSamples = 1024;
  if (GENERAL_AUDIO.has(objectType)) {
    if (bits.flag("frameLengthFlag")) frameSamples = 960;
    if (bits.flag("dependsOnCoreCoder")) bits.skip(14, "coreCoderDelay");
    const hasExtension = bits.flag("extensionFlag");
    if (channelConfiguration === 0) channels = readProgramChannels(bits);
    if (hasExtension || objectType === 6 || objectType === 20) {
      // scalable and error resilient coders are not sent over RTMP: what follows is not read
      return {
        objectType,
        sampleRate,
        channels,
        hasSbr: isHierarchical,
        hasPs,
        outputSampleRate,
        frameSamples,
      };
    }
  }
  const extension = isHierarchical ? undefined : readBackwardExtension(bits);
  return {
    objectType,
    sampleRate,
    channels,
    hasSbr: isHierarchical || extension !== undefined,
    hasPs: hasPs || extension?.hasPs === true,
    outputSampleRate: extension?.sampleRate ?? outputSampleRate,
    frameSamples,
  };
}

function readObjectType(bits: BitReader): number {
  const objectType = bits.bits(5, "audioObjectType");
  return objectType === OBJECT_TYPE.Escape ? 32 + bits.bits(6, "audioObjectTypeExt") : objectType;
}

function readSampleRate(bits: BitReader): number {
  const index = bits.bits(4, "samplingFrequencyIndex");
  const rate = index === ESCAPE_RATE_INDEX ? bits.bits(24, "samplingFrequency") : SAMPLE_RATES[index];
  if (rate) return rate;
  const fault = rate === 0 ? "samplingFrequency is 0" : `sampling frequency index ${index} is reserved`;
  throw new FormatError(`Cannot read AudioSpecificConfig: ${fault}`, { offset: bits.bitOffset >> 3 });
}

/** SBR told after the core's configuration, where old decoders do not look: section 1.6.5.2. */
function readBackwardExtension(bits: BitReader): { sampleRate: number; hasPs: boolean } | undefined {
  if (bits.remaining < 16 || bits.bits(11, "syncExtensionType") !== SBR_SYNC) return undefined;
  if (readObjectType(bits) !== OBJECT_TYPE.Sbr) return undefined;
  if (bits.remaining < 5 || !bits.flag("sbrPresentFlag")) return undefined;
  const sampleRate = readSampleRate(bits);
  const hasPs = bits.remaining >= 12 && bits.bits(11, "syncExtensionType") === PS_SYNC &&
    bits.flag("psPresentFlag");
  return { sampleRate, hasPs };
}
