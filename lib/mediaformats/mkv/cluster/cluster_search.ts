import { vintLength } from "../ebml.ts";
import { ELEMENT_ID } from "../element_id.ts";

/** Children that a Cluster may begin with. */
const FIRST_CHILDREN = new Set<number>([
  ELEMENT_ID.Timestamp,
  ELEMENT_ID.Crc32,
  ELEMENT_ID.Void,
  ELEMENT_ID.Position,
  ELEMENT_ID.PrevSize,
]);
const SILENT_TRACKS_FIRST_BYTE = ELEMENT_ID.SilentTracks >> 8;

/**
 * Tells whether a Cluster starts at `at`: its ID, and a child that clusters begin with.
 *
 * @returns `undefined` if the bytes end before that is known.
 */
export function judgeCluster(view: Uint8Array, at: number): boolean | undefined {
  for (let index = 0; index < 4; index++) {
    if (at + index >= view.length) return undefined;
    if (view[at + index] !== (ELEMENT_ID.Cluster >> 24 - 8 * index & 0xff)) return false;
  }
  if (at + 4 >= view.length) return undefined;
  const sizeLength = vintLength(view[at + 4]!);
  if (sizeLength > 8) return false;
  const child = view[at + 4 + sizeLength];
  if (child === undefined) return undefined;
  return FIRST_CHILDREN.has(child) || child === SILENT_TRACKS_FIRST_BYTE;
}
