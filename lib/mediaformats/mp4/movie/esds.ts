import type { BoxBody } from "../boxes/box_body.ts";

/** Tags of descriptors: ISO/IEC 14496-1 table 1. */
const DESCRIPTOR = { Es: 3, DecoderConfig: 4, DecoderSpecific: 5 } as const;
/** Flags of an ES_Descriptor: section 7.2.6.5. */
const ES_FLAG = { StreamDependence: 0x80, Url: 0x40, OcrStream: 0x20 } as const;
/** A size has at most four bytes of seven bits: section 8.3.3. */
const MAX_SIZE_BYTES = 4;

/** What `esds` says. */
export interface ElementaryStream {
  /** objectTypeIndication: ISO/IEC 14496-1 table 5. */
  readonly objectType: number;
  /** DecoderSpecificInfo: AudioSpecificConfig and the like; a view. */
  readonly config?: Uint8Array;
}

/**
 * Reads `esds`: ISO/IEC 14496-14 section 5.6.
 *
 * @returns `undefined` where there is no decoder configuration.
 */
export function readEsds(body: BoxBody): ElementaryStream | undefined {
  body.skip(4, "version and flags");
  let tag = openDescriptor(body);
  if (tag === DESCRIPTOR.Es) {
    body.skip(2, "ES_ID");
    const flags = body.u8("ES flags");
    if ((flags & ES_FLAG.StreamDependence) !== 0) body.skip(2, "dependsOn_ES_ID");
    if ((flags & ES_FLAG.Url) !== 0) body.skip(body.u8("URL length"), "URL");
    if ((flags & ES_FLAG.OcrStream) !== 0) body.skip(2, "OCR_ES_ID");
    tag = openDescriptor(body);
  }
  if (tag !== DESCRIPTOR.DecoderConfig) return undefined;
  const objectType = body.u8("object type");
  body.skip(12, "stream type and bit rates");
  if (body.remaining < 2 || body.u8("descriptor tag") !== DESCRIPTOR.DecoderSpecific) return { objectType };
  const length = Math.min(readSize(body), body.remaining);
  return length === 0 ? { objectType } : { objectType, config: body.take(length, "decoder configuration") };
}

function openDescriptor(body: BoxBody): number {
  const tag = body.u8("descriptor tag");
  readSize(body);
  return tag;
}

function readSize(body: BoxBody): number {
  let size = 0;
  for (let i = 0; i < MAX_SIZE_BYTES; i++) {
    const byte = body.u8("descriptor size");
    size = size << 7 | byte & 0x7f;
    if ((byte & 0x80) === 0) break;
  }
  return size;
}
