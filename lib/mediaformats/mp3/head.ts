import type { ByteSource } from "#bytes";
import { describeMp3, type Mp3FrameHeader, mp3FrameTicks, readMp3FrameHeader } from "#codecs/mp3";
import { FormatError } from "#errors";
import type { TrackDescription } from "#media";
import { FrameWalk } from "./frame_walk.ts";
import { MAX_ID3_TAGS } from "./limits.ts";
import { type AttachedPicture, Id3v2Reader } from "./tags/id3v2.ts";
import { readTrailer } from "./tags/trailer.ts";
import { readVbrHeader, type VbrHeader } from "./vbr_header.ts";

/** What is known of a file before its frames are walked. */
export interface Mp3Head {
  /** Of the first frame of sound, in bytes. */
  readonly firstOffset: number;
  /** Where tags at the end begin, or the size of the file. */
  readonly audioEnd: number;
  /** Junk between tags and frames, in bytes, and where it begins. */
  readonly junkBytes: number;
  readonly junkOffset: number;
  readonly header: Mp3FrameHeader;
  /** Of each frame, in ticks, while the format stays. */
  readonly frameTicks: number;
  readonly description: TrackDescription;
  readonly vbr: VbrHeader | undefined;
  /** Offset of the frame with the VBR header. */
  readonly vbrOffset: number;
  readonly tags: Record<string, string>;
  readonly pictures: readonly AttachedPicture[];
}

/** Whether a frame begins at `offset`, whatever follows: behind a header the first one needs nothing that confirms it. */
export function isCertainStart({ vbr, firstOffset }: Mp3Head, offset: number): boolean {
  return vbr !== undefined && offset === firstOffset;
}

const PROBE_BLOCK_BYTES = 16_384;

/**
 * Reads tags and the first frames of a file.
 *
 * @param source Borrowed.
 * @throws {FormatError} If there is no frame in the first `MAX_MP3_JUNK_BYTES` after the tags.
 */
export async function readHead(source: ByteSource): Promise<Mp3Head> {
  const id3v2 = new Id3v2Reader(source);
  const tagsEnd = await readLeadingTags(id3v2);
  const walk = new FrameWalk(source, { blockBytes: PROBE_BLOCK_BYTES });
  walk.goTo(tagsEnd);
  if (!await walk.advance()) {
    throw new FormatError(
      `Cannot read MP3: no frame between offset ${tagsEnd} and the end at ${source.sizeBytes}`,
      { offset: tagsEnd },
    );
  }
  const { frameOffset: firstFrame, frame } = walk;
  const { junkRun: junkBytes, junkOffset } = walk.cursor;
  const header = readMp3FrameHeader(frame)!;
  const vbr = readVbrHeader(frame);
  const firstOffset = vbr === undefined ? firstFrame : firstFrame + frame.length;
  const trailer = await readTrailer(source, { audioStart: firstOffset, id3v2 });
  const tags = id3v2.tags.isEmpty ? trailer.id3v1 ?? {} : id3v2.tags.take();
  return {
    firstOffset,
    audioEnd: trailer.audioEnd,
    junkBytes,
    junkOffset,
    header,
    frameTicks: mp3FrameTicks(frame, 0),
    description: describeMp3(frame),
    vbr,
    vbrOffset: firstFrame,
    tags,
    pictures: id3v2.pictures,
  };
}

/** Tags in a row; returns the offset after the last. */
async function readLeadingTags(id3v2: Id3v2Reader): Promise<number> {
  let offset = 0;
  for (let count = 0; count < MAX_ID3_TAGS; count++) {
    const tagBytes = await id3v2.read(offset);
    if (tagBytes === 0) break;
    offset += tagBytes;
  }
  return offset;
}
