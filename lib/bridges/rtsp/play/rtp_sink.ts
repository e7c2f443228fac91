import type { SliceSource } from "#stack";

/** Where frames of a wire go; a carrier is one. */
export interface RtpSink {
  /** Queues frames that come before anything of the source. */
  send(bytes: Uint8Array): void;
  /** Sets what frames are asked of, or removes it. */
  setSource(source: SliceSource | undefined): void;
  /** The source has frames again. */
  wake(): void;
  /** Ends the connection. */
  abort(error: Error): void;
}
