/**
 * Codecs as one family (layer 3): what a packet tells about its track.
 *
 * ```ts
 * import { describeTrack } from "#codecs";
 *
 * const track = describeTrack({
 *   kind: "audio",
 *   trackId: 0,
 *   codec: "mp4a",
 *   role: "config",
 *   dtsUs: 0,
 *   ptsUs: 0,
 *   isKeyFrame: true,
 *   payload: new Uint8Array([0x12, 0x10]),
 * });
 * console.log(track.codecString, track.channels); // mp4a.40.2 2
 * ```
 *
 * @module
 */
export { describeTrack } from "./describe_track.ts";
