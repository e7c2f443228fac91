/** Longest time a session lives without a request; clients poll at least each second. */
export const SESSION_TIMEOUT_MS = 30_000;
/** Longest time the last output of a session that closes waits for a request to leave with. */
export const CLOSE_DRAIN_MS = 2_000;
/** Longest time a request waits for an earlier one that is missing. */
export const GAP_TIMEOUT_MS = 10_000;
/** Requests of one session that may come before their turn; they hold their bodies. */
export const MAX_REQUESTS_AHEAD = 8;
/** Longest body of a request; clients send what they have gathered between two polls, some 100 KiB. */
export const MAX_REQUEST_BYTES = 2_097_152;
/** Output in one answer; a message that begins within it is still sent whole. */
export const MAX_ANSWER_BYTES = 524_288;
/** Sessions of one acceptor. */
export const MAX_SESSIONS = 10_000;
/**
 * Longest time an `idle` waits for output, so that a live stream needs a poll each 50 ms and not one each few;
 * a client with something to send waits for the answer first, so it must not be longer.
 */
export const IDLE_HOLD_MS = 50;
/** Answers without output after which the client is asked to poll less often. */
export const EMPTY_ANSWERS_PER_STEP = 10;
/** What the first byte of an answer may ask for, from often to seldom. */
export const POLLING_INTERVALS: readonly number[] = [0x01, 0x03, 0x05, 0x09, 0x11, 0x21];

/** A client polls after so many ms for each step of what an answer asks for above 1. */
export const CLIENT_POLL_UNIT_MS = 16;
/** Output in one request of a client; a message that begins within it is still sent whole. */
export const MAX_CLIENT_REQUEST_BYTES = 524_288;
/** Connections over which one request is tried. */
export const MAX_CLIENT_TRIES = 3;
/** Longest session id that a client takes. */
export const MAX_SESSION_ID_CHARS = 256;
