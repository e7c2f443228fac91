import { decodeAudioSpecificConfig } from "#codecs/aac";
import { readAc3SyncFrame } from "#codecs/ac3";
import { decodeMp3FrameHeader } from "#codecs/mp3";
import { opusPacketSamples } from "#codecs/opus";
import { FormatError } from "#errors";
import { VorbisModes } from "./vorbis_modes.ts";

/** How long frames last that the container does not time: those after the first of a laced block. */
export interface FrameSamples {
  /** Per second, of what `samplesOf` counts. */
  readonly rate: number;
  /** Samples per channel; 0 where it cannot be told. Frames must be given in their order. */
  samplesOf(frame: Uint8Array): number;
}

/** What is needed to tell how long frames last. */
export interface FrameSamplesOptions {
  readonly codecConfig: Uint8Array | undefined;
  /** In Hz. */
  readonly sampleRate: number;
}

const OPUS_RATE = 48_000;

/** Returns what tells the length of frames of a codec, or `undefined` where nothing does. */
export function frameSamplesOf(codecName: string, options: FrameSamplesOptions): FrameSamples | undefined {
  const { codecConfig, sampleRate: rate } = options;
  switch (codecName) {
    case "opus":
      return { rate: OPUS_RATE, samplesOf: opusPacketSamples };
    case "vorbis": {
      const modes = codecConfig === undefined ? undefined : VorbisModes.read(codecConfig);
      return modes === undefined ? undefined : { rate, samplesOf: (frame) => modes.samplesOf(frame) };
    }
    case "aac":
      return { rate, samplesOf: () => attempt(() => aacFrameSamples(codecConfig, rate)) };
    case "mp3":
    case "mp2":
      return { rate, samplesOf: (frame) => attempt(() => decodeMp3FrameHeader(frame).frameSamples) };
    case "ac3":
    case "eac3":
      return { rate, samplesOf: (frame) => readAc3SyncFrame(frame)?.frameSamples ?? 0 };
    default:
      return undefined;
  }
}

/** Samples of what the decoder puts out, as the rate is. */
function aacFrameSamples(codecConfig: Uint8Array | undefined, rate: number): number {
  if (codecConfig === undefined) return 0;
  const { frameSamples, sampleRate } = decodeAudioSpecificConfig(codecConfig);
  return frameSamples * rate / sampleRate;
}

function attempt(read: () => number): number {
  try {
    return read();
  } catch (error) {
    if (error instanceof FormatError) return 0;
    throw error;
  }
}
