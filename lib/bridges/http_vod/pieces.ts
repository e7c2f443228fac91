import type { ByteSource } from "#bytes";
import { FormatError } from "#errors";
import type { ByteRange } from "./byte_ranges.ts";

/** A piece of a body: bytes in memory, or a stretch of a source. */
export type Piece = { readonly bytes: Uint8Array } | { readonly offset: number; readonly length: number };

/** Bytes read and sent at once; what a reader of a body holds at most. */
export const PIECE_BYTES = 131_072;

/** Bytes of all `pieces`. */
export function bytesOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, piece) => sum + lengthOf(piece), 0);
}

/** The part of a body from `range.start` to before `range.end`; nothing is copied. */
export function slicePieces(pieces: readonly Piece[], range: ByteRange): Piece[] {
  const slices: Piece[] = [];
  let at = 0;
  for (const piece of pieces) {
    const length = lengthOf(piece);
    const from = Math.max(0, range.start - at);
    const to = Math.min(length, range.end - at);
    at += length;
    if (to <= from) continue;
    slices.push(
      "bytes" in piece
        ? { bytes: piece.bytes.subarray(from, to) }
        : { offset: piece.offset + from, length: to - from },
    );
  }
  return slices;
}

/** A body that is read as it is taken. */
export interface PieceStreamOptions {
  readonly source: ByteSource;
  /**
   * Whether all bytes come in one array, which is written again once more are asked for: for takers that are done
   * with some before they ask for more. It spares the collector 8 arrays a megabyte.
   *
   * @default {false}
   */
  readonly reusesArray?: boolean;
  /** Called once, when the body has ended, failed or is not wanted any more, with the bytes that were taken. */
  readonly finished: (sentBytes: number) => void;
}

/**
 * Reads pieces as they are asked for, `PIECE_BYTES` at a time; nothing is read ahead.
 *
 * The stream fails with a `FormatError` where the source ends before its pieces do: a file that was cut meanwhile.
 */
export function streamPieces(
  pieces: readonly Piece[],
  options: PieceStreamOptions,
): ReadableStream<Uint8Array> {
  const { source, finished, reusesArray = false } = options;
  const left = [...pieces];
  let array: Uint8Array<ArrayBuffer> | undefined;
  const arrayOf = (length: number): Uint8Array<ArrayBuffer> => {
    if (!reusesArray) return new Uint8Array(length);
    array ??= new Uint8Array(PIECE_BYTES);
    return array.subarray(0, length);
  };
  let sentBytes = 0;
  let isFinished = false;
  const finish = () => {
    if (!isFinished) finished(sentBytes);
    isFinished = true;
  };
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const bytes = await readNext(left, source, { arrayOf });
        if (isFinished) return;
        if (bytes === undefined) {
          finish();
          return controller.close();
        }
        sentBytes += bytes.length;
        controller.enqueue(bytes);
      } catch (error) {
        finish();
        controller.error(error);
      }
    },
    cancel: finish,
  }, { highWaterMark: 0 });
}

/** The next bytes, taken off the front of `left`. */
async function readNext(
  left: Piece[],
  source: ByteSource,
  { arrayOf }: { readonly arrayOf: (length: number) => Uint8Array },
): Promise<Uint8Array | undefined> {
  const piece = left.shift();
  if (piece === undefined) return undefined;
  if ("bytes" in piece) return piece.bytes;
  const { offset, length } = piece;
  const bytes = arrayOf(Math.min(length, PIECE_BYTES));
  const count = await source.readAt(offset, bytes);
  if (count < bytes.length) {
    throw new FormatError(`Cannot send file: need ${bytes.length} bytes at offset ${offset}, have ${count}`, {
      offset,
    });
  }
  if (length > bytes.length) left.unshift({ offset: offset + bytes.length, length: length - bytes.length });
  return bytes;
}

function lengthOf(piece: Piece): number {
  return "bytes" in piece ? piece.bytes.length : piece.length;
}
