import { type Ac3SyncFrame, decodeAc3SyncFrame, readAc3SyncFrame } from "#codecs/ac3";

/** strmtyp of a frame that belongs to the one before it: ATSC A/52 section E.2.3.1.1. */
const DEPENDENT = 1;

/**
 * The frames of independent substreams in a packet of AC-3 or E-AC-3, which may hold several.
 *
 * @param payload Borrowed.
 */
export function independentFrames(payload: Uint8Array): Ac3SyncFrame[] {
  const frames: Ac3SyncFrame[] = [];
  let at = 0;
  for (
    let frame = readAc3SyncFrame(payload, at);
    frame !== undefined;
    frame = readAc3SyncFrame(payload, at)
  ) {
    if (frame.streamType !== DEPENDENT) frames.push(frame);
    at += frame.frameBytes;
  }
  return frames;
}

/**
 * One frame of each independent substream in a packet of E-AC-3, for `dec3`.
 *
 * @param payload Borrowed.
 * @throws {FormatError} If it does not begin with a sync frame.
 */
export function substreamsOf(payload: Uint8Array): Ac3SyncFrame[] {
  const frames = independentFrames(payload);
  if (frames.length === 0) return [decodeAc3SyncFrame(payload)];
  return frames.filter(({ substreamId }, index) =>
    frames.findIndex((frame) => frame.substreamId === substreamId) === index
  );
}
