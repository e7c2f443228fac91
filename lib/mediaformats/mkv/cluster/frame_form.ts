import { concatBytes } from "#bytes";
import { FormatError, LimitError } from "#errors";
import { annexBToLengthPrefixed, type CodecId, findLengthPrefixed } from "#media";
import { inflateSync } from "node:zlib";
import { configFromAnnexB, hasStartCode } from "../head/codec_config.ts";
import type { ContentEncoding } from "../head/content_encodings.ts";
import { MAX_MKV_INFLATED_BYTES } from "../limits.ts";

/**
 * Undoes ContentEncodings: RFC 9559 section 5.1.4.1.31.
 *
 * @param stored Borrowed; returned as it is where nothing applies.
 * @param encodings In the order in which they are undone.
 * @throws {FormatError} If compressed bytes are damaged, or nobody knows the encoding.
 * @throws {LimitError} If they become more than `MAX_MKV_INFLATED_BYTES`.
 */
export function undoEncodings(stored: Uint8Array, encodings: readonly ContentEncoding[]): Uint8Array {
  let bytes = stored;
  for (const { kind, header } of encodings) {
    if (kind === "headerStripping") bytes = concatBytes([header, bytes]);
    else if (kind === "zlib") bytes = inflate(bytes);
    else {throw new FormatError(
        "Cannot read frame: it is encrypted, or compressed in a way that is not known",
      );}
  }
  return bytes;
}

function inflate(bytes: Uint8Array): Uint8Array {
  try {
    const inflated = inflateSync(bytes, { maxOutputLength: MAX_MKV_INFLATED_BYTES });
    return new Uint8Array(inflated.buffer, inflated.byteOffset, inflated.length);
  } catch (error) {
    if ((error as { code?: string }).code === "ERR_BUFFER_TOO_LARGE") {
      const limits = { value: MAX_MKV_INFLATED_BYTES + 1, limit: MAX_MKV_INFLATED_BYTES };
      throw new LimitError("MAX_MKV_INFLATED_BYTES", { ...limits, cause: error });
    }
    throw new FormatError(`Cannot inflate frame of ${bytes.length} bytes`, { cause: error });
  }
}

/** How the frames of one track are stored, and what turns them into the codec's own form. */
export class FrameForm {
  /** Of the track; may come with its first frames where the file has none. */
  codecConfig: Uint8Array | undefined;
  readonly #codec: CodecId;
  readonly #encodings: readonly ContentEncoding[];
  /** Whether NAL units have start codes, against the specification; `undefined` until a frame tells. */
  #isAnnexB: boolean | undefined;

  /**
   * @param options `encodings`: those of frames, in the order in which they are undone. `codecConfig`: in the
   *   memory of this object from now on.
   */
  constructor(
    codec: CodecId,
    options: { encodings: readonly ContentEncoding[]; codecConfig: Uint8Array | undefined },
  ) {
    this.#codec = codec;
    this.#encodings = options.encodings;
    this.codecConfig = options.codecConfig;
    if (codec !== "avc1" && codec !== "hvc1") this.#isAnnexB = false;
  }

  /** Whether a frame's bytes are the payload as they stand in the file. */
  get isPlain(): boolean {
    return this.#isAnnexB === false && this.#encodings.length === 0;
  }

  /**
   * Turns a stored frame into a payload.
   *
   * @param stored Borrowed; returned as it is where nothing is to be changed.
   * @throws {FormatError} If its compression is damaged.
   * @throws {LimitError} If it becomes too large.
   */
  restore(stored: Uint8Array): Uint8Array {
    const frame = this.#encodings.length === 0 ? stored : undoEncodings(stored, this.#encodings);
    this.#isAnnexB ??= this.#judge(frame);
    if (!this.#isAnnexB) return frame;
    this.codecConfig ??= configFromAnnexB(this.#codec, frame);
    return annexBToLengthPrefixed(frame);
  }

  /** A start code reads as a length of 1 or some hundred; so it must make no sense as lengths. */
  #judge(frame: Uint8Array): boolean {
    if (!hasStartCode(frame)) return false;
    const lengthAt = this.#codec === "avc1" ? 4 : 21;
    const nalLengthSize = ((this.codecConfig?.[lengthAt] ?? 3) & 3) + 1;
    try {
      findLengthPrefixed(frame, { nalLengthSize });
      return false;
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
    }
    // converted frames have lengths of four bytes, whatever the record said
    if (this.codecConfig !== undefined) this.codecConfig[lengthAt] = this.codecConfig[lengthAt]! | 3;
    return true;
  }
}
