import type { CodecId } from "#media";
import type { BoxWriter } from "../write/box_writer.ts";
import type { SampleEntry } from "./sample_entry.ts";

/** Video sample entries and their configuration boxes: ISO/IEC 14496-15, AV1 and VP codecs in ISOBMFF. */
const VIDEO_CONFIG_BOX: Partial<Record<CodecId, string>> = {
  avc1: "avcC",
  hvc1: "hvcC",
  av01: "av1C",
  vp08: "vpcC",
  vp09: "vpcC",
};
const RESOLUTION_72_DPI = 0x0048_0000;
const COMPRESSOR_NAME_BYTES = 32;
const DEPTH_COLOUR = 0x18;
/** Version 1 and flags 0, the full box header of `vpcC`. */
const VPCC_HEADER = 0x0100_0000;
const VPCC_RECORD_BYTES = 8;
/** Profile 0, level not known, 8 bit 4:2:0, colours not known, no initialisation data. */
const PLAIN_VP_RECORD = new Uint8Array([0, 0, 0x82, 2, 2, 2, 0, 0]);

/** Writes a video sample entry: ISO/IEC 14496-12 section 12.1.3. */
export function writeVisualSampleEntry(writer: BoxWriter, entry: SampleEntry): void {
  const { codec } = entry.track;
  writer.box(codec, () => {
    writer.zeros(6).u16(1); // data_reference_index
    writer.zeros(16).u16(entry.width, entry.height);
    writer.u32(RESOLUTION_72_DPI, RESOLUTION_72_DPI, 0).u16(1);
    writer.zeros(COMPRESSOR_NAME_BYTES).u16(DEPTH_COLOUR, 0xffff);
    writer.box(VIDEO_CONFIG_BOX[codec]!, () => {
      if (codec === "vp08" || codec === "vp09") writeVpRecord(writer, entry.codecConfig);
      else writer.bytes(entry.codecConfig!);
    });
  });
}

function writeVpRecord(writer: BoxWriter, codecConfig: Uint8Array | undefined): void {
  const hasHeader = codecConfig !== undefined && codecConfig.length >= 4 + VPCC_RECORD_BYTES;
  if (!hasHeader) writer.u32(VPCC_HEADER);
  writer.bytes(codecConfig ?? PLAIN_VP_RECORD);
}
