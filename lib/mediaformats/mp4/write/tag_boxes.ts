import type { BoxWriter } from "./box_writer.ts";

/** Names of tags as ffprobe shows them, and the item that holds each: QuickTime File Format, "Metadata item keys". */
const TAG_ITEMS: Readonly<Record<string, string>> = {
  title: "\u00a9nam",
  artist: "\u00a9ART",
  album_artist: "aART",
  composer: "\u00a9wrt",
  album: "\u00a9alb",
  date: "\u00a9day",
  encoder: "\u00a9too",
  comment: "\u00a9cmt",
  genre: "\u00a9gen",
  copyright: "cprt",
  grouping: "\u00a9grp",
  lyrics: "\u00a9lyr",
  description: "desc",
  synopsis: "ldes",
  show: "tvsh",
  episode_id: "tven",
  network: "tvnn",
};
/** Well-known type 1: UTF-8. */
const TYPE_UTF8 = 1;

/** Writes `udta` with those of `tags` that have an item of their own; nothing if none has. */
export function writeTags(writer: BoxWriter, tags: Readonly<Record<string, string>> = {}): void {
  const items = Object.entries(tags).filter(([name]) => Object.hasOwn(TAG_ITEMS, name));
  if (items.length === 0) return;
  writer.box("udta", () =>
    writer.box("meta", () => {
      writer.versionAndFlags(0);
      writer.box("hdlr", () => {
        writer.versionAndFlags(0).u32(0).fourCc("mdir").fourCc("appl").zeros(9);
      });
      writer.box("ilst", () => {
        for (const [name, value] of items) {
          writer.box(TAG_ITEMS[name]!, () =>
            writer.box("data", () => {
              writer.u32(TYPE_UTF8, 0).utf8(value);
            }));
        }
      });
    }));
}
