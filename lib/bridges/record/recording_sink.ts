/** What happens where a file that is to be written exists. */
export type OnExisting =
  /** The new one gets a number: `name_1.flv`. */
  | "number"
  /** A new file takes the name; who reads the old one reads on. */
  | "replace"
  /** Writing goes on at its end. */
  | "append";

/** A file that is being recorded. Calls run one after another; each resolves when the system has the bytes. */
export interface RecordingFile {
  /** Within the folder of recordings. */
  readonly name: string;
  /** Bytes that are whole in it. */
  readonly sizeBytes: number;
  /** Adds bytes at the end, which are borrowed until the call resolves; all of them or none. */
  append(bytes: Uint8Array): Promise<void>;
  /** Replaces bytes that were written before. */
  patch(offset: number, bytes: Uint8Array): Promise<void>;
  /** Cuts it off. */
  truncate(sizeBytes: number): Promise<void>;
  /** Reads what was written before; returns how many bytes were there. */
  readAt(offset: number, into: Uint8Array): Promise<number>;
  /** Gives it back, after the calls before. */
  close(): Promise<void>;
}

/** A recording as its folder lists it. */
export interface ListedRecording {
  /** Within the folder. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Time of the last change, in ms since 1970. */
  readonly mtimeMs: number;
}

/** Where recordings are written: one folder, which no name leads out of. */
export interface RecordingSink {
  /**
   * Opens a file for writing, and makes the folders it lies in.
   *
   * @throws {FormatError} If the name is not acceptable.
   */
  create(name: string, onExisting: OnExisting): Promise<RecordingFile>;
  /** Lists files whose names end so; `isCut` where there are more than it gives. */
  list(
    options: { readonly extensions: readonly string[] },
  ): Promise<{ readonly files: readonly ListedRecording[]; readonly isCut: boolean }>;
  /** Deletes a file; returns whether it was there. */
  remove(name: string): Promise<boolean>;
}
