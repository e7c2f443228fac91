import { LimitError, ProtocolError } from "#errors";
import { ChunkStream } from "./chunk_stream.ts";

/** The chunk streams of one connection, by id. */
export class ChunkStreamTable {
  readonly #streams = new Map<number, ChunkStream>();
  readonly #maxStreams: number;

  /** @param maxStreams Most chunk streams. */
  constructor(maxStreams: number) {
    this.#maxStreams = maxStreams;
  }

  /** The chunk stream `id`, or `undefined` if nothing came on it yet. */
  find(id: number): ChunkStream | undefined {
    return this.#streams.get(id);
  }

  /**
   * The chunk stream `id`, on which a chunk of type `chunkType` begins. A header of type 0 opens one; so does
   * one of type 1 (librtmp pings), with message stream 0.
   *
   * @throws {ProtocolError} If a chunk of another type is the first on it.
   * @throws {LimitError} If there are too many.
   */
  open(id: number, chunkType: number): ChunkStream {
    const known = this.#streams.get(id);
    if (known !== undefined) return known;
    if (chunkType > 1) {
      throw new ProtocolError(
        `Cannot read chunk: type ${chunkType} on chunk stream ${id} without an earlier header`,
      );
    }
    if (this.#streams.size >= this.#maxStreams) {
      throw new LimitError("MAX_CHUNK_STREAMS", { value: this.#streams.size + 1, limit: this.#maxStreams });
    }
    const stream = new ChunkStream(id);
    this.#streams.set(id, stream);
    return stream;
  }
}
