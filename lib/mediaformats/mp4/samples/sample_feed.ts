/** Samples of one track in decode order, one at a time; fields are those of the present sample. */
export interface SampleFeed {
  /** Whether there is a present sample; otherwise no field means anything. */
  readonly hasSample: boolean;
  /** Place in the file, in bytes. */
  readonly offset: number;
  /** In bytes. */
  readonly size: number;
  /** Decoding time, in ticks, with all edits. */
  readonly dtsTicks: number;
  /** Presentation time, in ticks, with all edits. */
  readonly ptsTicks: number;
  /** In ticks; 0 where unknown. */
  readonly durationTicks: number;
  readonly isKeyFrame: boolean;
  /** Needed by the decoder only: outside of its edit. */
  readonly isDiscarded: boolean;
  /** Goes to the next sample. */
  next(): void;
}
