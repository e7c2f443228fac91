import { amfMembers, type AmfObject } from "#amf";
import type { ByteSource } from "#bytes";
import { FormatError, LimitError } from "#errors";
import type { MediaPacket } from "#media";
import { FLV_TAG_TYPE } from "../codes.ts";
import { decodeScriptData } from "../script.ts";
import { FLV_TAG_HEADER_BYTES, type FlvHeader, PREVIOUS_TAG_SIZE_BYTES } from "../tag_writer.ts";
import { ConfigLog } from "../demux/config_log.ts";
import { IndexBuilder } from "../demux/index_builder.ts";
import { PacketMaker } from "../demux/packet_maker.ts";
import { checkSignature, FLV_FILE_HEADER_BYTES } from "../demux/signature.ts";
import { TagWalk } from "../demux/tag_walk.ts";
import { TrackTable } from "../demux/track_table.ts";

/** What a muxer needs to go on with a file that exists. */
export interface FlvResumePoint {
  /** Whole tags end here, in bytes: what follows is to be cut off first. */
  readonly fileBytes: number;
  readonly header: FlvHeader;
  /** Earliest presentation, and end of the last one, in ms; infinite where there is no packet. */
  readonly startMs: number;
  readonly endMs: number;
  /** Time the next packet may have, in ms: after all that is there. */
  readonly nextMs: number;
  /** The metadata at the start of the file, which `end` completes. */
  readonly metadata?: {
    readonly members: Readonly<AmfObject>;
    /** Of the tag body, in bytes. */
    readonly offset: number;
    readonly bodyBytes: number;
  };
  /** Key frames that are there: times in ms, and offsets in bytes. */
  readonly keyFrameTimesMs: readonly number[];
  readonly keyFrameOffsets: readonly number[];
}

/** Distance to what follows where the file does not tell, in ms: one frame at 25 a second. */
const GAP_MS = 40;
const BLOCK_BYTES = 1_048_576;

/**
 * Reads a file, all of it, to find how to go on with it.
 *
 * @param source Borrowed.
 * @throws {FormatError} If it is no FLV file, or broken before its end.
 */
export async function readFlvResumePoint(source: ByteSource): Promise<FlvResumePoint> {
  await checkSignature(source);
  const table = new TrackTable();
  const maker = new PacketMaker(table, new ConfigLog());
  const builder = new IndexBuilder();
  const walk = new TagWalk(source, { blockBytes: BLOCK_BYTES });
  walk.goTo(0);
  let metadata: FlvResumePoint["metadata"];
  let last: { readonly start: number; readonly end: number } | undefined;
  let lastMs = 0;
  const packets: MediaPacket[] = [];
  while (await walk.advance()) {
    if (last === undefined) metadata = metadataAt(walk);
    packets.length = 0;
    maker.take(walk, packets);
    for (const packet of packets) builder.take(packet, walk.tagOffset, table.leading);
    const end = walk.tagOffset + FLV_TAG_HEADER_BYTES + walk.body.length;
    last = { start: walk.tagOffset, end };
    lastMs = Math.max(lastMs, walk.cursor.timestampMs);
  }
  const { timesUs, offsets } = builder.finish(0, new Float64Array(0));
  const { startUs, endUs } = builder;
  const isEmpty = startUs === Infinity;
  return {
    fileBytes: last === undefined ? FLV_FILE_HEADER_BYTES : await wholeEnd(source, last),
    header: walk.cursor.header ?? { hasAudio: false, hasVideo: false },
    startMs: startUs / 1000,
    endMs: endUs / 1000,
    nextMs: isEmpty ? 0 : Math.ceil(Math.max(endUs / 1000, lastMs + GAP_MS)),
    ...(metadata === undefined ? {} : { metadata }),
    keyFrameTimesMs: Array.from(timesUs, (timeUs) => Math.round(timeUs / 1000)),
    keyFrameOffsets: [...offsets],
  };
}

/** A tag without its PreviousTagSize, as a writer leaves it that died, is cut off. */
async function wholeEnd(
  source: ByteSource,
  last: { readonly start: number; readonly end: number },
): Promise<number> {
  const field = new Uint8Array(PREVIOUS_TAG_SIZE_BYTES);
  const have = await source.readAt(last.end, field);
  return have === field.length ? last.end + have : last.start;
}

/** The tag the walk stands on, if it is metadata. */
function metadataAt(walk: TagWalk): FlvResumePoint["metadata"] {
  if (walk.cursor.tagType !== FLV_TAG_TYPE.Script) return undefined;
  const body = walk.body;
  try {
    const { name, values } = decodeScriptData(body);
    const members = amfMembers(values[0]);
    if (name !== "onMetaData" || members === undefined) return undefined;
    return { members, offset: walk.tagOffset + FLV_TAG_HEADER_BYTES, bodyBytes: body.length };
  } catch (error) {
    if (error instanceof FormatError || error instanceof LimitError) return undefined;
    throw error;
  }
}
