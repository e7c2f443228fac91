import { type FrameFormat, FrameSplitter, type SplitFrame } from "#media";
import { ADTS_HEADER_BYTES, type AdtsHeader, readAdtsHeader } from "./adts.ts";

/** One ADTS frame out of a stream. */
export interface AdtsFrame {
  readonly header: AdtsHeader;
  /** Raw data block, without ADTS header and CRC; memory of its own. */
  readonly payload: Uint8Array<ArrayBuffer>;
  /** Of the frame's first byte, counted in bytes pushed since the reader was made. */
  readonly offset: number;
}

const ADTS_FORMAT: FrameFormat<AdtsHeader> = {
  headerBytes: ADTS_HEADER_BYTES,
  firstByte: 0xff,
  readHeader(bytes, at) {
    const header = readAdtsHeader(bytes, at);
    const isSplit = header !== undefined && header.rawDataBlocks > 1 &&
      header.headerBytes > ADTS_HEADER_BYTES;
    return isSplit ? undefined : header;
  },
  isFollowedBy: (header, next) =>
    header.sampleRate === next.sampleRate && header.objectType === next.objectType,
};

/**
 * Splits a stream of ADTS frames that comes in any pieces; passes over what is none.
 *
 * The first frame after a gap counts only if another header of the same format follows it: `flush` gives one
 * that nothing follows. Frames of several raw data blocks with CRC, which nobody makes, are passed over.
 */
export class AdtsReader {
  readonly #splitter = new FrameSplitter(ADTS_FORMAT);

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
  push(bytes: Uint8Array): AdtsFrame[] {
    return this.#splitter.push(bytes).map(toAdtsFrame);
  }

  /** The last frames where nothing follows; then starts anew, as after a gap. */
  flush(): AdtsFrame[] {
    return this.#splitter.flush().map(toAdtsFrame);
  }
}

function toAdtsFrame(frame: SplitFrame<AdtsHeader>): AdtsFrame {
  const { header, bytes, offset } = frame;
  return { header, payload: bytes.subarray(header.headerBytes), offset };
}
