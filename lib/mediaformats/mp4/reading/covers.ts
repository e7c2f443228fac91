import type { MediaAttachment } from "#media";
import type { BoxBody } from "../boxes/box_body.ts";
import { BoxCursor } from "../boxes/box_cursor.ts";
import { BOX } from "../boxes/box_type.ts";
import { MAX_MP4_COVERS } from "../limits.ts";

/** Kinds of pictures by the type of their value: QuickTime File Format, "Well-known data types". */
const MIME_TYPES: Readonly<Record<number, string>> = { 13: "image/jpeg", 14: "image/png", 27: "image/bmp" };
const VALUE_HEAD_BYTES = 8;

/**
 * Finds the covers that a movie header has among its items of iTunes.
 *
 * @param movie Of the `moov` box; not moved.
 * @throws {FormatError} If a box on the way is broken.
 */
export function coversOf(movie: BoxBody): MediaAttachment[] {
  const covers: MediaAttachment[] = [];
  for (const user of boxesIn(movie.fork(), BOX.UserTags)) {
    for (const meta of boxesIn(user, BOX.Meta)) {
      // `meta` is a full box in ISO
      if (meta.remaining >= 4 && meta.view.getUint32(meta.at) === 0) meta.skip(4, "version and flags");
      for (const list of boxesIn(meta, BOX.ItemList)) {
        for (const item of boxesIn(list, BOX.Cover)) addValues(covers, item);
      }
    }
  }
  return covers;
}

function* boxesIn(parent: BoxBody, type: string): Generator<BoxBody> {
  const cursor = new BoxCursor(parent);
  while (cursor.next()) if (cursor.type === type) yield cursor.body();
}

/** An item may have several values, each a cover. */
function addValues(covers: MediaAttachment[], item: BoxBody): void {
  for (const value of boxesIn(item, BOX.ItemValue)) {
    if (covers.length === MAX_MP4_COVERS || value.remaining <= VALUE_HEAD_BYTES) continue;
    const mimeType = MIME_TYPES[value.u32("value type")];
    value.skip(4, "locale");
    if (mimeType === undefined) continue;
    covers.push({ mimeType, offset: value.fileOffset + value.at, sizeBytes: value.remaining, tags: {} });
  }
}
