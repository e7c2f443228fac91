import {
  type AdtsHeader,
  audioSpecificConfigFromAdts,
  describeAac,
  LoasReader,
  readAdtsHeader,
  type StreamMuxConfig,
} from "#codecs/aac";
import { describeOpus } from "#codecs/opus";
import { ByteWriter } from "#bytes";
import { FormatError, LimitError } from "#errors";
import type { TrackDescription } from "#media";
import type { TsAccessUnit } from "../units/access_unit.ts";
import type { Converted, Converter } from "./converter.ts";

/** Takes AAC frames out of ADTS: the configuration is what the header says. */
export class AdtsConverter implements Converter {
  #header: AdtsHeader | undefined;
  #config: Uint8Array | undefined;
  #description: TrackDescription | undefined;

  /** AudioSpecificConfig. */
  get config(): Uint8Array | undefined {
    return this.#config;
  }

  /** What the configuration says. */
  get description(): TrackDescription | undefined {
    return this.#description;
  }

  /** Takes the next frame. */
  convert({ payload }: TsAccessUnit): Converted {
    const header = readAdtsHeader(payload);
    if (header === undefined) return { payloads: [] };
    const frame = payload.subarray(header.headerBytes);
    const isSame = this.#header?.objectType === header.objectType &&
      this.#header.sampleRate === header.sampleRate &&
      this.#header.channelConfiguration === header.channelConfiguration;
    if (isSame) return { payloads: [frame] };
    const config = attempt(() => audioSpecificConfigFromAdts(header, frame));
    if (config !== undefined) {
      this.#header = header;
      this.#config = config;
      this.#description = attempt(() => describeAac(config));
    }
    return { config, payloads: [frame] };
  }
}

/** Takes AAC frames out of LATM: the configuration comes now and then. */
export class LatmConverter implements Converter {
  readonly #reader = new LoasReader();
  #mux: StreamMuxConfig | undefined;
  #description: TrackDescription | undefined;

  /** AudioSpecificConfig. */
  get config(): Uint8Array | undefined {
    return this.#mux?.codecConfig;
  }

  /** What the configuration says. */
  get description(): TrackDescription | undefined {
    return this.#description;
  }

  /** Takes the next LOAS frame; before the first configuration it has no payloads. */
  convert({ payload }: TsAccessUnit): Converted {
    const frames = [...this.#reader.push(payload), ...this.#reader.flush()];
    const payloads = frames.map((frame) => frame.payload);
    const mux = frames.at(-1)?.mux;
    if (mux === undefined || mux === this.#mux) return { payloads };
    this.#mux = mux;
    this.#description = attempt(() => describeAac(mux.codecConfig));
    return { config: mux.codecConfig, payloads };
  }
}

/** Streams and coupled streams of 1 to 8 channels in Vorbis order, and where each comes from: RFC 7845 section 5.1.1. */
const OPUS_LAYOUTS: readonly (readonly [number, number, readonly number[]])[] = [
  [1, 0, [0]],
  [1, 1, [0, 1]],
  [2, 1, [0, 2, 1]],
  [2, 2, [0, 1, 2, 3]],
  [3, 2, [0, 4, 1, 2, 3]],
  [4, 2, [0, 4, 1, 2, 3, 5]],
  [4, 3, [0, 4, 1, 2, 3, 5, 6]],
  [5, 3, [0, 6, 1, 2, 3, 4, 5, 7]],
];
const OPUS_SAMPLE_RATE = 48_000;
const STEREO = 2;

/** Opus, whose configuration is made of what the program map says. */
export class OpusConverter implements Converter {
  /** Identification header. */
  readonly config: Uint8Array;
  /** What the configuration says. */
  readonly description: TrackDescription;
  #isNew = true;

  /** @param channelConfiguration 1 to 8 channels; another one, or none, is taken for stereo. */
  constructor(channelConfiguration: number | undefined) {
    const known = channelConfiguration ?? STEREO;
    this.config = opusIdHeaderOf(known >= 1 && known <= OPUS_LAYOUTS.length ? known : STEREO);
    this.description = describeOpus(this.config);
  }

  /** Takes the next packet. */
  convert({ payload }: TsAccessUnit): Converted {
    const config = this.#isNew ? this.config : undefined;
    this.#isNew = false;
    return { config, payloads: [payload] };
  }
}

/** RFC 7845 section 5.1; MPEG-TS tells no pre-skip. */
function opusIdHeaderOf(channels: number): Uint8Array {
  const [streams, coupled, mapping] = OPUS_LAYOUTS[channels - 1]!;
  const family = channels > STEREO ? 1 : 0;
  const writer = new ByteWriter().utf8("OpusHead").u8(1).u8(channels).u16(0);
  writer.u32Le(OPUS_SAMPLE_RATE).u16(0).u8(family);
  if (family !== 0) writer.u8(streams).u8(coupled).bytes(new Uint8Array(mapping));
  return writer.take();
}

/** Frames that are packets as they are, and describe themselves. */
export class PlainConverter implements Converter {
  readonly #describe: ((frame: Uint8Array) => TrackDescription) | undefined;
  /** There is none. */
  readonly config = undefined;
  #description: TrackDescription | undefined;

  /** @param describe Reads a frame; absent where nothing can be read. */
  constructor(describe?: (frame: Uint8Array) => TrackDescription) {
    this.#describe = describe;
  }

  /** What the first frame says. */
  get description(): TrackDescription | undefined {
    return this.#description;
  }

  /** Takes the next frame. */
  convert({ payload }: TsAccessUnit): Converted {
    this.#description ??= attempt(() => this.#describe?.(payload));
    return { payloads: [payload] };
  }
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof FormatError || error instanceof LimitError) return undefined;
    throw error;
  }
}
