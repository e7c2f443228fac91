import { ChunkReader, type ChunkReaderOptions } from "./chunk_reader.ts";

/** A message as it goes into a chunker or comes out of a reader. */
export interface TestMessage {
  chunkStreamId: number;
  messageTypeId: number;
  timestamp: number;
  messageStreamId: number;
  payload: Uint8Array;
}

/** What a chunker remembers of a chunk stream. */
interface SentHeader {
  message: TestMessage;
  field: number;
}

/**
 * Cuts messages into chunks by its own code, with any header type that the specification allows and with or
 * without extended timestamps on type 3 chunks.
 */
export class TestChunker {
  readonly #sent = new Map<number, SentHeader>();

  /** Header types that may open `message` now. */
  allowedTypes(message: TestMessage): number[] {
    const sent = this.#sent.get(message.chunkStreamId);
    if (sent === undefined) return [0];
    const types = [0];
    if (sent.message.messageStreamId !== message.messageStreamId) return types;
    types.push(1);
    const isSameShape = sent.message.messageTypeId === message.messageTypeId &&
      sent.message.payload.length === message.payload.length;
    if (!isSameShape) return types;
    types.push(2);
    if (sent.field === (message.timestamp - sent.message.timestamp >>> 0)) types.push(3);
    return types;
  }

  /** The chunks of `message`, opened by a header of `chunkType`. */
  chunks(
    message: TestMessage,
    options: { chunkType: number; chunkSize: number; repeatsExtended: boolean },
  ): Uint8Array[] {
    const { chunkType, chunkSize, repeatsExtended } = options;
    const sent = this.#sent.get(message.chunkStreamId);
    const field = chunkType === 0
      ? message.timestamp
      : message.timestamp - (sent?.message.timestamp ?? 0) >>> 0;
    this.#sent.set(message.chunkStreamId, { message, field });
    const extended = field >= 0xffffff ? be(field, 4) : [];
    const { length } = message.payload;
    const header = [...be(Math.min(field, 0xffffff), 3), ...be(length, 3), message.messageTypeId]
      .concat(be(message.messageStreamId, 4).reverse())
      .slice(0, [11, 7, 3, 0][chunkType]);
    const opening = chunkType === 3 && !repeatsExtended ? [] : extended;
    const chunks: Uint8Array[] = [];
    for (let at = 0; at === 0 || at < length; at += chunkSize) {
      const head = at === 0
        ? [...basicHeader(chunkType, message.chunkStreamId), ...header, ...opening]
        : [...basicHeader(3, message.chunkStreamId), ...(repeatsExtended ? extended : [])];
      chunks.push(Uint8Array.of(...head, ...message.payload.subarray(at, at + chunkSize)));
    }
    return chunks;
  }
}

function basicHeader(chunkType: number, chunkStreamId: number): number[] {
  const top = chunkType << 6;
  if (chunkStreamId < 64) return [top | chunkStreamId];
  const rest = chunkStreamId - 64;
  return rest < 256 ? [top, rest] : [top | 1, rest & 0xff, rest >> 8];
}

/** Big-endian bytes of `value`. */
export function be(value: number, length: number): number[] {
  return Array.from({ length }, (_, i) => Math.floor(value / 2 ** (8 * (length - 1 - i))) % 256);
}

/** Bytes 0x10 to 0x6f that never look like the first byte of a timestamp used in these tests. */
export function pattern(length: number, seed = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => 0x10 + (i * 7 + seed) % 0x60);
}

/** A reader that keeps its messages. */
export function collectingReader(
  options?: ChunkReaderOptions,
): { reader: ChunkReader; messages: TestMessage[] } {
  const messages: TestMessage[] = [];
  const reader = new ChunkReader({
    onMessage: (messageTypeId, timestamp, messageStreamId, payload, chunkStreamId) =>
      messages.push({ chunkStreamId, messageTypeId, timestamp, messageStreamId, payload }),
  }, options);
  return { reader, messages };
}

/** Bytes from hexadecimal digits; spaces are for the eye, and `xx*n` repeats a byte. */
export function hex(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const word of text.trim().split(/\s+/)) {
    const [digits = "", times = "1"] = word.split("*");
    const part = digits.match(/../g)?.map((pair) => parseInt(pair, 16)) ?? [];
    for (let i = 0; i < Number(times); i++) bytes.push(...part);
  }
  return Uint8Array.from(bytes);
}
