import { type ByteSource, decodeUtf8, SourceWindow } from "#bytes";
import type { MediaAttachment } from "#media";
import { MAX_ELEMENT_HEADER_BYTES, uintAt, UNKNOWN_SIZE, vintAt, vintLength } from "../ebml.ts";
import { ELEMENT_ID } from "../element_id.ts";
import { MAX_MKV_ATTACHMENT_TEXT_BYTES, MAX_MKV_ATTACHMENTS, MAX_MKV_HEAD_ELEMENTS } from "../limits.ts";

/** An element by its place in the file: of its content, in bytes. */
interface ElementPlace {
  readonly id: number;
  readonly start: number;
  readonly end: number;
}

/** Where to look. */
export interface AttachmentSearch {
  /** Of the segment's content, in bytes. */
  readonly segmentStart: number;
  /** Where a SeekHead says that they are. */
  readonly toldOffset: number | undefined;
}

const BLOCK_BYTES = 4096;
/** Names of attached files' texts as ffprobe shows them: RFC 9559 section 5.1.6.1. */
const TAG_NAMES: Readonly<Record<number, string>> = {
  [ELEMENT_ID.FileName]: "filename",
  [ELEMENT_ID.FileMediaType]: "mimetype",
  [ELEMENT_ID.FileDescription]: "title",
};

/**
 * Finds the files attached to a segment, before its clusters or where its SeekHead points: RFC 9559 section 5.1.6.
 *
 * @param source Borrowed. What is attached is not read.
 */
export async function findAttachments(
  source: ByteSource,
  { segmentStart, toldOffset }: AttachmentSearch,
): Promise<MediaAttachment[]> {
  const walk = new ElementWalk(source);
  const found: MediaAttachment[] = [];
  const file = { start: segmentStart, end: source.sizeBytes };
  let place: ElementPlace | undefined;
  for await (const child of walk.childrenOf(file)) {
    if (child.id === ELEMENT_ID.Cluster) break;
    if (child.id === ELEMENT_ID.Attachments) place ??= child;
  }
  if (place === undefined && toldOffset !== undefined) {
    const [told] = await Array.fromAsync(walk.childrenOf({ ...file, start: toldOffset }, 1));
    if (told?.id === ELEMENT_ID.Attachments) place = told;
  }
  if (place === undefined) return found;
  for await (const child of walk.childrenOf(place)) {
    if (child.id !== ELEMENT_ID.AttachedFile || found.length === MAX_MKV_ATTACHMENTS) continue;
    const attachment = await walk.attachmentOf(child);
    if (attachment !== undefined) found.push(attachment);
  }
  return found;
}

/** Reads the heads of elements where they lie, so many in all. */
class ElementWalk {
  readonly #window: SourceWindow;
  #left = MAX_MKV_HEAD_ELEMENTS;

  constructor(source: ByteSource) {
    this.#window = new SourceWindow(source, { blockBytes: BLOCK_BYTES });
  }

  /** Ends before what is no element, has no size, or is larger than what it is in. */
  async *childrenOf(
    { start, end }: { readonly start: number; readonly end: number },
    most = Infinity,
  ): AsyncGenerator<ElementPlace> {
    for (let at = start, count = 0; at < end && count < most && this.#left-- > 0; count++) {
      const header = await this.#window.readUpTo(at, Math.min(MAX_ELEMENT_HEADER_BYTES, end - at));
      const idLength = vintLength(header[0] ?? 0);
      const sizeLength = vintLength(header[idLength] ?? 0);
      const contentAt = at + idLength + sizeLength;
      if (idLength > 4 || sizeLength > 8 || header.length < idLength + sizeLength) return;
      const size = vintAt(header, { at: idLength, length: sizeLength });
      if (size === UNKNOWN_SIZE || contentAt + size > end) return;
      yield { id: uintAt(header, { at: 0, length: idLength }), start: contentAt, end: contentAt + size };
      at = contentAt + size;
    }
  }

  /** One without a name, a kind or any bytes is none, as ffprobe has it. */
  async attachmentOf(file: ElementPlace): Promise<MediaAttachment | undefined> {
    const tags: Record<string, string> = {};
    let content: ElementPlace | undefined;
    for await (const child of this.childrenOf(file)) {
      const name = TAG_NAMES[child.id];
      if (child.id === ELEMENT_ID.FileData) content = child;
      else if (name !== undefined) tags[name] = await this.#textOf(child);
    }
    const { filename = "", mimetype = "" } = tags;
    if (content === undefined || content.end === content.start || filename === "" || mimetype === "") {
      return undefined;
    }
    return { mimeType: mimetype, offset: content.start, sizeBytes: content.end - content.start, tags };
  }

  async #textOf({ start, end }: ElementPlace): Promise<string> {
    const bytes = await this.#window.readUpTo(start, Math.min(end - start, MAX_MKV_ATTACHMENT_TEXT_BYTES));
    const zero = bytes.indexOf(0);
    return decodeUtf8(zero < 0 ? bytes : bytes.subarray(0, zero));
  }
}
