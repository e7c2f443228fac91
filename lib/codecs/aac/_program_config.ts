import type { BitReader } from "#bytes";

/** What a program_config_element says, and where its parts lie. */
export interface ProgramConfig {
  readonly channels: number;
  /** Bit at which the channel elements end and the byte alignment begins. */
  readonly elementsEnd: number;
}

/**
 * Reads a program_config_element, which lists the channels where no channel configuration fits: ISO/IEC 14496-3
 * section 4.4.1.1. Front, side and back elements are single or pairs.
 *
 * @param options `alignedTo`: bit that the byte alignment inside counts from.
 */
export function readProgramChannels(bits: BitReader, options: { alignedTo: number }): ProgramConfig {
  bits.skip(4 + 2 + 4, "program_config_element");
  const front = bits.bits(4, "num_front_channel_elements");
  const side = bits.bits(4, "num_side_channel_elements");
  const back = bits.bits(4, "num_back_channel_elements");
  const lowFrequency = bits.bits(2, "num_lfe_channel_elements");
  const associated = bits.bits(3, "num_assoc_data_elements");
  const coupling = bits.bits(4, "num_valid_cc_elements");
  if (bits.flag("mono_mixdown_present")) bits.skip(4, "mono_mixdown_element_number");
  if (bits.flag("stereo_mixdown_present")) bits.skip(4, "stereo_mixdown_element_number");
  if (bits.flag("matrix_mixdown_idx_present")) bits.skip(3, "matrix_mixdown_idx");
  let channels = lowFrequency;
  for (let element = 0; element < front + side + back; element++) {
    channels += bits.flag("element_is_cpe") ? 2 : 1;
    bits.skip(4, "element_tag_select");
  }
  bits.skip(4 * lowFrequency + 4 * associated + 5 * coupling, "element tags");
  // the comment starts at a byte boundary
  const elementsEnd = bits.bitOffset;
  bits.skip(options.alignedTo - elementsEnd & 7, "byte_alignment");
  bits.skip(8 * bits.bits(8, "comment_field_bytes"), "comment_field_data");
  return { channels, elementsEnd };
}
