import { type ByteSource, hexOf } from "#bytes";
import { FormatError } from "#errors";
import type { Demuxer } from "#media";
import { FORMAT_PROBE_BYTES, formatOf, formatOfName, type MediaFormat } from "./media_format.ts";

/** What is known of a file beside its bytes. */
export interface OpenMediaOptions {
  /** Its name: where the bytes do not tell the container, the extension does. */
  readonly name?: string;
  /** Read at once, in bytes: less for many files open side by side. @default {262_144} */
  readonly blockBytes?: number;
}

/** How a reader is opened; all of them take it. */
type ReaderOptions = Pick<OpenMediaOptions, "blockBytes">;

/** Readers by container, loaded when the first file of it comes. */
const OPENERS: Readonly<
  Record<MediaFormat, (source: ByteSource, options: ReaderOptions) => Promise<Demuxer>>
> = {
  flv: async (source, options) => (await import("#mediaformats/flv")).FlvDemuxer.open(source, options),
  mp4: async (source, options) => (await import("#mediaformats/mp4")).Mp4Demuxer.open(source, options),
  mp3: async (source, options) => (await import("#mediaformats/mp3")).Mp3Demuxer.open(source, options),
  mkv: async (source, options) => (await import("#mediaformats/mkv")).MkvDemuxer.open(source, options),
  ts: async (source, options) => (await import("#mediaformats/mpegts")).TsDemuxer.open(source, options),
};

/** Bytes of an unknown file that an error shows. */
const SHOWN_BYTES = 8;

/**
 * Opens a file of any container that is read, told by its content first and its name second.
 *
 * @param source Closed by the demuxer's `close`, and if this throws.
 * @throws {FormatError} If it is of no known container, or broken where a reader must begin.
 */
export async function openMedia(source: ByteSource, options: OpenMediaOptions = {}): Promise<Demuxer> {
  try {
    const format = await findFormat(source, options);
    const { blockBytes } = options;
    return await OPENERS[format](source, blockBytes === undefined ? {} : { blockBytes });
  } catch (error) {
    source.close();
    throw error;
  }
}

async function findFormat(source: ByteSource, { name = "" }: OpenMediaOptions): Promise<MediaFormat> {
  const head = new Uint8Array(FORMAT_PROBE_BYTES);
  const bytes = head.subarray(0, await source.readAt(0, head));
  const format = formatOf(bytes) ?? (bytes.length === 0 ? undefined : formatOfName(name));
  if (format !== undefined) return format;
  const found = bytes.length === 0
    ? "it is empty"
    : `it begins with ${hexOf(bytes.subarray(0, SHOWN_BYTES))}`;
  throw new FormatError(`Cannot tell the container of ${name === "" ? "the file" : `"${name}"`}: ${found}`, {
    offset: 0,
  });
}
