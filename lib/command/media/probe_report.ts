import { errorMessage, FormatError, LimitError } from "#errors";
import type { Demuxer, MediaFault, MediaPacket, MediaSummary, MediaTrack } from "#media";
import type { AttachmentFacts } from "./attachments.ts";

/** How much the file's own duration may exceed what is there before the file is taken to be cut, in microseconds. */
const CUT_TOLERANCE_US = 1_000_000;

/** What was counted of one track. */
export interface TrackCount {
  packets: number;
  keyFrames: number;
  bytes: number;
  /** Presentation time of the earliest packet, in ticks. */
  startTicks: number;
  /** Where the last one shown ends, in ticks. */
  endTicks: number;
}

/** What is in a file. */
export interface ProbeReport {
  readonly sizeBytes: number;
  readonly summary: MediaSummary;
  /** By `MediaTrack.index`. */
  readonly counts: readonly TrackCount[];
  /** In microseconds, by the file or by its packets; absent for a file without packets. */
  readonly durationUs?: number;
  /** Files within it, after the tracks. */
  readonly attachments?: readonly AttachmentFacts[];
  /** What is wrong with it; the last one may be what reading ended at. */
  readonly faults: readonly MediaFault[];
}

/**
 * Reads all of a file and counts its packets.
 *
 * @param demuxer Not closed.
 * @param sizeBytes Size of the file.
 */
export async function probe(demuxer: Demuxer, sizeBytes: number): Promise<ProbeReport> {
  const counts: TrackCount[] = [];
  const faults: MediaFault[] = [];
  try {
    for (let packets = await demuxer.read(); packets.length > 0; packets = await demuxer.read()) {
      for (const packet of packets) count(counts, packet);
    }
  } catch (error) {
    if (!(error instanceof FormatError || error instanceof LimitError)) throw error;
    faults.push({ offset: error instanceof FormatError ? error.offset : -1, message: errorMessage(error) });
  }
  faults.unshift(...demuxer.faults ?? []);
  const { summary } = demuxer;
  const all = summary.tracks.map(({ index }) => counts[index] ?? newCount());
  const foundUs = spanUs(summary.tracks, all);
  const durationUs = summary.durationUs ?? foundUs;
  if (foundUs !== undefined && durationUs !== undefined && durationUs - foundUs > CUT_TOLERANCE_US) {
    faults.push({ offset: sizeBytes, message: cutMessage({ durationUs, foundUs, sizeBytes }) });
  }
  if (foundUs === undefined && faults.length === 0) {
    faults.push({ offset: sizeBytes, message: "File without packets: there is nothing to play in it" });
  }
  return { sizeBytes, summary, counts: all, faults, ...(durationUs === undefined ? {} : { durationUs }) };
}

function newCount(): TrackCount {
  return { packets: 0, keyFrames: 0, bytes: 0, startTicks: Infinity, endTicks: -Infinity };
}

function count(counts: TrackCount[], packet: MediaPacket): void {
  if (packet.trackIndex < 0 || packet.role !== "media") return;
  const track = counts[packet.trackIndex] ??= newCount();
  track.packets++;
  if (packet.isKeyFrame) track.keyFrames++;
  track.bytes += packet.payload.length;
  if (packet.isDiscarded) return;
  track.startTicks = Math.min(track.startTicks, packet.ptsTicks);
  track.endTicks = Math.max(track.endTicks, packet.ptsTicks + packet.durationTicks);
}

/** From the earliest packet shown to the end of the last. */
function spanUs(tracks: readonly MediaTrack[], counts: readonly TrackCount[]): number | undefined {
  let startUs = Infinity;
  let endUs = -Infinity;
  for (const { index, timescale } of tracks) {
    const { startTicks, endTicks } = counts[index] ?? newCount();
    startUs = Math.min(startUs, startTicks / timescale * 1e6);
    endUs = Math.max(endUs, endTicks / timescale * 1e6);
  }
  return endUs < startUs ? undefined : Math.round(endUs - startUs);
}

function cutMessage(facts: { durationUs: number; foundUs: number; sizeBytes: number }): string {
  const [says, has] = [facts.durationUs, facts.foundUs].map((timeUs) => (timeUs / 1e6).toFixed(3));
  return `File cut off: it says it lasts ${says} s, packets end after ${has} s`;
}
