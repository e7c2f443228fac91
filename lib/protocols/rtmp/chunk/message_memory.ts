import { Slab } from "#bytes";
import { LimitError } from "#errors";
import type { ChunkStream } from "./chunk_stream.ts";

/** First memory taken for a message that arrives in pieces. */
const MIN_PAYLOAD_CAPACITY = 512;
/** Memory taken for a message over what was received of it, so that growing it copies a third at most. */
const GROWTH_FACTOR = 4;
/** Unfinished messages may reserve one part in this many of all bytes received before them. */
const BELIEVED_SHARE = 8;

/** Memory for the messages of one connection: it follows the bytes received, never a declared length alone. */
export class MessageMemory {
  readonly #maxPartialBytes: number;
  readonly #slab = new Slab();
  #partialBytes = 0;
  /** Payload bytes received on this connection. */
  #receivedBytes = 0;

  /** @param maxPartialBytes Most memory for unfinished messages. */
  constructor(maxPartialBytes: number) {
    this.#maxPartialBytes = maxPartialBytes;
  }

  /** Memory held for messages that are not complete, in bytes. */
  get partialBytes(): number {
    return this.#partialBytes;
  }

  /** Copies a message that stands whole in the input, at `at`. */
  // params: hot path
  copy(bytes: Uint8Array, at: number, length: number): Uint8Array<ArrayBuffer> {
    this.#receivedBytes += length;
    const whole = this.#slab.take(length);
    whole.set(bytes.subarray(at, at + length));
    return whole;
  }

  /**
   * Appends `length` bytes of the input, at `at`, to the message of `stream`.
   *
   * @returns Memory of the message, at least as long as what was received of it.
   * @throws {LimitError} If all unfinished messages together are too big.
   */
  // params: hot path
  append(stream: ChunkStream, bytes: Uint8Array, at: number, length: number): Uint8Array<ArrayBuffer> {
    this.#receivedBytes += length;
    const received = stream.received + length;
    const payload = this.#reserve(stream, received, bytes.length - at);
    payload.set(bytes.subarray(at, at + length), stream.received);
    stream.received = received;
    return payload;
  }

  /** Lets go of the message of `stream`, complete or not. */
  release(stream: ChunkStream): void {
    if (stream.payload === undefined) return;
    this.#partialBytes -= stream.payload.length;
    stream.payload = undefined;
  }

  /** Makes room for `received` bytes of a message, `inputLeft` of which stand in the input. */
  // params: hot path
  #reserve(stream: ChunkStream, received: number, inputLeft: number): Uint8Array<ArrayBuffer> {
    const old = stream.payload;
    if (old !== undefined && old.length >= received) return old;
    // the rest of the input is one message's only: on many chunk streams each would claim it
    const claimed = this.#partialBytes === (old?.length ?? 0) ? inputLeft : 0;
    // a peer that has sent much is believed declared lengths that are small beside it
    const believed = Math.floor(this.#receivedBytes / BELIEVED_SHARE) - this.#partialBytes;
    const wanted = Math.max(MIN_PAYLOAD_CAPACITY, received * GROWTH_FACTOR, claimed, believed);
    const capacity = Math.min(stream.messageLength, wanted);
    const partialBytes = this.#partialBytes + capacity - (old?.length ?? 0);
    if (partialBytes > this.#maxPartialBytes) {
      throw new LimitError("MAX_PARTIAL_BYTES", { value: partialBytes, limit: this.#maxPartialBytes });
    }
    const grown = this.#slab.take(capacity);
    if (old !== undefined) grown.set(old);
    this.#partialBytes = partialBytes;
    stream.payload = grown;
    return grown;
  }
}
