import { BitReader } from "#bytes";
import { FormatError } from "#errors";
import { BitBuilder, copyBits } from "./_bit_copy.ts";
import { type AudioSpecificConfig, readAudioSpecificConfig } from "./audio_specific_config.ts";

/** How LATM frames are laid out: StreamMuxConfig, ISO/IEC 14496-3 section 1.7.3.2.3. */
export interface StreamMuxConfig {
  readonly config: AudioSpecificConfig;
  /** The AudioSpecificConfig as bytes, of its own memory. */
  readonly codecConfig: Uint8Array<ArrayBuffer>;
  /** Payloads in an AudioMuxElement, 1 to 64. */
  readonly subFrames: number;
  /** Bytes of each payload where they are fixed; `undefined` where each tells its length. */
  readonly fixedPayloadBytes: number | undefined;
  /** Bits of other data after the payloads. */
  readonly otherDataBits: number;
}

/** frameLengthType: ISO/IEC 14496-3 table 1.45; the others are of CELP and HVXC. */
const FRAME_LENGTH_TYPE = { Told: 0, Fixed: 1 } as const;

/**
 * Reads a StreamMuxConfig and leaves the reader behind it.
 *
 * @param bits Reader over `bytes`, positioned at audioMuxVersion.
 * @param bytes What `bits` reads.
 * @throws {FormatError} If it is cut off, or has more than one program or layer, other time framing, or another
 *   coder than AAC.
 */
export function readStreamMuxConfig(bits: BitReader, bytes: Uint8Array): StreamMuxConfig {
  const version = bits.bits(1, "audioMuxVersion");
  if (version === 1 && bits.flag("audioMuxVersionA")) refuse("audioMuxVersionA 1", bits);
  if (version === 1) readValue(bits, "taraBufferFullness");
  if (!bits.flag("allStreamsSameTimeFraming")) refuse("streams of different time framing", bits);
  const subFrames = bits.bits(6, "numSubFrames") + 1;
  if (bits.bits(4, "numProgram") > 0) refuse("several programs", bits);
  if (bits.bits(3, "numLayer") > 0) refuse("several layers", bits);
  const { config, codecConfig } = version === 0 ? readConfig(bits, bytes) : readSizedConfig(bits, bytes);
  const frameLengthType = bits.bits(3, "frameLengthType");
  let fixedPayloadBytes: number | undefined;
  if (frameLengthType === FRAME_LENGTH_TYPE.Told) bits.skip(8, "latmBufferFullness");
  else if (frameLengthType === FRAME_LENGTH_TYPE.Fixed) fixedPayloadBytes = bits.bits(9, "frameLength") + 20;
  else refuse(`frameLengthType ${frameLengthType}`, bits);
  let otherDataBits = 0;
  if (bits.flag("otherDataPresent")) {
    otherDataBits = version === 1 ? readValue(bits, "otherDataLenBits") : readEscapedLength(bits);
  }
  if (bits.flag("crcCheckPresent")) bits.skip(8, "crcCheckSum");
  return { config, codecConfig, subFrames, fixedPayloadBytes, otherDataBits };
}

/**
 * Encodes the layout of one AAC stream: a frame in each AudioMuxElement, which tells its length. Version 0, so what an
 * old decoder does not look at, SBR told behind the configuration, is left out: decoders find it in the frames.
 *
 * @param codecConfig AudioSpecificConfig; borrowed.
 * @returns Bytes owned by the caller.
 * @throws {FormatError} If the configuration is malformed, or tells not itself where it ends.
 */
export function encodeStreamMuxConfig(codecConfig: Uint8Array): Uint8Array<ArrayBuffer> {
  const bits = new BitReader(codecConfig);
  readAudioSpecificConfig(bits, { isLast: false });
  return new BitBuilder()
    .add(0, 1) // audioMuxVersion
    .add(1, 1) // allStreamsSameTimeFraming
    .add(0, 6 + 4 + 3) // numSubFrames, numProgram, numLayer
    .addBits(codecConfig, { start: 0, end: bits.bitOffset })
    .add(FRAME_LENGTH_TYPE.Told, 3)
    .add(0xff, 8) // latmBufferFullness: variable rate
    .add(0, 2) // otherDataPresent, crcCheckPresent
    .take();
}

type Config = Pick<StreamMuxConfig, "config" | "codecConfig">;

/** Version 0: the configuration says itself where it ends. */
function readConfig(bits: BitReader, bytes: Uint8Array): Config {
  const start = bits.bitOffset;
  const config = readAudioSpecificConfig(bits, { isLast: false });
  return { config, codecConfig: copyBits(bytes, { start, end: bits.bitOffset }) };
}

/** Version 1: its length in bits stands before it. */
function readSizedConfig(bits: BitReader, bytes: Uint8Array): Config {
  const length = readValue(bits, "ascLen");
  const start = bits.bitOffset;
  bits.skip(length, "AudioSpecificConfig");
  const codecConfig = copyBits(bytes, { start, end: bits.bitOffset });
  return { config: readAudioSpecificConfig(new BitReader(codecConfig), { isLast: true }), codecConfig };
}

/** LatmGetValue: ISO/IEC 14496-3 section 1.7.3.2.4. */
function readValue(bits: BitReader, what: string): number {
  return bits.bits(8 * (bits.bits(2, what) + 1), what);
}

/** otherDataLenBits of version 0; more than fits into a frame is refused where it is skipped. */
function readEscapedLength(bits: BitReader): number {
  let length = 0;
  let goesOn = true;
  while (goesOn) {
    goesOn = bits.flag("otherDataLenEsc");
    length = length * 256 + bits.bits(8, "otherDataLenTmp");
  }
  return length;
}

function refuse(what: string, bits: BitReader): never {
  throw new FormatError(`Cannot read StreamMuxConfig: ${what} not supported`, {
    offset: bits.bitOffset >> 3,
  });
}
