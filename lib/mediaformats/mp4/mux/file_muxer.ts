import type { MediaPacket, Muxer, MuxTrack, Packet, Patch } from "#media";
import { BoxWriter } from "../write/box_writer.ts";
import { type TrackHeader, writeMovieHeader, writeTrack } from "../write/movie_boxes.ts";
import { editsOf, movieTimescaleOf } from "../write/edits.ts";
import { SampleColumns, type SampleRow } from "../write/sample_columns.ts";
import { writeTags } from "../write/tag_boxes.ts";
import type { Sample } from "../write/sample.ts";
import { type TrackInput, TrackInputs } from "./track_input.ts";

/** How an MP4 file is written. */
export interface Mp4MuxerOptions {
  /** Longest stretch of media in which each track has its bytes together, in microseconds. @default {500_000} */
  readonly interleaveUs?: number;
  /** The same in bytes. @default {1_048_576} */
  readonly interleaveBytes?: number;
  /** Tags of the file, by the names ffprobe shows. */
  readonly tags?: Readonly<Record<string, string>>;
}

const DEFAULTS = { interleaveUs: 500_000, interleaveBytes: 1024 * 1024 } as const;
const MICROSECONDS = 1_000_000;
const MAX_U32 = 0xffff_ffff;
/** How long the only picture of a track lasts, by its inverse. */
const FALLBACK_FRAME_RATE = 25;
const NOTHING = new Uint8Array(0);
/** Room for a 64-bit size, so that the header can be written before the size is known. */
const MDAT_HEADER_BYTES = 16;
/** The size of a box that goes to the end of the file. */
const TO_THE_END = 0;

/**
 * Writes MP4 with one table of samples at its end (`moov`): the form for a finished file. It plays only once it is
 * finished; what must play at any moment is for {@link Mp4FragmentMuxer}.
 *
 * Keeps some 5 bytes a sample. The times of packets stay as they are: what starts late, early, or is shown later than
 * decoded gets an edit list.
 */
export class Mp4Muxer implements Muxer {
  readonly #inputs: TrackInputs;
  readonly #columns: ReadonlyMap<TrackInput, SampleColumns>;
  readonly #options: Required<Omit<Mp4MuxerOptions, "tags">>;
  readonly #tags: Readonly<Record<string, string>>;
  #mdatAt = 0;
  #writtenBytes = 0;
  #pendingBytes = 0;
  #startUs = Infinity;

  /**
   * @param tracks At least one; ends each with its own track_ID, from 1 in this order.
   * @throws {FormatError} If MP4 cannot hold one of them.
   */
  constructor(tracks: readonly MuxTrack[], options: Mp4MuxerOptions = {}) {
    this.#inputs = new TrackInputs(tracks);
    this.#columns = new Map(this.#inputs.all.map((input) => [input, new SampleColumns()]));
    const { tags = {}, ...sizes } = options;
    this.#options = { ...DEFAULTS, ...sizes };
    this.#tags = tags;
  }

  /** `ftyp`, and the header of the media. */
  begin(): Uint8Array {
    const writer = new BoxWriter();
    writer.box("ftyp", () => writer.fourCc("isom").u32(0x200).fourCc("isom").fourCc("iso4").fourCc("mp41"));
    this.#mdatAt = writer.length;
    writer.bytes(mediaHeader());
    const bytes = writer.take();
    this.#writtenBytes = bytes.length;
    return bytes;
  }

