import type { MediaPacket, MediaTrack, SeekIndex } from "#media";
import { MAX_SEEK_INDEX_ROWS } from "#media";

/** Least distance of two rows where every packet is a key frame, as in audio. */
const AUDIO_ROW_US = 1_000_000;

/** Gathers a seek index from all packets of a file, in order. */
export class IndexBuilder {
  #times: number[] = [];
  #offsets: number[] = [];
  readonly #counts: number[] = [];
  /** Newest decoding time of each track, and its distance from the one before, in microseconds. */
  readonly #lastUs: number[] = [];
  readonly #stepUs: number[] = [];
  #startUs = Infinity;
  #endUs = -Infinity;
  #leadingIndex = -1;

  /** @param known An index of the part of the file before; the packets to come are those after it. */
  constructor(
    known?: { readonly index: SeekIndex; readonly startUs: number; readonly leadingIndex: number },
  ) {
    if (known === undefined) return;
    this.#times = [...known.index.timesUs];
    this.#offsets = [...known.index.offsets];
    this.#counts.push(...known.index.packetCounts);
    this.#startUs = known.startUs;
    this.#endUs = known.startUs + known.index.durationUs;
    this.#leadingIndex = known.leadingIndex;
  }

  /** Presentation of the earliest packet, in microseconds; infinite before the first. */
  get startUs(): number {
    return this.#startUs;
  }

  /** End of the latest packet's presentation, in microseconds; negative infinity before the first. */
  get endUs(): number {
    return this.#endUs;
  }

  /**
   * Takes the next packet of the file.
   *
   * @param offset Of the tag it is read from, in bytes from the start of the file.
   * @param leading The track seeks go by.
   */
  // params: hot path
  take(packet: MediaPacket, offset: number, leading: MediaTrack | undefined): void {
    const { trackIndex, dtsUs, ptsUs } = packet;
    if (packet.role !== "media" || trackIndex < 0) return;
    while (this.#counts.length <= trackIndex) this.#counts.push(0);
    this.#counts[trackIndex]! += 1;
    this.#startUs = Math.min(this.#startUs, ptsUs);
    const lastUs = this.#lastUs[trackIndex];
    if (lastUs !== undefined && dtsUs > lastUs) this.#stepUs[trackIndex] = dtsUs - lastUs;
    this.#lastUs[trackIndex] = dtsUs;
    this.#endUs = Math.max(this.#endUs, ptsUs + (this.#stepUs[trackIndex] ?? 0));
    // by id: a track that changes its codec has another index from there on
    const isLeading = packet.kind === leading?.kind && packet.trackId === leading.trackId;
    if (packet.isKeyFrame && isLeading) this.#addRow(ptsUs, offset, leading);
  }

  // params: hot path
  #addRow(ptsUs: number, offset: number, leading: MediaTrack): void {
    if (leading.index !== this.#leadingIndex) {
      // video that starts late takes the lead from the audio before it
      this.#leadingIndex = leading.index;
      this.#times = [];
      this.#offsets = [];
    }
    const lastUs = this.#times.at(-1) ?? -Infinity;
    const leastUs = leading.kind === "audio" ? lastUs + AUDIO_ROW_US : lastUs + 1;
    if (ptsUs < leastUs || this.#times.length === MAX_SEEK_INDEX_ROWS) return;
    this.#times.push(ptsUs);
    this.#offsets.push(offset);
  }

  /** The index of all that was taken. */
  finish(scannedBytes: number, configOffsets: Float64Array): SeekIndex {
    return {
      timesUs: Float64Array.from(this.#times),
      offsets: Float64Array.from(this.#offsets),
      durationUs: this.#endUs > this.#startUs ? this.#endUs - this.#startUs : 0,
      scannedBytes,
      packetCounts: [...this.#counts],
      ...(configOffsets.length === 0 ? {} : { configOffsets }),
    };
  }
}
