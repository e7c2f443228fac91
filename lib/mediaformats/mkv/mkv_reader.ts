import { InputQueue } from "#bytes";
import type { MediaPacket, MediaSummary } from "#media";
import { MAX_MKV_BLOCK_BYTES } from "./limits.ts";
import { SegmentReader } from "./segment_reader.ts";

/** Input is taken in pieces of this size, so that few packets are made at once whatever is pushed. */
const PIECE_BYTES = 65_536;
/** Of a first frame: its headers, which may describe the track. */
const DESCRIBING_BYTES = 1024;

/**
 * Reads Matroska and WebM from bytes as they arrive, in any split: a live stream over HTTP or TCP, or a pipe.
 *
 * What {@link MkvDemuxer} does without seeking: clusters of unknown size, packets in the order of the stream, damage
 * passed over up to the next cluster. Tags and tracks behind the first cluster are not read.
 */
export class MkvReader {
  readonly #reader = new SegmentReader();
  readonly #queue = new InputQueue({ maxBytes: MAX_MKV_BLOCK_BYTES + 2 * PIECE_BYTES });
  /** Of the queue's first byte, from the first byte pushed. */
  #offset = 0;
  #summary: MediaSummary | undefined;
  /** The first packet of each track, with the beginning of its payload. */
  readonly #first = new Map<number, MediaPacket>();
  /** Tracks whose configuration the summary has. */
  #configured = 0;
  #fault: unknown;

  /**
   * What the stream says of itself; `undefined` until its first cluster begins. Another one as the first frames come,
   * which may tell more.
   */
  get summary(): MediaSummary | undefined {
    return this.#summary;
  }

  /** What ended the reading: thrown by `push`, at once or, if packets came before it, by the next call. */
  get fault(): unknown {
    return this.#fault;
  }

  /** Whether the segment has ended: what comes after it is not read. */
  get isEnded(): boolean {
    return this.#reader.cursor.isEnded;
  }

  /**
   * Takes more bytes.
   *
   * @param bytes Borrowed until the call returns.
   * @returns The packets that are complete now; their payloads are copies, owned by the caller. At the start they
   *   are held back until decoding times are known.
   * @throws {FormatError} If it is no Matroska, has no tracks, or too much of it is damaged.
   * @throws {LimitError} If an element is too large.
   */
  push(bytes: Uint8Array): MediaPacket[] {
    const packets: MediaPacket[] = [];
    for (let at = 0; at < bytes.length && this.#fault === undefined; at += PIECE_BYTES) {
      try {
        this.#take(bytes.subarray(at, at + PIECE_BYTES));
      } catch (fault) {
        this.#fault = fault;
      }
      for (const packet of this.#reader.blocks.take()) packets.push(packet);
    }
    this.#learn(packets);
    if (this.#fault !== undefined && packets.length === 0) throw this.#fault;
    return packets;
  }

  /** Ends the stream; returns the packets that were held back. */
  end(): MediaPacket[] {
    this.#reader.blocks.settle();
    return this.#reader.blocks.take();
  }

  #take(bytes: Uint8Array): void {
    const queue = this.#queue;
    const { cursor } = this.#reader;
    queue.push(bytes);
    while (!cursor.isEnded) {
      // what is passed over is dropped as it comes
      const skipped = Math.min(cursor.offset - this.#offset, queue.length);
      queue.consume(skipped);
      this.#offset += skipped;
      // a copy, so that payloads may be views of it; made once enough is there
      if (queue.length < Math.max(1, cursor.neededBytes)) break;
      this.#step(queue.readable.slice());
    }
    if (cursor.isEnded) queue.consume(queue.length);
    queue.settle();
  }

  /** Steps through `view`, which starts at the queue's first byte. */
  #step(view: Uint8Array): void {
    const reader = this.#reader;
    const { cursor } = reader;
    while (cursor.step(view, this.#offset)) {
      if (!cursor.isPastHead || reader.isBegun) continue;
      reader.begin();
      this.#describe();
    }
  }

  #learn(packets: readonly MediaPacket[]): void {
    const known = this.#first.size;
    for (const packet of known === this.#reader.tracks.length ? [] : packets) {
      if (this.#first.has(packet.trackIndex)) continue;
      this.#first.set(packet.trackIndex, { ...packet, payload: packet.payload.slice(0, DESCRIBING_BYTES) });
    }
    const isNews = this.#first.size > known || this.#countConfigured() > this.#configured;
    if (this.#summary !== undefined && isNews) this.#describe();
  }

  #describe(): void {
    this.#summary = this.#reader.describe([...this.#first.values()]);
    this.#configured = this.#countConfigured();
  }

  #countConfigured(): number {
    return this.#reader.tracks.filter(({ form }) => form.codecConfig !== undefined).length;
  }
}
