/**
 * AC-3 and E-AC-3 (layer 3): sync frames, and the boxes that describe them in MP4.
 *
 * ```ts
 * import { describeAc3 } from "#codecs/ac3";
 *
 * const track = describeAc3(Uint8Array.fromHex("0b77d20f0c40434e"));
 * console.log(track.codecString, track.sampleRate, track.channels); // ac-3 48000 2
 * ```
 *
 * @module
 */
export { AC3_HEADER_BYTES, decodeAc3SyncFrame, MAX_AC3_FRAME_BYTES, readAc3SyncFrame } from "./sync_frame.ts";
export type { Ac3SyncFrame } from "./sync_frame.ts";
export { Ac3Reader } from "./ac3_reader.ts";
export type { Ac3Frame } from "./ac3_reader.ts";
export { decodeDac3, decodeDec3, encodeDac3, encodeDec3 } from "./boxes.ts";
export type { Ac3Box, Eac3Box, Eac3Substream } from "./boxes.ts";
export { describeAc3, describeDac3, describeDec3 } from "./describe.ts";
export { Ac3RtpDepacketizer, Ac3RtpPacketizer } from "./rtp_payload.ts";
