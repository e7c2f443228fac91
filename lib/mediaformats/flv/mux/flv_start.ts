import { concatBytes } from "#bytes";
import type { MediaSummary } from "#media";
import { FLV_TAG_TYPE } from "../codes.ts";
import type { FlvStart } from "../demux/flv_demuxer.ts";
import { tagBodyOf } from "../tag_body_writer.ts";
import { encodeFlvHeader, encodeFlvTag } from "../tag_writer.ts";
import { encodeMetadata, metadataOfTracks } from "./metadata_writer.ts";

/**
 * Encodes the head of a file that begins in the midst of another: header, metadata, configurations. The bytes of the
 * other file from `start.offset` on follow it; times stay those of the other file.
 *
 * @param summary Of the other file.
 * @returns Owned by the caller.
 */
export function encodeFlvStart(summary: MediaSummary, start: FlvStart): Uint8Array<ArrayBuffer> {
  const { tracks, tags, startUs, durationUs } = summary;
  const timestampMs = Math.max(0, Math.round((start.configs[0]?.dtsUs ?? start.timeUs) / 1000));
  const leftUs = durationUs === undefined ? undefined : Math.max(0, durationUs - (start.timeUs - startUs));
  const metadata = encodeMetadata({
    ...metadataOfTracks(tracks),
    ...tags,
    ...(leftUs === undefined ? {} : { duration: leftUs / 1e6 }),
  });
  return concatBytes([
    encodeFlvHeader({
      hasAudio: tracks.some(({ kind }) => kind === "audio"),
      hasVideo: tracks.some(({ kind }) => kind === "video"),
    }),
    encodeFlvTag({ tagType: FLV_TAG_TYPE.Script, timestampMs, body: metadata }),
    ...start.configs.map((config) =>
      encodeFlvTag({
        tagType: config.kind === "video" ? FLV_TAG_TYPE.Video : FLV_TAG_TYPE.Audio,
        timestampMs,
        body: tagBodyOf(config),
      })
    ),
  ]);
}
