import { LimitError, ProtocolError } from "#errors";
import { INITIAL_CHUNK_BYTES, MAX_CHUNK_STREAMS, MAX_MESSAGE_BYTES, MAX_PARTIAL_BYTES } from "../limits.ts";
import { decodeU32Payload } from "../message/control_message.ts";
import { MESSAGE_TYPE } from "../message/message_type.ts";
import { readU24, readU32, readU32Le, startsWithU32 } from "./_numbers.ts";
import { ChunkStream } from "./chunk_stream.ts";
import { ChunkStreamTable } from "./chunk_stream_table.ts";
import { MessageMemory } from "./message_memory.ts";

/** Who takes the messages of a `ChunkReader`. */
export interface ChunkConsumer {
  /**
   * One whole message. HOT.
   *
   * @param messageTypeId Any but 1 and 2, which the reader obeys itself.
   * @param timestamp Absolute, in ms, modulo 2^32.
   * @param messageStreamId 0 for the NetConnection.
   * @param payload Owned by the receiver.
   * @param chunkStreamId 2 to 65599.
   */
  // params: hot path
  onMessage(
    messageTypeId: number,
    timestamp: number,
    messageStreamId: number,
    payload: Uint8Array<ArrayBuffer>,
    chunkStreamId: number,
  ): void;
}

/** Bounds of a `ChunkReader`; each defaults to the constant of its name. */
export interface ChunkReaderOptions {
  /** Longest message. @default {MAX_MESSAGE_BYTES} */
  readonly maxMessageBytes?: number;
  /** Most memory for unfinished messages. @default {MAX_PARTIAL_BYTES} */
  readonly maxPartialBytes?: number;
  /** Most chunk streams. @default {MAX_CHUNK_STREAMS} */
  readonly maxChunkStreams?: number;
}

/** Basic header, message header and extended timestamp at their longest: RTMP 1.0, section 5.3.1. */
const MAX_HEADER_BYTES = 3 + 11 + 4;
/** Length of the message header by chunk type: RTMP 1.0, section 5.3.1.2. */
const MESSAGE_HEADER_BYTES = [11, 7, 3, 0] as const;
/** Timestamp field that announces an extended timestamp: RTMP 1.0, section 5.3.1.3. */
const EXTENDED = 0xffffff;
/** A header is cut off: wait for more input. */
const INCOMPLETE = -1;
const EMPTY = new Uint8Array(0);

/**
 * Reads chunks and joins them to messages: RTMP 1.0, section 5.3.
 *
 * Takes any split of the input. Set Chunk Size and Abort are obeyed here; all other messages go to the
 * consumer. Memory follows the bytes received, never a declared length, and a whole message that stands in
 * the input is copied once.
 *
 * ```ts
 * import { ChunkReader } from "#protocols/rtmp";
 *
 * const reader = new ChunkReader({
 *   onMessage: (typeId, timestamp, _messageStreamId, payload) => console.log(typeId, timestamp, payload.length),
 * });
 * reader.push(Uint8Array.of(4, 0, 0, 40, 0, 0, 2, 8, 1, 0, 0, 0, 0xaf, 1)); // 8 40 2
 * ```
 */
export class ChunkReader {
  readonly #consumer: ChunkConsumer;
  readonly #maxMessageBytes: number;
  readonly #streams: ChunkStreamTable;
  readonly #memory: MessageMemory;
  /** Chunk stream of the chunk being read, and the one looked up first for the next. */
  #current: ChunkStream = new ChunkStream(-1);
  /** Payload bytes of the current chunk still to come. */
  #chunkLeft = 0;
  #chunkSize = INITIAL_CHUNK_BYTES;
  #isStopped = false;

  /** A cut-off header, and room to complete it. */
  readonly #held = new Uint8Array(2 * MAX_HEADER_BYTES);
  #heldLength = 0;

  /** @param consumer Called from within `push`. */
  constructor(consumer: ChunkConsumer, options: ChunkReaderOptions = {}) {
    this.#consumer = consumer;
    this.#maxMessageBytes = options.maxMessageBytes ?? MAX_MESSAGE_BYTES;
    this.#streams = new ChunkStreamTable(options.maxChunkStreams ?? MAX_CHUNK_STREAMS);
    this.#memory = new MessageMemory(options.maxPartialBytes ?? MAX_PARTIAL_BYTES);
  }

  /** Chunk size the peer last announced, in bytes. */
  get inboundChunkSize(): number {
    return this.#chunkSize;
  }

