import { BitReader } from "#bytes";
import { FormatError } from "#errors";
import { readProgramChannels } from "./_program_config.ts";
import { AAC_CHANNELS, AAC_SAMPLE_RATES } from "./_tables.ts";

/** How an AAC decoder is set up: AudioSpecificConfig, ISO/IEC 14496-3 section 1.6.2.1. */
export interface AudioSpecificConfig {
  /** Of the core coder: 2 is AAC LC. Section 1.5.1.1. */
  readonly objectType: number;
  /** Of the core coder, in Hz. */
  readonly sampleRate: number;
  /** channelConfiguration as it stands: ISO/IEC 14496-3 table 1.19; 0 where a program element lists them. */
  readonly channelConfiguration: number;
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

/** Error resilient ones among them, which end with epConfig: section 1.6.2.1. */
const ERROR_RESILIENT = new Set([17, 19, 20, 21, 22, 23]);
/** Those whose configuration goes on after the extension flag. */
const HAS_TAIL = new Set([6, ...ERROR_RESILIENT]);
/** Those with flags for resilient sections, scale factors and spectrum: section 4.4.1. */
const RESILIENCE_FLAGS = new Set([17, 19, 20, 23]);

const ESCAPE_RATE_INDEX = 15;

const SBR_SYNC = 0x2b7;
const PS_SYNC = 0x548;

/**
 * Decodes the payload of an AAC configuration packet.
 *
 * @param bytes Borrowed.
 * @throws {FormatError} If it is cut off, or uses a reserved rate or channel configuration.
 */
export function decodeAudioSpecificConfig(bytes: Uint8Array): AudioSpecificConfig {
  return readAudioSpecificConfig(new BitReader(bytes), { isLast: true });
}

/**
 * Reads a configuration that stands anywhere among other bits, and leaves the reader behind it.
 *
 * @param options `isLast`: whether nothing else follows, so that a backward compatible extension may be looked
 *   for in the bits that remain.
 * @throws {FormatError} If it is cut off, or uses a reserved rate or channel configuration.
 */
export function readAudioSpecificConfig(bits: BitReader, options: { isLast: boolean }): AudioSpecificConfig {
  const startBit = bits.bitOffset;
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
  let channels = AAC_CHANNELS[channelConfiguration];
  if (channels === undefined) {
    throw new FormatError(
      `Cannot read AudioSpecificConfig: channel configuration ${channelConfiguration} is reserved`,
      { offset: bits.bitOffset >> 3 },
    );
  }
  let frameSamples = 1024;
  let isPlain = true;
  if (GENERAL_AUDIO.has(objectType)) {
    if (bits.flag("frameLengthFlag")) frameSamples = 960;
    if (bits.flag("dependsOnCoreCoder")) bits.skip(14, "coreCoderDelay");
    const hasExtension = bits.flag("extensionFlag");
    if (channelConfiguration === 0) channels = readProgramChannels(bits, { alignedTo: startBit }).channels;
    isPlain = !hasExtension && !HAS_TAIL.has(objectType);
    if (!options.isLast) skipTail(bits, { objectType, hasExtension });
  } else if (!options.isLast) {
    throw new FormatError(
      `Cannot read AudioSpecificConfig: where object type ${objectType} ends is not known`,
      { offset: bits.bitOffset >> 3 },
    );
  }
  // what ends a scalable or error resilient configuration matters only where something follows
  const mayExtend = options.isLast && isPlain && !isHierarchical;
  const extension = mayExtend ? readBackwardExtension(bits) : undefined;
  return {
    objectType,
    sampleRate,
    channelConfiguration,
    channels,
    hasSbr: isHierarchical || extension !== undefined,
    hasPs: hasPs || extension?.hasPs === true,
    outputSampleRate: extension?.sampleRate ?? outputSampleRate,
    frameSamples,
  };
}

/** The end of GASpecificConfig, and epConfig: ISO/IEC 14496-3 sections 4.4.1 and 1.6.2.1. */
function skipTail(bits: BitReader, tail: { objectType: number; hasExtension: boolean }): void {
  const { objectType, hasExtension } = tail;
  if (objectType === 6 || objectType === 20) bits.skip(3, "layerNr");
  if (hasExtension) {
    if (objectType === OBJECT_TYPE.ErBsac) bits.skip(5 + 11, "numOfSubFrame, layer_length");
    if (RESILIENCE_FLAGS.has(objectType)) bits.skip(3, "aacDataResilienceFlags");
    bits.skip(1, "extensionFlag3");
  }
  if (ERROR_RESILIENT.has(objectType)) bits.skip(2, "epConfig");
}

function readObjectType(bits: BitReader): number {
  const objectType = bits.bits(5, "audioObjectType");
  return objectType === OBJECT_TYPE.Escape ? 32 + bits.bits(6, "audioObjectTypeExt") : objectType;
}

function readSampleRate(bits: BitReader): number {
  const index = bits.bits(4, "samplingFrequencyIndex");
  const rate = index === ESCAPE_RATE_INDEX ? bits.bits(24, "samplingFrequency") : AAC_SAMPLE_RATES[index];
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
