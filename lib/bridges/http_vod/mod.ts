/**
 * The seam between media files and HTTP (layer 5): files whole or in parts, from a key frame on, and as FLV at the
 * pace at which they play.
 *
 * ```ts
 * import { contentTypeOf, readRanges } from "#bridges/http_vod";
 *
 * console.log(contentTypeOf("films/a.m4a"), readRanges("bytes=-5", 100)); // audio/mp4 [ { start: 95, end: 100 } ]
 * ```
 *
 * @module
 */
export { answerFile, answerFlv, contentTypeOf } from "./file_answer.ts";
export type { FileAnswerOptions } from "./file_answer.ts";
export { answerBody } from "./body_answer.ts";
export type { BodyAnswerOptions, Representation } from "./body_answer.ts";
export { MAX_RANGES, readRanges } from "./byte_ranges.ts";
export type { ByteRange, RangeWish } from "./byte_ranges.ts";
export type { Validators } from "./conditions.ts";
export { PIECE_BYTES } from "./pieces.ts";
export type { Piece } from "./pieces.ts";
export { remuxToFlv } from "./flv_remux.ts";
export type { FlvRemuxOptions, RemuxedFile } from "./flv_remux.ts";
export { PieceWriters } from "./piece_writers.ts";
