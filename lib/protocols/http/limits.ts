import { ProtocolError } from "#errors";

/** Most bytes of a request or response head, from its first byte to the empty line. */
export const MAX_HEAD_BYTES = 16_384;
/** Most header fields in a head. */
export const MAX_HEADERS = 100;
/** Most bytes of a request target; longer ones are answered 414. */
export const MAX_TARGET_BYTES = 8_192;
/** Most bytes of a body, unless `maxBodyBytes` says otherwise; answered 413. */
export const MAX_BODY_BYTES = 16_777_216;
/** Most bytes of one chunk-size line, extensions included. */
export const MAX_CHUNK_LINE_BYTES = 256;
/** Most bytes of the trailer section of a chunked body; trailers are dropped. */
export const MAX_TRAILER_BYTES = 4_096;
/** A body that nobody reads is read and dropped up to here, so that the connection can be kept. */
export const MAX_DISCARDED_BYTES = 65_536;
/** Bytes that may wait behind an unanswered request before the carrier is paused. */
export const PIPELINE_PAUSE_BYTES = 16_384;
/** Most bytes held behind an unanswered request: `PIPELINE_PAUSE_BYTES` and what one read brings. */
export const MAX_PIPELINED_BYTES = 1_048_576;
/** The next request waits while more of the earlier answers than this has not left yet. */
export const MAX_QUEUED_ANSWER_BYTES = 65_536;
/** An answer of the protocol on top is collected up to here, to be sent with a Content-Length. */
export const MAX_COLLECTED_BYTES = 16_384;

/** Time for a whole head, from its first byte. */
export const HEAD_TIMEOUT_MS = 10_000;
/** Time a connection may wait without the first byte of a request. */
export const IDLE_TIMEOUT_MS = 60_000;
/** Longest pause inside a body, either direction. */
export const PROGRESS_TIMEOUT_MS = 30_000;
/** Time for the peer to read an error answer and close, before this side does. */
export const LINGER_TIMEOUT_MS = 1_000;
/** Time for the protocol on top to answer a request whose body has ended. */
export const NEAR_ANSWER_TIMEOUT_MS = 30_000;

/** Statuses that the transport itself answers (RFC 9110 section 15). */
export type RefusalStatus = 400 | 408 | 413 | 414 | 417 | 431 | 500 | 501 | 504 | 505;

/**
 * Makes the error of a message that breaks HTTP; the server answers `status` and closes.
 *
 * @param status Answer to the peer.
 * @param message Facts; it is also the body of the answer.
 */
export function refusal(status: RefusalStatus, message: string): ProtocolError {
  return new ProtocolError(message, { cause: status });
}

/** The status that `refusal` was given, or `undefined` for any other error. */
export function refusalStatus(error: unknown): number | undefined {
  return error instanceof ProtocolError && typeof error.cause === "number" ? error.cause : undefined;
}
