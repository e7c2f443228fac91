import { ByteWriter } from "#bytes";

/** Writers kept for the next pieces. */
const MAX_FREE_WRITERS = 32;
/** What fits most pieces; a writer that had to hold more is let go. */
const PIECE_BYTES = 32_768;

/** Memory in which pieces of bodies are put together, shared by all viewers: one that waits for its time holds none. */
export class PieceWriters {
  readonly #free: ByteWriter[] = [];

  /** An empty writer, to be given back. */
  take(): ByteWriter {
    return this.#free.pop() ?? new ByteWriter(PIECE_BYTES);
  }

  /** Takes a writer back: what it holds is needed no more. */
  give(writer: ByteWriter): void {
    if (writer.length <= PIECE_BYTES && this.#free.length < MAX_FREE_WRITERS) this.#free.push(writer.reset());
  }
}
