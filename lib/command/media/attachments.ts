import { type ByteSource, SourceWindow } from "#bytes";
import { describePicture } from "#codecs/picture";
import type { Demuxer, MediaAttachment } from "#media";

/** What is told of a file within a file. */
export interface AttachmentFacts extends MediaAttachment {
  /** As ffprobe names it; absent where it is not known. */
  readonly codecName?: string;
  readonly isPicture: boolean;
  /** Of a picture, in pixels. */
  readonly width?: number;
  readonly height?: number;
}

/** Of a picture, enough to find its size behind thumbnails and colour profiles. */
const PICTURE_HEAD_BYTES = 262_144;
/** Codecs of pictures by what comes behind `image/`. */
const PICTURE_CODECS: ReadonlyMap<string, string> = new Map([
  ["bmp", "bmp"],
  ["gif", "gif"],
  ["jpeg", "mjpeg"],
  ["jpg", "mjpeg"],
  ["png", "png"],
  ["tiff", "tiff"],
  ["webp", "webp"],
]);
/** Codecs of other files by the beginning of their kind. */
const FILE_CODECS: readonly (readonly [mimeType: string, codecName: string])[] = [
  ["text/plain", "text"],
  ["application/x-truetype-font", "ttf"],
  ["application/x-font", "ttf"],
  ["application/vnd.ms-opentype", "otf"],
  ["binary", "bin_data"],
];

/** Tells what the files within a file are; links to pictures elsewhere are left out. */
export async function describeAttachments(demuxer: Demuxer, source: ByteSource): Promise<AttachmentFacts[]> {
  const window = new SourceWindow(source, { blockBytes: PICTURE_HEAD_BYTES });
  const facts: AttachmentFacts[] = [];
  for (const attachment of await demuxer.attachments?.() ?? []) {
    const { mimeType, offset, sizeBytes } = attachment;
    const pictureCodec = pictureCodecOf(mimeType);
    if (pictureCodec === undefined) {
      if (mimeType === LINK) continue;
      const codecName = FILE_CODECS.find(([start]) => mimeType.startsWith(start))?.[1];
      facts.push({ ...attachment, isPicture: false, ...(codecName === undefined ? {} : { codecName }) });
      continue;
    }
    const head = attachment.head ??
      await window.readUpTo(offset, Math.min(sizeBytes, PICTURE_HEAD_BYTES));
    facts.push({ ...attachment, isPicture: true, codecName: pictureCodec, ...describePicture(head) });
  }
  return facts;
}

/** What ID3 has for a kind where it has an address for a picture: ID3v2.4.0 frames, section 4.14. */
const LINK = "-->";

/** `undefined` for what is no picture. */
function pictureCodecOf(mimeType: string): string | undefined {
  return PICTURE_CODECS.get(/^(?:image\/)?([a-z]+)$/.exec(mimeType.toLowerCase())?.[1] ?? "");
}
