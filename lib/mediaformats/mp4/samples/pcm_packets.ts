import { BoxBody } from "../boxes/box_body.ts";
import { BOX } from "../boxes/box_type.ts";
import { ChunkTable } from "./chunk_table.ts";
import { RunTable } from "./run_table.ts";
import type { SampleTableParts } from "./sample_table.ts";
import { SizeTable } from "./size_table.ts";

/** Most samples that are put into one packet. */
const PACKET_SAMPLES = 1024;
/** Codecs with frames of so many samples, such as GSM, have a packet for each frame. */
const FRAME_IS_PACKET_SAMPLES = 160;

/** How a codec of constant size lays its samples. */
export interface PcmLayout {
  /** Samples that belong together; 1 for PCM. */
  readonly frameSamples: number;
  /** Bytes of such a frame, over all channels. */
  readonly frameBytes: number;
}

/**
 * Puts the samples of a constant-size audio track together into packets.
 *
 * Such tracks count every PCM sample as a sample of its own: 48,000 packets a second would be of no use. A packet
 * has up to 1024 samples and does not go over the end of a chunk.
 *
 * @param parts Tables of single samples: each has 1 tick.
 * @param boxes `stsc` and the chunk offsets, after version and flags; borrowed for the life of the tables.
 */
export function packPcm(
  parts: SampleTableParts,
  boxes: { readonly layout: PcmLayout; readonly offsets: BoxBody },
): SampleTableParts {
  const { layout, offsets } = boxes;
  const { chunks, sizes } = parts;
  const packetSamples = layout.frameSamples >= FRAME_IS_PACKET_SAMPLES
    ? layout.frameSamples
    : Math.max(1, Math.floor(PACKET_SAMPLES / layout.frameSamples)) * layout.frameSamples;
  const entries: number[] = [];
  const times: number[] = [];
  const packetSizes: number[] = [];
  let left = sizes.count;
  for (let entry = 0; entry < chunks.entries && left > 0; entry++) {
    const perChunk = Math.min(chunks.samplesPerChunk(entry), left);
    const whole = Math.floor(perChunk / packetSamples);
    const rest = perChunk - whole * packetSamples;
    entries.push(chunks.firstChunkOf(entry) + 1, whole + (rest > 0 ? 1 : 0), 1);
    if (perChunk === 0) continue;
    for (
      let chunk = chunks.firstChunkOf(entry);
      chunk < chunks.firstChunkOf(entry + 1) && left > 0;
      chunk++
    ) {
      left -= perChunk;
      if (whole > 0) times.push(whole, packetSamples);
      if (rest > 0) times.push(1, rest);
      for (let i = 0; i < whole; i++) packetSizes.push(bytesOf(packetSamples, layout));
      if (rest > 0) packetSizes.push(bytesOf(rest, layout));
    }
  }
  return {
    times: new RunTable(tableOf([times.length / 2, ...times], BOX.TimeToSample)),
    chunks: new ChunkTable(tableOf([entries.length / 3, ...entries], BOX.SampleToChunk), offsets),
    sizes: new SizeTable(tableOf([0, packetSizes.length, ...packetSizes], BOX.SampleSize), {
      fileBytes: Infinity,
    }),
  };
}

function bytesOf(samples: number, layout: PcmLayout): number {
  return Math.ceil(samples / layout.frameSamples) * layout.frameBytes;
}

/** Numbers as the body of a box. */
function tableOf(numbers: readonly number[], type: string): BoxBody {
  const bytes = new Uint8Array(numbers.length * 4);
  const view = new DataView(bytes.buffer);
  numbers.forEach((number, index) => view.setUint32(index * 4, number));
  return new BoxBody(bytes, { type, start: 0, end: bytes.length, fileOffset: 0, view });
}
