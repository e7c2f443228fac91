/** Places by time, rising. */
export interface TimedPlaces {
  readonly times: Float64Array<ArrayBuffer>;
  readonly places: Float64Array<ArrayBuffer>;
}

const FIRST_ROWS = 64;

/** Two columns that grow: of how many rows, no file says beforehand. */
export class TimeColumns {
  #times = new Float64Array(FIRST_ROWS);
  #places = new Float64Array(FIRST_ROWS);
  #length = 0;

  /** Rows. */
  get length(): number {
    return this.#length;
  }

  /** Time of the last row; -Infinity where there is none. */
  get lastTime(): number {
    return this.#length === 0 ? -Infinity : this.#times[this.#length - 1]!;
  }

  /** Place of the last row; -1 where there is none. */
  get lastPlace(): number {
    return this.#length === 0 ? -1 : this.#places[this.#length - 1]!;
  }

  /** Adds a row. */
  push(time: number, place: number): void {
    if (this.#length === this.#times.length) {
      this.#times = grown(this.#times);
      this.#places = grown(this.#places);
    }
    this.#times[this.#length] = time;
    this.#places[this.#length++] = place;
  }

  /** The rows in memory of their own, sorted by time where they are not. */
  toRising(): TimedPlaces {
    const times = this.#times.slice(0, this.#length);
    const places = this.#places.slice(0, this.#length);
    if (times.every((time, row) => row === 0 || time >= times[row - 1]!)) return { times, places };
    const rows = Uint32Array.from(times, (_, row) => row).sort((a, b) => times[a]! - times[b]!);
    return {
      times: Float64Array.from(rows, (row) => times[row]!),
      places: Float64Array.from(rows, (row) => places[row]!),
    };
  }
}

/** Number of the last row whose time is at or before `time`; -1 where there is none. */
export function lastRowAtOrBefore(times: Float64Array, time: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = low + high >>> 1;
    if (times[middle]! <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function grown(column: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(column.length * 2);
  larger.set(column);
  return larger;
}
