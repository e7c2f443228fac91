import { BitReader } from "#bytes";
import { FormatError } from "#errors";
import type { AudioSpecificConfig } from "./audio_specific_config.ts";
import { BitBuilder } from "./_bit_copy.ts";
import { readProgramChannels } from "./_program_config.ts";
import { AAC_CHANNELS, AAC_SAMPLE_RATES } from "./_tables.ts";

/** Bytes of a header without CRC: ISO/IEC 14496-3 section 1.A.2.2. */
export const ADTS_HEADER_BYTES = 7;
/** Largest frame, header included: aac_frame_length has 13 bits. */
export const MAX_ADTS_FRAME_BYTES = 8191;

/** The fixed and variable header of an ADTS frame: ISO/IEC 14496-3 section 1.A.2.2. */
export interface AdtsHeader {
  /** Audio object type, 1 to 4: 2 is AAC LC. */
  readonly objectType: number;
  /** In Hz. */
  readonly sampleRate: number;
  /** ISO/IEC 14496-3 table 1.19, 0 to 7; 0 where a program element in the frame lists the channels. */
  readonly channelConfiguration: number;
  /** 0 where the header does not tell. */
  readonly channels: number;
  /** Bytes before the first raw data block: 7, or 9 and more with CRC. */
  readonly headerBytes: number;
  /** Of the whole frame, in bytes. */
  readonly frameBytes: number;
  /** Raw data blocks in the frame, 1 to 4. */
  readonly rawDataBlocks: number;
  /** Samples the frame gives per channel. */
  readonly frameSamples: number;
}

/**
 * Reads a header where one may be.
 *
 * @param bytes Borrowed.
 * @param at Where the sync word should be.
 * @returns `undefined` where there is none, or where it is cut off or has reserved values.
 */
export function readAdtsHeader(bytes: Uint8Array, at: number = 0): AdtsHeader | undefined {
  if (bytes.length - at < ADTS_HEADER_BYTES) return undefined;
  // syncword 12, ID 1, layer 2, protection_absent 1
  if (bytes[at] !== 0xff || (bytes[at + 1]! & 0xf6) !== 0xf0) return undefined;
  const hasCrc = (bytes[at + 1]! & 1) === 0;
  // profile 2, sampling_frequency_index 4, private_bit 1, channel_configuration 3
  const sampleRate = AAC_SAMPLE_RATES[bytes[at + 2]! >> 2 & 15];
  const channelConfiguration = (bytes[at + 2]! & 1) << 2 | bytes[at + 3]! >> 6;
  // aac_frame_length 13, adts_buffer_fullness 11, number_of_raw_data_blocks_in_frame 2
  const frameBytes = (bytes[at + 3]! & 3) << 11 | bytes[at + 4]! << 3 | bytes[at + 5]! >> 5;
  const rawDataBlocks = (bytes[at + 6]! & 3) + 1;
  // positions of the blocks but the first come with the CRC: section 1.A.2.2.2
  const headerBytes = ADTS_HEADER_BYTES + (hasCrc ? 2 * rawDataBlocks : 0);
  if (sampleRate === undefined || frameBytes < headerBytes) return undefined;
  return {
    objectType: (bytes[at + 2]! >> 6) + 1,
    sampleRate,
    channelConfiguration,
    channels: AAC_CHANNELS[channelConfiguration] ?? 0,
    headerBytes,
    frameBytes,
    rawDataBlocks,
    frameSamples: 1024 * rawDataBlocks,
  };
}

/**
 * Decodes the header at the start of an ADTS frame.
 *
 * @param frame Borrowed.
 * @throws {FormatError} If there is no sync word, it is cut off, or has reserved values.
 */
export function decodeAdtsHeader(frame: Uint8Array): AdtsHeader {
  const header = readAdtsHeader(frame);
  if (header !== undefined) return header;
  const shown = frame.subarray(0, ADTS_HEADER_BYTES).toHex();
  throw new FormatError(`Cannot read ADTS header: 0x${shown} at offset 0`, { offset: 0 });
}

/**
 * Encodes the header of a frame with one raw data block and without CRC.
 *
 * @param config Of the track; with SBR the core coder's values are written, as ADTS has it.
 * @param options `payloadBytes`: of the raw data block.
 * @returns Bytes owned by the caller.
 * @throws {FormatError} If ADTS cannot say the object type, rate, channels or length.
 */
export function encodeAdtsHeader(
  config: Pick<AudioSpecificConfig, "objectType" | "sampleRate" | "channelConfiguration">,
  options: { payloadBytes: number },
): Uint8Array<ArrayBuffer> {
  const { objectType, sampleRate, channelConfiguration } = config;
  const rateIndex = AAC_SAMPLE_RATES.indexOf(sampleRate as typeof AAC_SAMPLE_RATES[number]);
  const frameBytes = ADTS_HEADER_BYTES + options.payloadBytes;
  if (objectType < 1 || objectType > 4 || rateIndex < 0 || channelConfiguration > 7) {
    throw new FormatError(
      `Cannot write ADTS header: object type ${objectType}, ${sampleRate} Hz, channel configuration ` +
        `${channelConfiguration} have no code`,
    );
  }
  if (frameBytes > MAX_ADTS_FRAME_BYTES) {
    throw new FormatError(`Cannot write ADTS header: ${frameBytes} bytes exceed ${MAX_ADTS_FRAME_BYTES}`);
  }
  return new Uint8Array([
    0xff,
    0xf1,
    objectType - 1 << 6 | rateIndex << 2 | channelConfiguration >> 2,
    channelConfiguration << 6 & 0xc0 | frameBytes >> 11,
    frameBytes >> 3,
    // adts_buffer_fullness 0x7ff: variable rate
    frameBytes << 5 & 0xe0 | 0x1f,
    0xfc,
  ]);
}

/**
 * Builds the AudioSpecificConfig of an ADTS frame.
 *
 * @param header Of the frame.
 * @param payload Its raw data block, which lists the channels where the header does not; borrowed.
 * @returns Bytes owned by the caller.
 * @throws {FormatError} If neither header nor payload tell the channels.
 */
export function audioSpecificConfigFromAdts(
  header: AdtsHeader,
  payload: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const { objectType, sampleRate, channelConfiguration } = header;
  const rateIndex = AAC_SAMPLE_RATES.indexOf(sampleRate as typeof AAC_SAMPLE_RATES[number]);
  // frameLengthFlag, dependsOnCoreCoder and extensionFlag are 0
  const config = new BitBuilder().add(objectType, 5).add(rateIndex, 4).add(channelConfiguration, 4).add(0, 3);
  if (channelConfiguration !== 0) return config.take();
  const bits = new BitReader(payload);
  const elementId = bits.bits(3, "id_syn_ele");
  if (elementId !== PROGRAM_CONFIG_ELEMENT) {
    throw new FormatError(
      `Cannot read ADTS frame: channel configuration 0 and first element ${elementId}, ` +
        `expected ${PROGRAM_CONFIG_ELEMENT}`,
      { offset: 0 },
    );
  }
  const start = bits.bitOffset;
  const { elementsEnd } = readProgramChannels(bits, { alignedTo: 0 });
  const commentBytes = payload[elementsEnd + 7 >> 3]!;
  return config
    .addBits(payload, { start, end: elementsEnd })
    .align()
    .addBits(payload, { start: bits.bitOffset - 8 * commentBytes - 8, end: bits.bitOffset })
    .take();
}

/** ID_PCE: ISO/IEC 14496-3 table 4.85. */
const PROGRAM_CONFIG_ELEMENT = 5;
