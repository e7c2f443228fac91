/**
 * Streams that come as bytes without a dialogue (layer 5): one connection, one publisher.
 *
 * ```ts
 * import { LiveTimes } from "#bridges/ingest";
 *
 * const times = new LiveTimes();
 * times.begin(900_000);
 * const frame = { kind: "audio", trackId: 0, codec: ".mp3", role: "media", isKeyFrame: true } as const;
 * const placed = times.place({ ...frame, dtsUs: 940_000, ptsUs: 940_000, payload: new Uint8Array(4) });
 * console.log(placed.dtsUs); // 40000
 * ```
 *
 * @module
 */
export type { MediaFeed } from "./media_feed.ts";
export { LiveTimes, MAX_STEP_AHEAD_US, MAX_STEP_BACK_US } from "./live_times.ts";
export { LiveIngest, MAX_UNDECIDED_BYTES } from "./live_ingest.ts";
export type { IngestEnd, LiveIngestOptions } from "./live_ingest.ts";
export { IngestProtocol, REFUSED_DATAGRAMS_MS } from "./ingest_protocol.ts";
export type { IngestProtocolOptions } from "./ingest_protocol.ts";
