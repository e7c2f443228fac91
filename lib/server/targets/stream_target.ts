import type { Stream } from "#streaming";

/** Where one stream is pushed to while it is live. */
export interface StreamTarget {
  /** The stream is live; one that is pushed already goes on. */
  start(stream: Stream): void;
  /** Ends for good. */
  stop(): Promise<void>;
}
