import type { BoxBody } from "../boxes/box_body.ts";

/** Fields of an audio sample entry, of ISO or of QuickTime. */
export interface AudioFields {
  readonly vendor: Uint8Array;
  readonly channels: number;
  /** In Hz. */
  readonly sampleRate: number;
  /** Of one sample of one channel. */
  readonly bits: number;
  /** Samples of a frame of constant size; 0 where the entry does not say. */
  readonly frameSamples: number;
  /** Bytes of such a frame, over all channels; 0 where the entry does not say. */
  readonly frameBytes: number;
  /** formatSpecificFlags of version 2. */
  readonly lpcmFlags?: number;
}

const FIXED_ONE = 0x1_0000;

/**
 * Reads the fixed part of an audio sample entry: ISO/IEC 14496-12 section 12.2.3; QuickTime File Format, "Sound
 * sample descriptions".
 *
 * @param body After the data reference; then at the boxes of the entry.
 * @param context Version 1 and 2 have more fields in QuickTime; in ISO version 1 goes with version 1 of `stsd` and
 *   has not.
 */
export function readAudioFields(
  body: BoxBody,
  context: { readonly isQuickTime: boolean; readonly version: number },
): AudioFields {
  const version = body.u16("version");
  body.skip(2, "revision");
  const vendor = body.take(4, "vendor");
  const channels = body.u16("channel count");
  const bits = body.u16("sample size");
  body.skip(4, "compression and packet size");
  const sampleRate = body.u32("sample rate") / FIXED_ONE;
  const fields = { vendor, channels, bits, sampleRate, frameSamples: 0, frameBytes: 0 };
  if (!context.isQuickTime && !(context.version === 0 && version > 0)) return fields;
  if (version === 1) {
    const frameSamples = body.u32("samples per packet");
    body.skip(4, "bytes per packet");
    const frameBytes = body.u32("bytes per frame");
    body.skip(4, "bytes per sample");
    return { ...fields, frameSamples, frameBytes };
  }
  if (version === 2) {
    body.skip(4, "size of the description");
    const rate = body.f64("sample rate");
    const channelCount = body.u32("channel count");
    body.skip(4, "reserved bytes");
    const channelBits = body.u32("bits per channel");
    const lpcmFlags = body.u32("format flags");
    const frameBytes = body.u32("bytes per packet");
    const frameSamples = body.u32("samples per packet");
    return {
      vendor,
      channels: channelCount,
      sampleRate: rate,
      bits: channelBits,
      lpcmFlags,
      frameBytes,
      frameSamples,
    };
  }
  return fields;
}
