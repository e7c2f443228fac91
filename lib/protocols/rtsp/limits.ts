/** Most bytes of a request or response line and its headers. */
export const MAX_RTSP_HEAD_BYTES = 16_384;
/** Most header lines of one message. */
export const MAX_RTSP_HEADERS = 100;
/** Most bytes of a body: a session description, as a rule. */
export const MAX_RTSP_BODY_BYTES = 262_144;
/** Most tracks of one session: each has two channels. */
export const MAX_RTSP_TRACKS = 16;
/** Requests of one connection that wait for an answer; more end it. */
export const MAX_WAITING_REQUESTS = 32;
/** Bytes of answers that a peer has not taken; more end the connection. */
export const MAX_RTSP_QUEUED_BYTES = 262_144;
/** Time without a sign of life after which a session ends, in ms; told to the peer in seconds. */
export const RTSP_SESSION_TIMEOUT_MS = 60_000;
