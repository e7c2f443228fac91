import type { Demuxer } from "#media";

/** A media file that is open for one reader. */
export interface OpenFile {
  /** Within its folder. */
  readonly name: string;
  /** Closed by whoever reads. */
  readonly demuxer: Demuxer;
  /**
   * Waits until seeking works: at once where the format allows it, else until the file's index is there.
   *
   * @returns Whether it works; not where the index took longer than the file's readers are willing to wait.
   */
  whenSeekable(): Promise<boolean>;
  /** Whether the file is being written, so that its end may move. */
  mayGrow(): Promise<boolean>;
  /** Notes for statistics that so many bytes of media went out. */
  countServed(bytes: number): void;
}

/** How the files of one folder are played. */
export interface PlaySettings {
  /** Media time sent in advance, in ms; `Infinity` sends as fast as the player takes it. */
  readonly clientBufferMs: number;
  /** Whether a seek starts at a key frame, rather than at the very picture, decoded from the key frame on. */
  readonly isKeyFrameSeek: boolean;
}
