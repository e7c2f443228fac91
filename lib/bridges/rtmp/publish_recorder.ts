import type { Stream, StreamPath } from "#streaming";

/** What becomes of a recording that a publisher asked for. */
export type PublishRecordingEvent =
  /** A file was begun. */
  | { readonly type: "started"; readonly fileName: string }
  /** It was stopped, and is complete. */
  | { readonly type: "stopped" }
  /** It has ended because of an error; the stream goes on. */
  | { readonly type: "failed"; readonly reason: string };

/** Records streams whose publishers ask for it; the bridge to files implements it. */
export interface PublishRecorder {
  /** Why this stream is not recorded at the wish of its publisher, or `undefined`. */
  refusal(path: StreamPath): string | undefined;
  /**
   * Starts to record a stream whose publisher has just started, in the same turn.
   *
   * @param options `isAppend`: goes on with the last recording; `told`: what becomes of it.
   */
  start(
    stream: Stream,
    options: { readonly isAppend: boolean; readonly told: (event: PublishRecordingEvent) => void },
  ): void;
}
