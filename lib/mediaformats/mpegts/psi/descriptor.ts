/** Descriptors that are read: ISO/IEC 13818-1 table 2-45, ETSI EN 300 468 table 12. */
export const DESCRIPTOR_TAG = {
  Registration: 0x05,
  Language: 0x0a,
  /** EN 300 468 section 6.2.33. */
  Service: 0x48,
  Teletext: 0x56,
  Subtitling: 0x59,
  Ac3: 0x6a,
  EnhancedAc3: 0x7a,
  Dts: 0x7b,
  Aac: 0x7c,
  /** Extension descriptor of EN 300 468; its first byte tells which. */
  Extension: 0x7f,
} as const;

/** One of `DESCRIPTOR_TAG`. */
export type DescriptorTag = typeof DESCRIPTOR_TAG[keyof typeof DESCRIPTOR_TAG];

/** One descriptor of a program, stream or service. */
export interface Descriptor {
  /** See `DESCRIPTOR_TAG`. */
  readonly tag: number;
  /** Its bytes after tag and length. */
  readonly body: Uint8Array;
}

/**
 * Splits a descriptor loop: ISO/IEC 13818-1 section 2.6.1. What is cut off at the end is left out.
 *
 * @param bytes Kept: the bodies are views of it.
 */
export function decodeDescriptors(bytes: Uint8Array): Descriptor[] {
  const descriptors: Descriptor[] = [];
  for (let at = 0; at + 2 <= bytes.length;) {
    const end = at + 2 + bytes[at + 1]!;
    if (end > bytes.length) break;
    descriptors.push({ tag: bytes[at]!, body: bytes.subarray(at + 2, end) });
    at = end;
  }
  return descriptors;
}

/** format_identifier of the first registration descriptor, as four characters: section 2.6.8. */
export function registrationOf(descriptors: readonly Descriptor[]): string | undefined {
  const body = descriptors.find(({ tag }) => tag === DESCRIPTOR_TAG.Registration)?.body;
  return body === undefined || body.length < 4 ? undefined : String.fromCharCode(...body.subarray(0, 4));
}

/** Descriptors that begin with three letters of language, in the order they are asked. */
const LANGUAGE_TAGS: readonly number[] = [
  DESCRIPTOR_TAG.Language,
  DESCRIPTOR_TAG.Subtitling,
  DESCRIPTOR_TAG.Teletext,
];

/** ISO 639-2 code of the first language named: ISO/IEC 13818-1 section 2.6.18, EN 300 468. */
export function languageOf(descriptors: readonly Descriptor[]): string | undefined {
  for (const { tag, body } of descriptors) {
    if (!LANGUAGE_TAGS.includes(tag) || body.length < 3) continue;
    const code = String.fromCharCode(...body.subarray(0, 3));
    if (/^[a-z]{3}$/i.test(code)) return code;
  }
  return undefined;
}

/** Tag in the extension descriptor under which Opus tells its channels; user defined. */
export const OPUS_EXTENSION_TAG = 0x80;

/** Channel configuration of an Opus stream: 1 to 8 channels in Vorbis order, 0 for two of a kind. */
export function opusChannelsOf(descriptors: readonly Descriptor[]): number | undefined {
  const isOpus = ({ tag, body }: Descriptor) =>
    tag === DESCRIPTOR_TAG.Extension && body[0] === OPUS_EXTENSION_TAG;
  return descriptors.find(isOpus)?.body[1];
}