  /** Memory held for messages that are not complete, in bytes. */
  get partialBytes(): number {
    return this.#memory.partialBytes;
  }

  /** Makes the running `push` return after the current message; called by the consumer. */
  stop(): void {
    this.#isStopped = true;
  }

  /**
   * Takes input, from offset `start` to its end.
   *
   * @param bytes Borrowed during the call.
   * @returns Offset behind the last byte taken: the length of the input, unless `stop` was called.
   * @throws {ProtocolError} If a header cannot be, or a message changes its length halfway.
   * @throws {LimitError} If a message, all unfinished ones together, or the number of chunk streams is too big.
   */
  push(bytes: Uint8Array, start: number = 0): number {
    this.#isStopped = false;
    // slice and subarray of a Buffer are not those of a Uint8Array
    const input = bytes.constructor === Uint8Array
      ? bytes
      : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    if (this.#heldLength === 0) return this.#parse(input, start, input.length);
    const at = this.#resume(input, start);
    return this.#isStopped ? at : this.#parse(input, at, input.length);
  }

  /** Completes a cut-off header with the start of `input`; returns how far that took. */
  #resume(input: Uint8Array, start: number): number {
    const held = this.#held;
    const heldLength = this.#heldLength;
    const joinedLength = heldLength + Math.min(input.length - start, MAX_HEADER_BYTES);
    held.set(input.subarray(start, start + joinedLength - heldLength), heldLength);
    this.#heldLength = 0;
    const taken = this.#parse(held.subarray(0, joinedLength), 0, heldLength);
    if (taken >= heldLength) return start + taken - heldLength;
    // stopped between bytes that were held
    held.copyWithin(0, taken, heldLength);
    this.#heldLength = heldLength - taken;
    return start;
  }

  /** Reads chunks until `until` is reached or passed; a header cut off at the end of `bytes` is held. */
  // params: hot path
  #parse(bytes: Uint8Array, start: number, until: number): number {
    let at = start;
    while (at < until && !this.#isStopped) {
      if (this.#chunkLeft === 0) {
        const body = this.#readHeader(bytes, at);
        if (body === INCOMPLETE) {
          this.#held.set(bytes.subarray(at));
          this.#heldLength = bytes.length - at;
          return bytes.length;
        }
        at = body;
        if (this.#chunkLeft === 0) this.#emit(this.#current, EMPTY);
      } else {
        at = this.#readPayload(bytes, at);
      }
    }
    return at;
  }

