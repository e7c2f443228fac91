import type { TrackDescription } from "#media";
import { decodeDac3, decodeDec3 } from "./boxes.ts";
import { decodeAc3SyncFrame } from "./sync_frame.ts";

/**
 * Describes the track of a sync frame.
 *
 * @param frame Payload of a media packet, as the streams have no configuration; borrowed.
 * @throws {FormatError} If it does not begin with a sync frame.
 */
export function describeAc3(frame: Uint8Array): TrackDescription {
  const { codec, sampleRate, channels } = decodeAc3SyncFrame(frame);
  return { kind: "audio", codec, codecString: codec, sampleRate, channels };
}

/**
 * Describes the track of a `dac3` box.
 *
 * @param body Without the box header; borrowed.
 * @throws {FormatError} If it is malformed.
 */
export function describeDac3(body: Uint8Array): TrackDescription {
  const { sampleRate, channels } = decodeDac3(body);
  return { kind: "audio", codec: "ac-3", codecString: "ac-3", sampleRate, channels };
}

/**
 * Describes the track of a `dec3` box: its first substream.
 *
 * @param body Without the box header; borrowed.
 * @throws {FormatError} If it is malformed.
 */
export function describeDec3(body: Uint8Array): TrackDescription {
  const { sampleRate, channels } = decodeDec3(body).substreams[0]!;
  return {
    kind: "audio",
    codec: "ec-3",
    codecString: "ec-3",
    ...(sampleRate === 0 ? {} : { sampleRate }),
    channels,
  };
}
