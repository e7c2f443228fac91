/** Longest command line, in bytes without its end: the original's. */
export const MAX_CLI_LINE_BYTES = 8_192;

/** Most bytes of lines that wait while one is answered; the peer is not read beyond what one read brought. */
export const MAX_CLI_WAITING_BYTES = 512 * 1024;

/** Longest body of a request that gives a command, in bytes. */
export const MAX_CLI_BODY_BYTES = 64 * 1024;

/** How long a peer may take no byte of its answer, in ms. */
export const CLI_PROGRESS_TIMEOUT_MS = 30_000;

/** How long the rest of a line may take that has begun, in ms. */
export const CLI_LINE_TIMEOUT_MS = 60_000;
