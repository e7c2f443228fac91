import type { Clock } from "#clock";
import type { Packet } from "#media";
import { announcedTracks } from "#mediaformats/flv";
import type { Stream, StreamHeader } from "#streaming";
import { type OutboundOptions, type OutboundTrack, outboundTracks } from "./outbound_tracks.ts";

/** How long a stream that has just begun is watched for its tracks, in ms from its start. */
const TRACKS_SETTLE_MS = 1_000;
const LOOK_MS = 50;

/**
 * The tracks of a live stream that RTP can carry, once they are known, or may be.
 *
 * @param stream Held by the caller meanwhile.
 * @param options `clock`: tells how long is waited; and what may be chosen of their forms.
 */
export async function whenTracksKnown(
  stream: Stream,
  options: OutboundOptions & { readonly clock: Clock },
): Promise<OutboundTrack[]> {
  const { clock } = options;
  for (;;) {
    const tracks = outboundTracks(packetsOf(stream), options);
    const kinds = new Set(tracks.map(({ kind }) => kind).filter((kind) => kind !== "data"));
    const startedMs = stream.publisher?.startedMs;
    const isSettled = areAllThere(kinds, stream.header) || startedMs === undefined ||
      clock.nowMs() - startedMs >= TRACKS_SETTLE_MS;
    if (isSettled) return tracks;
    const { promise, resolve } = Promise.withResolvers<void>();
    using _timer = clock.after(LOOK_MS, resolve);
    await promise;
  }
}

/** Whether the kinds that were found are those that the metadata announces, or all there are. */
function areAllThere(kinds: ReadonlySet<string>, { metadata }: StreamHeader): boolean {
  if (kinds.size === 2) return true;
  if (kinds.size === 0 || metadata === undefined) return false;
  const { hasVideo, hasAudio } = announcedTracks(metadata.payload);
  return (hasVideo || hasAudio) && (!hasVideo || kinds.has("video")) && (!hasAudio || kinds.has("audio"));
}

/** Configurations first, then what the stream keeps of its newest packets. */
function* packetsOf(stream: Stream): Generator<Packet> {
  yield* stream.header.configs;
  const { packets } = stream;
  for (let at = packets.start ?? packets.end; at < packets.end; at++) {
    const packet = packets.at(at);
    if (packet !== undefined) yield packet;
  }
}
