import { LimitError } from "#errors";
import type { CodecId, TrackKind } from "./packet.ts";

/** What a codec configuration tells about its track: for status pages, manifests and logs. */
export interface TrackDescription {
  readonly kind: TrackKind;
  readonly codec: CodecId;
  /** The codec with its parameters, as manifests and browsers name it: RFC 6381. */
  readonly codecString: string;
  /** Name of the profile, as in its specification: `High`, `Main 10`, `LC`. */
  readonly profile?: string;
  /** Level as people write it: `3.1`. */
  readonly level?: string;
  /** Of the picture shown, in pixels. */
  readonly width?: number;
  /** Of the picture shown, in pixels. */
  readonly height?: number;
  /** Frames per second, where the configuration fixes it. */
  readonly frameRate?: number;
  /** Of what the decoder puts out, in Hz. */
  readonly sampleRate?: number;
  readonly channels?: number;
}

/** Largest width or height of a picture; level 6.2 of H.264 and H.265 ends at 16,888. */
export const MAX_VIDEO_DIMENSION_PIXELS = 16_888;

/**
 * Refuses a picture that no level of any codec allows, so that nobody reserves memory for it.
 *
 * @throws {LimitError} If a side exceeds `MAX_VIDEO_DIMENSION_PIXELS`.
 */
export function checkPictureSize(width: number, height: number): void {
  const value = Math.max(width, height);
  if (value > MAX_VIDEO_DIMENSION_PIXELS) {
    throw new LimitError("MAX_VIDEO_DIMENSION_PIXELS", { value, limit: MAX_VIDEO_DIMENSION_PIXELS });
  }
}
