import type { MediaTrack, SeekIndex } from "#media";
import type { MovieSamples } from "../samples/movie_samples.ts";
import type { FragmentSamples } from "./movie_fragment.ts";

const MICROSECONDS = 1_000_000;

/** One track, as a scan sees it. */
interface ScannedTrack {
  readonly track: MediaTrack;
  readonly startTicks: number;
  /** Decoding time after the last sample, without edits. */
  endTicks: number;
  /** Largest negative composition offset so far, made positive. */
  shift: number;
  count: number;
}

/** Gathers the index of a fragmented file, one fragment after another. */
export class FragmentScan {
  readonly #tracks = new Map<number, ScannedTrack>();
  readonly #leading: number;
  readonly #timesUs: number[] = [];
  readonly #offsets: number[] = [];
  #firstUs = Infinity;
  #lastUs = -Infinity;

  /**
   * @param leading track_ID of the track whose key frames are listed.
   * @param tracks With what their edit lists subtract from all times, in ticks.
   */
  constructor(
    leading: number,
    tracks: readonly { readonly track: MediaTrack; readonly startTicks: number }[],
  ) {
    this.#leading = leading;
    for (const { track, startTicks } of tracks) {
      this.#tracks.set(track.containerTrackId, { track, startTicks, endTicks: 0, shift: 0, count: 0 });
    }
  }

  /** Takes one fragment that starts at `offset`. */
  add(offset: number, samples: readonly FragmentSamples[]): void {
    for (const part of samples) {
      const scanned = this.#tracks.get(part.containerTrackId);
      if (scanned !== undefined) this.#addTo(scanned, part, offset);
    }
  }

  /** Takes the samples that tables of the movie hold, of one track. */
  addTables(containerTrackId: number, samples: MovieSamples): void {
    const scanned = this.#tracks.get(containerTrackId);
    if (scanned === undefined) return;
    const { timescale, kind } = scanned.track;
    for (; samples.hasSample; samples.next()) {
      const timeUs = samples.ptsTicks * MICROSECONDS / timescale;
      scanned.count++;
      if (!samples.isDiscarded) this.#widen(timeUs, samples.durationTicks * MICROSECONDS / timescale);
      if (containerTrackId === this.#leading && kind === "video" && samples.isKeyFrame) {
        this.#list(Math.round(timeUs), samples.offset);
      }
    }
    scanned.endTicks = samples.tableEndTicks;
  }

  /** Where each track ends, in ticks without edits, by track_ID. */
  endTicksOf(containerTrackId: number): number {
    return this.#tracks.get(containerTrackId)?.endTicks ?? 0;
  }

  /** The index of all that was added. */
  finish(scannedBytes: number): SeekIndex {
    return {
      timesUs: Float64Array.from(this.#timesUs),
      offsets: Float64Array.from(this.#offsets),
      durationUs: this.#firstUs === Infinity ? 0 : this.#lastUs - this.#firstUs,
      scannedBytes,
      packetCounts: [...this.#tracks.values()].map(({ count }) => count),
    };
  }

  #addTo(scanned: ScannedTrack, part: FragmentSamples, offset: number): void {
    const { track, startTicks } = scanned;
    const isLeading = part.containerTrackId === this.#leading;
    const isVideo = track.kind === "video";
    for (let i = 0; i < part.count; i++) {
      scanned.shift = Math.max(scanned.shift, -part.compositionOffsets[i]!);
    }
    let dts = part.decodeTime ?? scanned.endTicks;
    let least = Infinity, most = -Infinity, mostDuration = 0;
    for (let i = 0; i < part.count; i++) {
      const pts = dts + scanned.shift + part.compositionOffsets[i]!;
      if (pts < least) least = pts;
      if (pts >= most) {
        most = pts;
        mostDuration = part.durations[i]!;
      }
      // Audio can start anywhere: one place a fragment is enough.
      if (isLeading && (isVideo ? part.syncs[i] === 1 : i === 0)) {
        this.#list(Math.round((pts - startTicks) * MICROSECONDS / track.timescale), offset);
      }
      dts += part.durations[i]!;
    }
    scanned.endTicks = dts;
    scanned.count += part.count;
    this.#widen((least - startTicks) * MICROSECONDS / track.timescale, 0);
    this.#widen(
      (most - startTicks) * MICROSECONDS / track.timescale,
      mostDuration * MICROSECONDS / track.timescale,
    );
  }

  #widen(timeUs: number, durationUs: number): void {
    this.#firstUs = Math.min(this.#firstUs, Math.round(timeUs));
    this.#lastUs = Math.max(this.#lastUs, Math.round(timeUs + durationUs));
  }

  /** Lists a place; times that go back, as broken files have them, are left out. */
  #list(timeUs: number, offset: number): void {
    if (timeUs <= (this.#timesUs.at(-1) ?? -Infinity)) return;
    this.#timesUs.push(timeUs);
    this.#offsets.push(offset);
  }
}
