import type { BoxWriter } from "../write/box_writer.ts";
import { writeAudioSampleEntry } from "./audio_entry.ts";
import type { SampleEntry } from "./sample_entry.ts";
import { writeVisualSampleEntry } from "./visual_entry.ts";

/** Writes the sample entry of `entry` into an `stsd` box. */
export function writeSampleEntry(writer: BoxWriter, entry: SampleEntry): void {
  if (entry.track.kind === "audio") writeAudioSampleEntry(writer, entry);
  else writeVisualSampleEntry(writer, entry);
}
