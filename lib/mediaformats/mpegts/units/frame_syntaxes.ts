import { ADTS_HEADER_BYTES, LoasReader, readAdtsHeader } from "#codecs/aac";
import { AC3_HEADER_BYTES, readAc3SyncFrame } from "#codecs/ac3";
import { readMp3FrameHeader } from "#codecs/mp3";
import type { FrameHeader, FrameSyntax } from "./frame_cutter.ts";

/** AAC in ADTS. */
export const ADTS_SYNTAX: FrameSyntax = { headerBytes: ADTS_HEADER_BYTES, read: readAdtsHeader };

/** AC-3 and E-AC-3; dependent substreams belong to the frame before them. */
export const AC3_SYNTAX: FrameSyntax = {
  headerBytes: AC3_HEADER_BYTES,
  read: readAc3SyncFrame,
  isContinuation: (bytes, at) => readAc3SyncFrame(bytes, at)?.streamType === DEPENDENT,
};

/** strmtyp of E-AC-3: ATSC A/52 section E.2.3.1.1. */
const DEPENDENT = 1;

/** MPEG audio of all layers; frames of a free rate do not tell their length. */
export const MPEG_AUDIO_SYNTAX: FrameSyntax = {
  headerBytes: 4,
  read(bytes, at) {
    const header = readMp3FrameHeader(bytes, at);
    return header === undefined || header.bitrateBps === 0 ? undefined : header;
  },
};

/** syncword and audioMuxLengthBytes of AudioSyncStream: ISO/IEC 14496-3 section 1.7.2. */
const LOAS_HEADER_BYTES = 3;

/** AAC in LATM; what a frame lasts is known from the first configuration on. */
export class LatmSyntax implements FrameSyntax {
  /** Bytes of sync word and length. */
  readonly headerBytes = LOAS_HEADER_BYTES + 1;
  readonly #reader = new LoasReader();
  #timing = { frameSamples: 0, sampleRate: 1 };

  /** Reads sync word and length. */
  read(bytes: Uint8Array, at: number): FrameHeader | undefined {
    if (bytes[at] !== 0x56 || (bytes[at + 1]! & 0xe0) !== 0xe0) return undefined;
    const frameBytes = LOAS_HEADER_BYTES + ((bytes[at + 1]! & 0x1f) << 8 | bytes[at + 2]!);
    return frameBytes === LOAS_HEADER_BYTES ? undefined : { frameBytes, ...this.#timing };
  }

  /** Takes the configuration out of a frame that has one. */
  learn(frame: Uint8Array): void {
    // useSameStreamMux
    if ((frame[LOAS_HEADER_BYTES]! & 0x80) !== 0) return;
    const [first] = [...this.#reader.push(frame), ...this.#reader.flush()];
    if (first === undefined) return;
    const { config, subFrames } = first.mux;
    this.#timing = { frameSamples: config.frameSamples * subFrames, sampleRate: config.sampleRate };
  }
}
