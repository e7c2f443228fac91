import { BitReader, bytesEqual } from "#bytes";
import { FormatError } from "#errors";
import { type FrameFormat, FrameSplitter, type SplitFrame } from "#media";
import { copyBits } from "./_bit_copy.ts";
import { readStreamMuxConfig, type StreamMuxConfig } from "./stream_mux_config.ts";

/** syncword and audioMuxLengthBytes of AudioSyncStream: ISO/IEC 14496-3 section 1.7.2. */
const LOAS_HEADER_BYTES = 3;
/** The eleven bits 0x2b7, as they stand in the first 16. */
const SYNC_WORD = 0x56e0;
const SYNC_MASK = 0xffe0;

const LOAS_FORMAT: FrameFormat<{ readonly frameBytes: number }> = {
  headerBytes: LOAS_HEADER_BYTES,
  firstByte: SYNC_WORD >> 8,
  readHeader(bytes, at) {
    if (bytes.length - at < LOAS_HEADER_BYTES) return undefined;
    const word = bytes[at]! << 8 | bytes[at + 1]!;
    if ((word & SYNC_MASK) !== SYNC_WORD) return undefined;
    return { frameBytes: LOAS_HEADER_BYTES + ((word & 0x1f) << 8 | bytes[at + 2]!) };
  },
  isFollowedBy: () => true,
};

/** One AAC frame out of a LOAS stream. */
export interface LoasFrame {
  /** Raw AAC frame; memory of its own. */
  readonly payload: Uint8Array<ArrayBuffer>;
  /** The layout it came with; the same object as long as the configuration stays the same. */
  readonly mux: StreamMuxConfig;
  /** Of the first byte of its sync frame, counted in bytes pushed since the reader was made. */
  readonly offset: number;
}

/**
 * Takes AAC frames out of LATM in a LOAS stream (AudioSyncStream) that comes in any pieces: ISO/IEC 14496-3
 * section 1.7.2. What is malformed, and frames before the first configuration, are passed over.
 */
export class LoasReader {
  readonly #splitter = new FrameSplitter(LOAS_FORMAT);
  #unread = 0;
  #mux: StreamMuxConfig | undefined;
  #fault: FormatError | undefined;

  /** Bytes passed over because they belonged to no frame, or to one that could not be read. */
  get skippedBytes(): number {
    return this.#splitter.skippedBytes + this.#unread;
  }

  /** Why a frame was passed over last: malformed, or with a layout that is not supported. */
  get lastFault(): FormatError | undefined {
    return this.#fault;
  }

  /**
   * Takes the next bytes.
   *
   * @param bytes Borrowed.
   * @returns The frames that are whole now.
   */
  push(bytes: Uint8Array): LoasFrame[] {
    return this.#readElements(this.#splitter.push(bytes));
  }

  /** The last frames where nothing follows; then starts anew, as after a gap. */
  flush(): LoasFrame[] {
    return this.#readElements(this.#splitter.flush());
  }

  #readElements(elements: readonly SplitFrame<unknown>[]): LoasFrame[] {
    const frames: LoasFrame[] = [];
    for (const { bytes, offset } of elements) {
      this.#readElement(bytes.subarray(LOAS_HEADER_BYTES), { offset, frames });
    }
    return frames;
  }

  #readElement(element: Uint8Array, place: { offset: number; frames: LoasFrame[] }): void {
    try {
      const bits = new BitReader(element);
      if (!bits.flag("useSameStreamMux")) this.#takeMux(readStreamMuxConfig(bits, element));
      const mux = this.#mux;
      if (mux === undefined) {
        this.#unread += LOAS_HEADER_BYTES + element.length;
        return;
      }
      for (let subFrame = 0; subFrame < mux.subFrames; subFrame++) {
        const length = mux.fixedPayloadBytes ?? readPayloadLength(bits);
        const start = bits.bitOffset;
        bits.skip(8 * length, "LATM payload");
        const payload = copyBits(element, { start, end: bits.bitOffset });
        if (length > 0) place.frames.push({ payload, mux, offset: place.offset });
      }
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.#fault = error;
      this.#unread += LOAS_HEADER_BYTES + element.length;
    }
  }

  /** Encoders repeat the configuration; the same one stays the same object. */
  #takeMux(mux: StreamMuxConfig): void {
    const last = this.#mux;
    const isSame = last !== undefined && bytesEqual(last.codecConfig, mux.codecConfig) &&
      last.subFrames === mux.subFrames && last.fixedPayloadBytes === mux.fixedPayloadBytes;
    if (!isSame) this.#mux = mux;
  }
}

/** PayloadLengthInfo of one stream: ISO/IEC 14496-3 section 1.7.3.1. */
function readPayloadLength(bits: BitReader): number {
  let length = 0;
  for (;;) {
    const part = bits.bits(8, "MuxSlotLengthBytes");
    length += part;
    if (part !== 255) return length;
  }
}
