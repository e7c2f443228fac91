import { UNKNOWN_SIZE, vintAt, vintLength } from "../ebml.ts";
import { ELEMENT_ID } from "../element_id.ts";
import { MAX_MKV_CUE_ELEMENTS } from "../limits.ts";
import { TimeColumns, type TimedPlaces } from "../time_columns.ts";

/**
 * Reads a Cues element: RFC 9559 section 5.1.5. Where it is malformed, the rest is passed over: cues are only
 * hints, and what they say is checked where it is used.
 *
 * @param content Of the Cues element; borrowed.
 * @param trackNumber Whose points to take; those of other tracks are taken where this one has none.
 * @returns CueTime, in ticks of the file, and the positions of clusters, in bytes from the start of the segment's
 *   content.
 */
export function readCues(content: Uint8Array, trackNumber: number): TimedPlaces {
  const own = new TimeColumns();
  const others = new TimeColumns();
  const walk = new CueWalk(content);
  let ticks = -1;
  let track = -1;
  while (walk.next()) {
    switch (walk.id) {
      case ELEMENT_ID.CuePoint:
        ticks = -1;
        break;
      case ELEMENT_ID.CueTrackPositions:
        track = -1;
        break;
      case ELEMENT_ID.CueTime:
        ticks = walk.value;
        break;
      case ELEMENT_ID.CueTrack:
        track = walk.value;
        break;
      case ELEMENT_ID.CueClusterPosition:
        if (ticks < 0) break;
        (track === trackNumber ? own : others).push(ticks, walk.value);
    }
  }
  return own.length > 0 ? own.toRising() : others.toRising();
}

/**
 * Elements of Cues one after another, the masters before what they hold. The parts of a point come in the order of
 * the specification's table in all files seen; a point in another order is lost, not misread.
 */
class CueWalk {
  id = 0;
  value = 0;
  readonly #bytes: Uint8Array;
  #at = 0;
  #left = MAX_MKV_CUE_ELEMENTS;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  next(): boolean {
    const bytes = this.#bytes;
    const at = this.#at;
    if (at >= bytes.length || this.#left-- <= 0) return false;
    const idLength = vintLength(bytes[at]!);
    const sizeAt = at + idLength;
    const sizeLength = vintLength(bytes[sizeAt] ?? 0);
    const start = sizeAt + sizeLength;
    if (idLength > 4 || sizeLength > 8 || start > bytes.length) return false;
    const size = vintAt(bytes, { at: sizeAt, length: sizeLength });
    if (size === UNKNOWN_SIZE || start + size > bytes.length) return false;
    this.id = idLength === 1 ? bytes[at]! : 0;
    const isMaster = this.id === ELEMENT_ID.CuePoint || this.id === ELEMENT_ID.CueTrackPositions;
    this.#at = isMaster ? start : start + size;
    if (isMaster) return true;
    this.value = 0;
    for (let index = start; index < this.#at && size <= 8; index++) {
      this.value = this.value * 256 + bytes[index]!;
    }
    return true;
  }
}
