/** Most changes of configurations that a file's readers remember. */
export const MAX_FLV_CONFIG_CHANGES = 4096;

/** Where a configuration lies that differs from the one before it on its track. */
export interface ConfigPlace {
  /** Of the tag, in bytes from the start of the file. */
  readonly offset: number;
  /** `MediaTrack.index`. */
  readonly trackIndex: number;
}

/** The places of a file's configurations, as far as they were met or told. */
export class ConfigLog {
  /** By offset, rising. */
  readonly #places: ConfigPlace[] = [];

  /** Offsets of all places, rising. */
  get offsets(): Float64Array {
    return Float64Array.from(new Set(this.#places.map(({ offset }) => offset)));
  }

  /** Adds a place, unless it is known or there are too many. */
  add(place: ConfigPlace): void {
    if (this.#places.length === MAX_FLV_CONFIG_CHANGES) return;
    // passes go forward, so the place is nearly always the last
    let at = this.#places.length;
    while (at > 0 && this.#places[at - 1]!.offset > place.offset) at--;
    for (let same = at - 1; same >= 0 && this.#places[same]!.offset === place.offset; same--) {
      if (this.#places[same]!.trackIndex === place.trackIndex) return;
    }
    this.#places.splice(at, 0, { offset: place.offset, trackIndex: place.trackIndex });
  }

  /** Whether a configuration is known at `offset`. */
  has(offset: number): boolean {
    return this.#places.some((place) => place.offset === offset);
  }

  /** The newest place before `offset` of each track, by offset. */
  before(offset: number): readonly ConfigPlace[] {
    const newest = new Map<number, ConfigPlace>();
    for (const place of this.#places) {
      if (place.offset >= offset) break;
      newest.set(place.trackIndex, place);
    }
    return [...newest.values()].sort((a, b) => a.offset - b.offset);
  }
}
