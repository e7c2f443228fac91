import { decodeAudioSpecificConfig } from "#codecs/aac";
import { decodeFlacStreaminfo } from "#codecs/flac";
import { decodeMp3FrameHeader } from "#codecs/mp3";
import { opusPacketSamples } from "#codecs/opus";
import { FormatError } from "#errors";
import type { CodecId } from "#media";
import { independentFrames } from "../entries/eac3_unit.ts";

/** How many samples a packet gives, in a codec whose packets tell or whose configuration does. */
export type FrameSamples = (payload: Uint8Array) => number;

/**
 * Finds out how long audio packets are.
 *
 * @param config Codec configuration; borrowed.
 * @returns A function that gives samples at the decoder's output rate; 0 where it cannot be known.
 */
export function frameSamplesOf(codec: CodecId, config?: Uint8Array): FrameSamples {
  try {
    switch (codec) {
      case "mp4a":
        return constant(config === undefined ? 0 : aacFrameSamples(config));
      case "fLaC":
        return constant(config === undefined ? 0 : flacBlockSamples(config));
      case "Opus":
        return opusPacketSamples;
      case ".mp3":
      case "mp3_8k":
        return mp3FrameSamples;
      case "ac-3":
      case "ec-3":
        return ac3PacketSamples;
    }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
  }
  return constant(0);
}

function constant(samples: number): FrameSamples {
  return () => samples;
}

function aacFrameSamples(config: Uint8Array): number {
  const { frameSamples, sampleRate, outputSampleRate } = decodeAudioSpecificConfig(config);
  return frameSamples * outputSampleRate / sampleRate;
}

function flacBlockSamples(config: Uint8Array): number {
  const { minBlockSamples, maxBlockSamples } = decodeFlacStreaminfo(config);
  return minBlockSamples === maxBlockSamples ? minBlockSamples : 0;
}

function mp3FrameSamples(payload: Uint8Array): number {
  try {
    return decodeMp3FrameHeader(payload).frameSamples;
  } catch (error) {
    if (error instanceof FormatError) return 0;
    throw error;
  }
}

/** Packets may hold several frames: those of the first substream count. */
function ac3PacketSamples(payload: Uint8Array): number {
  let samples = 0;
  for (const { substreamId, frameSamples } of independentFrames(payload)) {
    if (substreamId === 0) samples += frameSamples;
  }
  return samples;
}
