import type { TrackDescription } from "#media";
import type { TsAccessUnit } from "../units/access_unit.ts";

/** What a unit is in the form that packets have. */
export interface Converted {
  /** Configuration that holds from here on, where it is not the one before; memory of its own. */
  readonly config?: Uint8Array | undefined;
  /** Length-prefixed NAL units, raw AAC frames, ...; a unit of LATM may have several frames. */
  readonly payloads: readonly Uint8Array[];
}

/** Turns the units of one stream into what packets carry. */
export interface Converter {
  /** Takes the next unit. */
  convert(unit: TsAccessUnit): Converted;
  /** The newest configuration. */
  readonly config: Uint8Array | undefined;
  /** What configuration or frames say, once they came. */
  readonly description: TrackDescription | undefined;
}