  /** Takes one packet; returns the bytes of what was gathered once it is enough, or nothing. */
  write(packet: Packet | MediaPacket): Uint8Array {
    const input = this.#inputs.accept(packet);
    if (input === undefined) return NOTHING;
    const sample = input.sampleOf(packet);
    const timeUs = sample.dtsTicks / input.clock.timescale * MICROSECONDS;
    const isEnough = this.#pendingBytes > 0 &&
      (timeUs - this.#startUs >= this.#options.interleaveUs ||
        this.#pendingBytes + sample.payload.length > this.#options.interleaveBytes);
    const bytes = isEnough ? this.#flush() : NOTHING;
    this.#startUs = Math.min(this.#startUs, timeUs);
    this.#pendingBytes += sample.payload.length;
    this.#columns.get(input)!.addSample(rowOf(sample));
    input.samples.push(sample);
    return bytes;
  }

  /** The last media and `moov`; the size of the media. */
  end(): { readonly append: Uint8Array; readonly patches: readonly Patch[] } {
    const media = this.#flush();
    const mediaBytes = this.#writtenBytes - this.#mdatAt - MDAT_HEADER_BYTES;
    const writer = new BoxWriter(64 * 1024);
    writer.bytes(media);
    this.#writeMovie(writer);
    return { append: writer.take(), patches: [{ offset: this.#mdatAt, bytes: mediaHeader(mediaBytes) }] };
  }

  /** One chunk a track. */
  #flush(): Uint8Array {
    const bytes = new Uint8Array(this.#pendingBytes);
    let at = 0;
    for (const input of this.#inputs.all) {
      if (input.samples.length === 0) continue;
      this.#columns.get(input)!.addChunk(this.#writtenBytes + at, input.samples.length);
      at = placePayloads(bytes, at, input.samples);
      input.samples = [];
    }
    this.#writtenBytes += at;
    this.#pendingBytes = 0;
    this.#startUs = Infinity;
    return bytes;
  }

  #writeMovie(writer: BoxWriter): void {
    const written = [...this.#columns].filter(([, columns]) => columns.length > 0);
    const { all, leading } = this.#inputs;
    const movieTimescale = movieTimescaleOf(all.map(({ clock }) => clock.timescale), leading.clock.timescale);
    const headers = written.map(([input, columns]) => {
      columns.finish(Math.round(input.clock.timescale / FALLBACK_FRAME_RATE));
      return headerOf(input, columns, movieTimescale);
    });
    writer.box("moov", () => {
      writeMovieHeader(writer, {
        timescale: movieTimescale,
        durationTicks: Math.max(0, ...headers.map((header) => header.movieDurationTicks)),
        nextTrackId: this.#inputs.all.length + 1,
        hasWideTimes: false,
      });
      for (const header of headers) writeTrack(writer, header);
      writeTags(writer, this.#tags);
    });
  }
}

/**
 * Encodes the header of `mdat`: 16 bytes, the size in 32 bits behind a `free` box where it fits, else in 64.
 *
 * @param mediaBytes As long as it is not known the media go to the end of the file.
 */
export function mediaHeader(mediaBytes?: number): Uint8Array<ArrayBuffer> {
  const writer = new BoxWriter(MDAT_HEADER_BYTES);
  if (mediaBytes === undefined) {
    writer.box("free", () => {}).u32(TO_THE_END).fourCc("mdat");
  } else if (mediaBytes + 8 <= MAX_U32) {
    writer.box("free", () => {}).u32(mediaBytes + 8).fourCc("mdat");
  } else {
    writer.u32(1).fourCc("mdat").u64(mediaBytes + MDAT_HEADER_BYTES);
  }
  return writer.take();
}

function rowOf({ dtsTicks, ptsTicks, durationTicks, isKeyFrame, payload }: Sample): SampleRow {
  return { dtsTicks, ptsTicks, durationTicks, isKeyFrame, sizeBytes: payload.length };
}

function placePayloads(bytes: Uint8Array, offset: number, samples: readonly Sample[]): number {
  let at = offset;
  for (const { payload } of samples) {
    bytes.set(payload, at);
    at += payload.length;
  }
  return at;
}

function headerOf(input: TrackInput, columns: SampleColumns, movieTimescale: number): TrackHeader {
  const { timescale } = input.clock;
  const edits = editsOf(columns, movieTimescale / timescale);
  const shownTicks = Math.ceil((columns.endTicks - columns.startTicks) * movieTimescale / timescale);
  return {
    entry: input.entry,
    containerTrackId: input.containerTrackId,
    timescale,
    mediaDurationTicks: columns.durationTicks,
    movieDurationTicks: edits.length === 0
      ? shownTicks
      : edits.reduce((sum, edit) => sum + edit.durationTicks, 0),
    edits,
    hasWideTimes: false,
    writeSampleTable: (writer) => columns.write(writer),
  };
}
