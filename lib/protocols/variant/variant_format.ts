import { decodeUtf8, encodeUtf8 } from "#bytes";
import { LimitError } from "#errors";
import {
  decodeVariantBinary,
  decodeVariantJson,
  decodeVariantXml,
  encodeVariantBinary,
  encodeVariantJson,
  encodeVariantXml,
  type Variant,
} from "#variant";
import { MAX_VARIANT_MESSAGE_BYTES } from "./limits.ts";

/** One form of a message. */
export interface VariantForm {
  /** Media type over HTTP. */
  readonly contentType: string;
  /** Reads a whole message. Throws FormatError and LimitError, or rejects with them. */
  readonly decode: (bytes: Uint8Array) => Variant | Promise<Variant>;
  /** Writes a whole message. Throws LimitError. */
  readonly encode: (variant: Variant) => Uint8Array;
}

/** The forms there are. */
export const VARIANT_FORMATS = {
  xml: {
    contentType: "text/xml",
    decode: (bytes) => decodeVariantXml(decodeUtf8(bytes)),
    encode: (variant) => encodeUtf8(encodeVariantXml(variant)),
  },
  bin: {
    contentType: "application/octet-stream",
    decode: decodeVariantBinary,
    encode: encodeVariantBinary,
  },
  json: {
    contentType: "application/json",
    decode: (bytes) => decodeVariantJson(decodeUtf8(bytes)),
    encode: (variant) => encodeUtf8(encodeVariantJson(variant)),
  },
} as const satisfies Record<string, VariantForm>;

/** Name of a form. */
export type VariantFormat = keyof typeof VARIANT_FORMATS;

/** Answers a message; `undefined` sends nothing back. */
export type AnswerVariant = (variant: Variant) => Variant | undefined | Promise<Variant | undefined>;

/**
 * Encodes a message in a form.
 *
 * @throws {LimitError} If it is longer than MAX_VARIANT_MESSAGE_BYTES, or meets a limit of Variant.
 */
export function encodeMessage(format: VariantFormat, variant: Variant): Uint8Array {
  const bytes = VARIANT_FORMATS[format].encode(variant);
  if (bytes.length > MAX_VARIANT_MESSAGE_BYTES) throw tooLong(bytes.length);
  return bytes;
}

/** The error of a message of `lengthBytes`. */
export function tooLong(lengthBytes: number): LimitError {
  return new LimitError("MAX_VARIANT_MESSAGE_BYTES", {
    value: lengthBytes,
    limit: MAX_VARIANT_MESSAGE_BYTES,
    message: `Cannot accept Variant: ${lengthBytes} bytes exceed MAX_VARIANT_MESSAGE_BYTES ` +
      `(${MAX_VARIANT_MESSAGE_BYTES})`,
  });
}
