/**
 * A second, independent reading and writing of RTMP chunks (RTMP 1.0, section 5.3), and the pieces to make
 * broken ones.
 *
 * @module
 */

import { concatBytes } from "#bytes";
import { encodeAmf0, numberBytes } from "./amf0.ts";
import type { Amf0Value } from "./amf0.ts";

/** One RTMP message. */
export interface RtmpMessage {
  readonly chunkStreamId: number;
  readonly messageTypeId: number;
  readonly messageStreamId: number;
  /** Absolute time in ms, modulo 2^32. */
  readonly timestamp: number;
  readonly payload: Uint8Array;
}

/** Fields of a message that is made; the rest has defaults. */
export interface MessageParts {
  readonly typeId: number;
  readonly payload: Uint8Array;
  /** @default 3 */
  readonly chunkStreamId?: number;
  /** @default 0 */
  readonly streamId?: number;
  /** In ms, modulo 2^32. @default 0 */
  readonly timestamp?: number;
}

/** The largest timestamp that fits a message header; also the mark that an extended one follows. */
export const EXTENDED_MARK = 0xffffff;

/** Message type ids used by the tests; RTMP 1.0, sections 5.4 and 7.1. */
export const TYPE = {
  SetChunkSize: 1,
  Abort: 2,
  Acknowledgement: 3,
  UserControl: 4,
  WindowAckSize: 5,
  SetPeerBandwidth: 6,
  Audio: 8,
  Video: 9,
  Data: 18,
  Command: 20,
  Aggregate: 22,
} as const;

/** Basic header bytes; section 5.3.1.1. */
export function basicHeader(chunkType: number, chunkStreamId: number): number[] {
  const top = chunkType << 6;
  if (chunkStreamId < 64) return [top | chunkStreamId];
  if (chunkStreamId < 320) return [top, chunkStreamId - 64];
  return [top | 1, (chunkStreamId - 64) & 0xff, (chunkStreamId - 64) >> 8];
}

/** A type 0 chunk header that declares `length` bytes; section 5.3.1.2.1. */
export function type0Header(
  parts: { typeId: number; length: number; chunkStreamId?: number; streamId?: number; timestamp?: number },
): Uint8Array<ArrayBuffer> {
  const timestamp = parts.timestamp ?? 0;
  const streamId = parts.streamId ?? 0;
  return new Uint8Array([
    ...basicHeader(0, parts.chunkStreamId ?? 3),
    ...numberBytes(Math.min(timestamp, EXTENDED_MARK), 3),
    ...numberBytes(parts.length, 3),
    parts.typeId,
    ...numberBytes(streamId, 4).reverse(),
    ...(timestamp >= EXTENDED_MARK ? numberBytes(timestamp, 4) : []),
  ]);
}

/**
 * A whole message as a type 0 chunk and type 3 chunks, which repeat an extended timestamp.
 *
 * @param length Length to declare, where it is not the payload's.
 */
export function encodeMessage(
  parts: MessageParts,
  chunkSize: number,
  length: number = parts.payload.length,
): Uint8Array<ArrayBuffer> {
  const { payload } = parts;
  const timestamp = parts.timestamp ?? 0;
  const pieces: Uint8Array[] = [
    type0Header({ ...parts, length }),
    payload.subarray(0, chunkSize),
  ];
  const continuation = new Uint8Array([
    ...basicHeader(3, parts.chunkStreamId ?? 3),
    ...(timestamp >= EXTENDED_MARK ? numberBytes(timestamp, 4) : []),
  ]);
  for (let at = chunkSize; at < payload.length; at += chunkSize) {
    pieces.push(continuation, payload.subarray(at, at + chunkSize));
  }
  return concatBytes(pieces);
}

/** A command message; section 7.1.1. */
export function command(
  name: string,
  transactionId: number,
  args: readonly Amf0Value[],
  streamId = 0,
): MessageParts {
  return {
    typeId: TYPE.Command,
    streamId,
    chunkStreamId: streamId === 0 ? 3 : 8,
    payload: encodeAmf0(name, transactionId, ...args),
  };
}

/** Set Chunk Size; section 5.4.1. */
export function setChunkSize(size: number): MessageParts {
  return { typeId: TYPE.SetChunkSize, chunkStreamId: 2, payload: new Uint8Array(numberBytes(size, 4)) };
}

