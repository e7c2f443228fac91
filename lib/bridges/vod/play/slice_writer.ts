import type { TrackKind } from "#media";
import {
  CHUNK_STREAM_ID,
  encodedMessageBytes,
  encodeMessageInto,
  MESSAGE_TYPE,
  OUTBOUND_CHUNK_BYTES,
} from "#protocols/rtmp";
import type { MessageHeader } from "#protocols/rtmp";

/** Bytes that one write to a player carries; a longer message has a write of its own. */
export const SLICE_BYTES = 128 * 1024;

/** A larger message has an array of its own. */
const SCRATCH_BYTES = 512 * 1024;

/** Buffers kept for the next writes: 4 MiB. */
const MAX_FREE_BUFFERS = 32;

/** Buffers of slices, shared by all players: one that waits for its time holds none. */
export class SliceBuffers {
  /** Where one message is put together: used within one call, so one for all. */
  readonly scratch: Uint8Array = new Uint8Array(SCRATCH_BYTES);
  readonly #free: Uint8Array[] = [];

  /** A buffer of `SLICE_BYTES` with any content; to be given back. */
  take(): Uint8Array {
    return this.#free.pop() ?? new Uint8Array(SLICE_BYTES);
  }

  /** Takes a buffer back; one of another size is let go. */
  give(buffer: Uint8Array): void {
    if (buffer.length === SLICE_BYTES && this.#free.length < MAX_FREE_BUFFERS) this.#free.push(buffer);
  }
}

/** Writes RTMP messages of one message stream into slices: type-0 chunks with absolute times. */
export class SliceWriter {
  readonly #buffers: SliceBuffers;
  // reused for every message: an object a packet would be garbage a packet
  readonly #headers: Readonly<Record<TrackKind, MessageHeader>>;
  #buffer: Uint8Array | undefined;
  #length = 0;

  /** @param options `messageStreamId` of the player's NetStream. */
  constructor(buffers: SliceBuffers, options: { readonly messageStreamId: number }) {
    this.#buffers = buffers;
    const header = (chunkStreamId: number, messageTypeId: number): MessageHeader => ({
      chunkStreamId,
      messageTypeId,
      messageStreamId: options.messageStreamId,
      timestamp: 0,
      outboundChunkSize: OUTBOUND_CHUNK_BYTES,
    });
    this.#headers = {
      video: header(CHUNK_STREAM_ID.Video, MESSAGE_TYPE.Video),
      audio: header(CHUNK_STREAM_ID.Audio, MESSAGE_TYPE.Audio),
      data: header(CHUNK_STREAM_ID.Data, MESSAGE_TYPE.DataAmf0),
    };
  }

  /** Where a message may be put together before it is added: written over by whoever is next. */
  get scratch(): Uint8Array {
    return this.#buffers.scratch;
  }

  /**
   * Adds one message.
   *
   * @param timestampMs Rounded, modulo 2^32.
   * @param body FLV tag body or AMF0 values; copied.
   * @returns Whether there was room; there always is for the first one.
   */
  // params: hot path
  add(kind: TrackKind, timestampMs: number, body: Uint8Array): boolean {
    const header = this.#headers[kind];
    header.timestamp = timestampMs >>> 0;
    const bytes = encodedMessageBytes(header, body.length);
    let buffer = this.#buffer;
    if (buffer === undefined) {
      buffer = this.#buffer = bytes > SLICE_BYTES ? new Uint8Array(bytes) : this.#buffers.take();
    } else if (this.#length + bytes > buffer.length) return false;
    this.#length = encodeMessageInto(buffer, this.#length, header, body);
    return true;
  }

  /** What was added since the last call, or `undefined`; its buffer goes back by `give`. */
  take(): Uint8Array | undefined {
    const slice = this.#buffer?.subarray(0, this.#length);
    this.#length = 0;
    return slice;
  }

  /** The slice that `take` gave is not needed any more. */
  give(): void {
    if (this.#buffer !== undefined) this.#buffers.give(this.#buffer);
    this.#buffer = undefined;
  }
}