  /**
   * Reads one chunk header at `at`; returns the offset behind it, or INCOMPLETE with no message touched.
   *
   * ```
   *  0 1 2 3 4 5 6 7
   * +-+-+-+-+-+-+-+-+
   * |typ|  id 2-63  |    0: one more byte, 64 + it;  1: two more bytes, 64 + first + second * 256
   * +-+-+-+-+-+-+-+-+
   * ```
   */
  #readHeader(bytes: Uint8Array, at: number): number {
    const first = bytes[at]!;
    let id = first & 0x3f;
    let next = at + 1;
    if (id === 0) {
      if (next + 1 > bytes.length) return INCOMPLETE;
      id = 64 + bytes[next]!;
      next += 1;
    } else if (id === 1) {
      if (next + 2 > bytes.length) return INCOMPLETE;
      id = 64 + bytes[next]! + bytes[next + 1]! * 256;
      next += 2;
    }
    const chunkType = first >> 6;
    const stream = this.#current.id === id ? this.#current : this.#streams.open(id, chunkType);
    return chunkType === 3
      ? this.#readRepeated(bytes, next, stream)
      : this.#readFields(bytes, next, stream, chunkType);
  }

  /**
   * Reads a message header of type 0 to 2, and the extended timestamp.
   *
   * ```
   * type 0: timestamp u24 | message length u24 | message type ID u8 | message stream ID u32, little-endian
   * type 1: delta u24     | message length u24 | message type ID u8
   * type 2: delta u24
   * ```
   */
  // params: hot path
  #readFields(bytes: Uint8Array, at: number, stream: ChunkStream, chunkType: number): number {
    let next = at + MESSAGE_HEADER_BYTES[chunkType]!;
    if (next > bytes.length) return INCOMPLETE;
    let field = readU24(bytes, at);
    const hasExtendedTimestamp = field === EXTENDED;
    if (hasExtendedTimestamp) {
      if (next + 4 > bytes.length) return INCOMPLETE;
      field = readU32(bytes, next);
      next += 4;
    }
    if (chunkType < 2) this.#setLength(stream, readU24(bytes, at + 3), bytes[at + 6]!);
    // A repeated header within a message, as some encoders send it, changes nothing but is read over.
    if (!stream.isInMessage) {
      stream.timestamp = chunkType === 0 ? field : (stream.timestamp + field) >>> 0;
      if (chunkType === 0) stream.messageStreamId = readU32Le(bytes, at + 7);
      stream.timestampField = field;
      stream.hasExtendedTimestamp = hasExtendedTimestamp;
    }
    this.#beginChunk(stream);
    return next;
  }

  /**
   * Reads the rest of a type 3 header: nothing, or a repeated extended timestamp. Peers differ in whether they
   * write the latter, so the bytes are compared with what it would be.
   */
  // params: hot path
  #readRepeated(bytes: Uint8Array, at: number, stream: ChunkStream): number {
    let next = at;
    if (stream.hasExtendedTimestamp) {
      const available = Math.min(bytes.length - at, 4);
      if (
        startsWithU32(bytes, at, stream.timestampField) ||
        stream.isInMessage && startsWithU32(bytes, at, stream.timestamp)
      ) {
        if (available < 4) return INCOMPLETE;
        next += 4;
      }
    }
    if (!stream.isInMessage) stream.timestamp = (stream.timestamp + stream.timestampField) >>> 0;
    this.#beginChunk(stream);
    return next;
  }

  #beginChunk(stream: ChunkStream): void {
    stream.isInMessage = true;
    this.#current = stream;
    this.#chunkLeft = Math.min(this.#chunkSize, stream.messageLength - stream.received);
  }

  /** Takes length and type from a header, which within a message must repeat the length. */
  // params: hot path
  #setLength(stream: ChunkStream, messageLength: number, messageTypeId: number): void {
    if (stream.isInMessage) {
      if (messageLength !== stream.messageLength) {
        throw new ProtocolError(
          `Cannot read chunk: message length changes from ${stream.messageLength} to ${messageLength} ` +
            `after ${stream.received} bytes on chunk stream ${stream.id}`,
        );
      }
      return;
    }
    if (messageLength > this.#maxMessageBytes) {
      throw new LimitError("MAX_MESSAGE_BYTES", {
        value: messageLength,
        limit: this.#maxMessageBytes,
        message:
          `Cannot accept message: length ${messageLength} exceeds MAX_MESSAGE_BYTES (${this.#maxMessageBytes})`,
      });
    }
    stream.messageLength = messageLength;
    stream.messageTypeId = messageTypeId;
  }

  /** Reads payload of the current chunk, as much as is there; returns the offset behind it. */
  #readPayload(bytes: Uint8Array, at: number): number {
    const stream = this.#current;
    const length = Math.min(this.#chunkLeft, bytes.length - at);
    this.#chunkLeft -= length;
    if (length === stream.messageLength) {
      this.#emit(stream, this.#memory.copy(bytes, at, length));
    } else {
      const payload = this.#memory.append(stream, bytes, at, length);
      if (stream.received === stream.messageLength) this.#emit(stream, payload);
    }
    return at + length;
  }

  #emit(stream: ChunkStream, payload: Uint8Array<ArrayBuffer>): void {
    this.#drop(stream);
    const messageTypeId = stream.messageTypeId;
    if (messageTypeId === MESSAGE_TYPE.SetChunkSize) this.#setChunkSize(payload);
    else if (messageTypeId === MESSAGE_TYPE.Abort) this.#abort(payload);
    else {
      this.#consumer.onMessage(messageTypeId, stream.timestamp, stream.messageStreamId, payload, stream.id);
    }
  }

  /** Ends the message of `stream`, complete or not. */
  #drop(stream: ChunkStream): void {
    this.#memory.release(stream);
    stream.received = 0;
    stream.isInMessage = false;
  }

  /** RTMP 1.0, section 5.4.1: 31 bits, at least 1. No message is longer than the limit, so no chunk is either. */
  #setChunkSize(payload: Uint8Array): void {
    const size = decodeU32Payload(payload, "Set Chunk Size");
    if (size < 1 || size > 0x7fffffff) {
      throw new ProtocolError(`Cannot accept Set Chunk Size: size must be 1 to 2147483647, is ${size}`);
    }
    this.#chunkSize = Math.min(size, this.#maxMessageBytes);
  }

  /** RTMP 1.0, section 5.4.2: the unfinished message of a chunk stream is given up. */
  #abort(payload: Uint8Array): void {
    const stream = this.#streams.find(decodeU32Payload(payload, "Abort"));
    if (stream !== undefined) this.#drop(stream);
  }
}
