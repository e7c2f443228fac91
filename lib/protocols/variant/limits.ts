/** Most bytes of one message, as the original has it: 4 MiB. */
export const MAX_VARIANT_MESSAGE_BYTES = 4 * 1024 * 1024;
/** Most bytes of messages that wait behind the one being answered: what one read brings. */
export const MAX_VARIANT_WAITING_BYTES = 1024 * 1024;
/** The next message waits while more of the earlier answers than this has not left yet. */
export const MAX_VARIANT_QUEUED_BYTES = 256 * 1024;
/** Longest pause inside a message, and longest time a peer may take nothing of its answers, in ms. */
export const VARIANT_PROGRESS_TIMEOUT_MS = 30_000;
/** Longest time between two messages of one TCP connection, in ms. */
export const VARIANT_IDLE_TIMEOUT_MS = 600_000;
/** Longest wait for an answer, in ms. */
export const VARIANT_ANSWER_TIMEOUT_MS = 30_000;
