/** Longest message accepted from a peer, as declared in its chunk header. */
export const MAX_MESSAGE_BYTES = 10 * 1024 * 1024;

/** Most memory held for messages that are not complete yet, over all chunk streams of a connection. */
export const MAX_PARTIAL_BYTES = 2 * MAX_MESSAGE_BYTES;

/** Most chunk streams with a remembered header on a connection; Flash players take about five a NetStream. */
export const MAX_CHUNK_STREAMS = 512;

/** Most NetStreams alive on a connection. */
export const MAX_MESSAGE_STREAMS = 64;

/** Most input kept unread while an application decides about a connect, publish or play. */
export const MAX_HELD_INPUT_BYTES = 4 * 1024 * 1024;

/** Most own output (replies, pongs, acknowledgements) that a peer may leave unread. */
export const MAX_QUEUED_OUTPUT_BYTES = 4 * 1024 * 1024;

/** Most calls to the peer that wait for their `_result`. */
export const MAX_PENDING_CALLS = 64;

/** Longest time a peer may go on sending media without a publish that was granted. */
export const REFUSED_MEDIA_MS = 10_000;

/** Most lines of level warning about what a peer does wrong while its connection goes on. */
export const MAX_SESSION_WARNINGS = 4;

/** Longest name of an application or stream, its query included, in UTF-16 units. */
export const MAX_NAME_LENGTH = 4096;

/** Chunk size before a Set Chunk Size message: RTMP 1.0, section 5.4.1. */
export const INITIAL_CHUNK_BYTES = 128;

/** Chunk size announced to every peer, so that the same encoded bytes serve all of them. */
export const OUTBOUND_CHUNK_BYTES = 60_000;

/** Window announced to the peer, and used for acknowledgements until the peer announces its own. */
export const WINDOW_ACK_BYTES = 2_500_000;

/** Smallest window obeyed: a peer that asks for less gets an acknowledgement each so many bytes. */
export const MIN_WINDOW_ACK_BYTES = 1024;

/** Time from the opening of a connection to the end of its handshake. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;

/** Time from the end of the handshake to `connect`. */
export const CONNECT_TIMEOUT_MS = 10_000;

/** Time an application may take to decide about a connect, publish or play. */
export const DECISION_TIMEOUT_MS = 30_000;

/** Time between two ping requests. */
export const PING_INTERVAL_MS = 30_000;

/** Time without a sign of life after a ping request, after which the peer counts as gone. */
export const PING_TIMEOUT_MS = 60_000;
