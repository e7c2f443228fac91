import { concatBytes } from "#bytes";
import type { BoxBody } from "../boxes/box_body.ts";

const OPUS_HEAD_MAGIC = [0x4f, 0x70, 0x75, 0x73, 0x48, 0x65, 0x61, 0x64] as const;
const OPUS_HEAD_VERSION = 1;
const FLAC_MAGIC = [0x66, 0x4c, 0x61, 0x43] as const;

/**
 * `dOps` as the identification header of RFC 7845 section 5.1, which is what decoders take: Opus in ISOBMFF,
 * section 4.3.2, has the same fields in big-endian order.
 */
export function opusHeadOf(body: BoxBody): Uint8Array {
  body.skip(1, "version");
  const channels = body.u8("output channel count");
  const preSkip = body.u16("pre-skip");
  const sampleRate = body.u32("input sample rate");
  const gain = body.u16("output gain");
  const mapping = body.rest();
  const head = new Uint8Array(OPUS_HEAD_MAGIC.length + 10 + mapping.length);
  head.set(OPUS_HEAD_MAGIC);
  const view = new DataView(head.buffer, OPUS_HEAD_MAGIC.length);
  view.setUint8(0, OPUS_HEAD_VERSION);
  view.setUint8(1, channels);
  view.setUint16(2, preSkip, true);
  view.setUint32(4, sampleRate, true);
  view.setUint16(8, gain, true);
  head.set(mapping, OPUS_HEAD_MAGIC.length + 10);
  return head;
}

/** `dfLa` as the head of a native FLAC stream: FLAC in ISOBMFF, section 3.3.2. */
export function flacHeadOf(body: BoxBody): Uint8Array {
  body.skip(4, "version and flags");
  return concatBytes([Uint8Array.from(FLAC_MAGIC), body.rest()]);
}
