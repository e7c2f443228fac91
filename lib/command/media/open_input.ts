import { type ByteSource } from "#bytes";
import { ConfigError } from "#errors";
import type { Demuxer } from "#media";
import { openMedia } from "#mediaformats";
import { FileSource } from "#storage";
import { basename } from "node:path";

/** A file that a command reads. */
export interface InputFile {
  readonly demuxer: Demuxer;
  /** What the demuxer reads from, which it closes. */
  readonly source: ByteSource;
  /** In bytes. */
  readonly sizeBytes: number;
}

/**
 * Opens a file named on the command line.
 *
 * @param path As it was typed.
 * @param options `onRead` is told the end of each read, in bytes from the start.
 * @throws {FormatError} If its container is not known, or it is broken where a reader must begin.
 */
export async function openInput(
  path: string,
  options: { readonly onRead?: (offset: number) => void } = {},
): Promise<InputFile> {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(path)) {
    throw new ConfigError(`Cannot read "${path}": it must be a file, addresses are not read`);
  }
  const file = await FileSource.open(path);
  const { sizeBytes } = file;
  const source = options.onRead === undefined ? file : watched(file, options.onRead);
  return { demuxer: await openMedia(source, { name: basename(path) }), source, sizeBytes };
}

function watched(file: FileSource, onRead: (offset: number) => void): ByteSource {
  return {
    get sizeBytes() {
      return file.sizeBytes;
    },
    readAt: async (offset, into) => {
      const count = await file.readAt(offset, into);
      onRead(offset + count);
      return count;
    },
    close: () => file.close(),
  };
}
