/**
 * MP3 and its older layers (layer 3): frame headers.
 *
 * ```ts
 * import { describeMp3 } from "#codecs/mp3";
 *
 * const track = describeMp3(Uint8Array.fromHex("fffb9064"));
 * console.log(track.profile, track.sampleRate, track.channels); // MPEG-1 layer 3 44100 2
 * ```
 *
 * @module
 */
export { decodeMp3FrameHeader, describeMp3, readMp3FrameHeader } from "./frame_header.ts";
export type { Mp3FrameHeader } from "./frame_header.ts";
export { MAX_MP3_FRAME_BYTES, MP3_TICKS_PER_SECOND, mp3FrameBytes, mp3FrameTicks } from "./frame_layout.ts";
export { Mp3RtpDepacketizer, Mp3RtpPacketizer } from "./rtp_payload.ts";