interface ChunkStream {
  messageTypeId: number;
  messageStreamId: number;
  length: number;
  timestamp: number;
  delta: number;
  isExtended: boolean;
  pieces: Uint8Array[];
  gathered: number;
}

/** Reads chunks as they arrive and gives whole messages. */
export class ChunkDecoder {
  /** Size of the sender's chunks, in bytes; follows its Set Chunk Size. */
  chunkSize = 128;
  readonly #streams = new Map<number, ChunkStream>();
  #pending = new Uint8Array(0);

  /** Takes `bytes` and returns the messages they complete. */
  push(bytes: Uint8Array): RtmpMessage[] {
    this.#pending = this.#pending.length === 0 ? bytes.slice() : concatBytes([this.#pending, bytes]);
    const messages: RtmpMessage[] = [];
    for (;;) {
      const used = this.#readChunk(messages);
      if (used === 0) return messages;
      this.#pending = this.#pending.subarray(used);
    }
  }

  #readChunk(messages: RtmpMessage[]): number {
    const bytes = this.#pending;
    const first = bytes[0];
    if (first === undefined) return 0;
    const low = first & 0x3f;
    let at = low === 0 ? 2 : low === 1 ? 3 : 1;
    const chunkType = first >> 6;
    const headerLength = [11, 7, 3, 0][chunkType]!;
    if (bytes.length < at + headerLength) return 0;
    const chunkStreamId = low === 0 ? bytes[1]! + 64 : low === 1 ? bytes[1]! + bytes[2]! * 256 + 64 : low;
    const known = this.#streams.get(chunkStreamId);
    if (known === undefined && chunkType !== 0) {
      throw new Error(`Server sent a type ${chunkType} chunk first on chunk stream ${chunkStreamId}`);
    }
    const stream: ChunkStream = known === undefined ? newChunkStream() : { ...known };
    const header = bytes.subarray(at, at + headerLength);
    at += headerLength;
    let time = chunkType === 3 ? stream.delta : readNumber(header, 0, 3);
    if (chunkType !== 3) stream.isExtended = time === EXTENDED_MARK;
    if (stream.isExtended) {
      if (bytes.length < at + 4) return 0;
      time = readNumber(bytes, at, 4);
      at += 4;
    }
    if (chunkType <= 1) {
      stream.length = readNumber(header, 3, 3);
      stream.messageTypeId = header[6]!;
    }
    if (chunkType === 0) stream.messageStreamId = readNumber(header.slice(7).reverse(), 0, 4);
    if (stream.gathered === 0) {
      if (chunkType === 0) stream.timestamp = time;
      else stream.timestamp = (stream.timestamp + time) >>> 0;
      stream.delta = chunkType === 0 ? 0 : time;
    }
    const size = Math.min(this.chunkSize, stream.length - stream.gathered);
    if (bytes.length < at + size) return 0;
    stream.pieces = [...stream.pieces, bytes.slice(at, at + size)];
    stream.gathered += size;
    if (stream.gathered === stream.length) {
      this.#deliver(messages, chunkStreamId, stream);
      stream.pieces = [];
      stream.gathered = 0;
    }
    this.#streams.set(chunkStreamId, stream);
    return at + size;
  }

  #deliver(messages: RtmpMessage[], chunkStreamId: number, stream: ChunkStream): void {
    const payload = concatBytes(stream.pieces);
    if (stream.messageTypeId === TYPE.SetChunkSize) this.chunkSize = readNumber(payload, 0, 4);
    messages.push({
      chunkStreamId,
      messageTypeId: stream.messageTypeId,
      messageStreamId: stream.messageStreamId,
      timestamp: stream.timestamp,
      payload,
    });
  }
}

function newChunkStream(): ChunkStream {
  return {
    messageTypeId: 0,
    messageStreamId: 0,
    length: 0,
    timestamp: 0,
    delta: 0,
    isExtended: false,
    pieces: [],
    gathered: 0,
  };
}

/** Reads an unsigned big-endian number. */
export function readNumber(bytes: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let i = at; i < at + length; i++) value = value * 256 + (bytes[i] ?? 0);
  return value;
}
