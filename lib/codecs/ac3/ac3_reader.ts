import { type FrameFormat, FrameSplitter, type SplitFrame } from "#media";
import { AC3_HEADER_BYTES, type Ac3SyncFrame, readAc3SyncFrame } from "./sync_frame.ts";

/** One AC-3 or E-AC-3 sync frame out of a stream. */
export interface Ac3Frame {
  readonly header: Ac3SyncFrame;
  /** The whole sync frame; memory of its own. */
  readonly payload: Uint8Array<ArrayBuffer>;
  /** Of the frame's first byte, counted in bytes pushed since the reader was made. */
  readonly offset: number;
}

const AC3_FORMAT: FrameFormat<Ac3SyncFrame> = {
  headerBytes: AC3_HEADER_BYTES,
  firstByte: 0x0b,
  readHeader: readAc3SyncFrame,
  isFollowedBy: (header, next) => header.sampleRate === next.sampleRate,
};

/**
 * Splits a stream of AC-3 or E-AC-3 sync frames that comes in any pieces; passes over what is none.
 *
 * The first frame after a gap counts only if another of the same rate follows it: `flush` gives one that nothing
 * follows. Dependent substreams are frames of their own; `streamType` tells them.
 */
export class Ac3Reader {
  readonly #splitter = new FrameSplitter(AC3_FORMAT);

  /** Bytes passed over because they belonged to no frame. */
  get skippedBytes(): number {
    return this.#splitter.skippedBytes;
  }

  /**
   * Takes the next bytes.
   *
   * @param bytes Borrowed.
   * @returns The frames that are whole now.
   */
  push(bytes: Uint8Array): Ac3Frame[] {
    return this.#splitter.push(bytes).map(toAc3Frame);
  }

  /** The last frames where nothing follows; then starts anew, as after a gap. */
  flush(): Ac3Frame[] {
    return this.#splitter.flush().map(toAc3Frame);
  }
}

function toAc3Frame(frame: SplitFrame<Ac3SyncFrame>): Ac3Frame {
  return { header: frame.header, payload: frame.bytes, offset: frame.offset };
}
