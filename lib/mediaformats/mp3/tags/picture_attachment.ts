import type { MediaAttachment } from "#media";
import type { AttachedPicture } from "./id3v2.ts";

/** What pictures show, as ffprobe names it: ID3v2.4.0 frames, section 4.14. */
const PICTURE_TYPES = [
  "Other",
  "32x32 pixels 'file icon'",
  "Other file icon",
  "Cover (front)",
  "Cover (back)",
  "Leaflet page",
  "Media (e.g. label side of CD)",
  "Lead artist/lead performer/soloist",
  "Artist/performer",
  "Conductor",
  "Band/Orchestra",
  "Composer",
  "Lyricist/text writer",
  "Recording Location",
  "During recording",
  "During performance",
  "Movie/video screen capture",
  "A bright coloured fish",
  "Illustration",
  "Band/artist logotype",
  "Publisher/Studio logotype",
] as const;

/** A picture of a tag as an attachment of its file. */
export function attachmentOf(picture: AttachedPicture): MediaAttachment {
  const { mimeType, pictureType, description, offset, sizeBytes, head } = picture;
  return {
    mimeType,
    offset,
    sizeBytes,
    ...(head === undefined ? {} : { head }),
    tags: {
      ...(description === "" ? {} : { title: description }),
      comment: PICTURE_TYPES[pictureType] ?? PICTURE_TYPES[0],
    },
  };
}
