import { FormatError } from "#errors";
import type { MediaPacket } from "#media";
import { MAX_MKV_TIME } from "../limits.ts";
import type { TickScale } from "../tick_scale.ts";
import type { MkvTrack } from "../track.ts";
import { DecodeTimes, reorderDepthOf } from "./decode_times.ts";
import { type FrameSamples, frameSamplesOf } from "./frame_samples.ts";
import { Laces } from "./lacing.ts";
import type { BlockPlace } from "./block_place.ts";

/** Most packets held back until decoding times are known. */
const MAX_HELD_PACKETS = 1024;
/** Most bytes of payloads held back. */
const MAX_HELD_BYTES = 16_777_216;

type Draft = { -readonly [Field in keyof MediaPacket]: MediaPacket[Field] };

/** One track, and what making its packets needs. */
interface Lane {
  readonly track: MkvTrack;
  /** CodecDelay in ticks of the file; presentation is earlier by it. */
  readonly delayTicks: number;
  /** `undefined` where decoding order is that of presentation. */
  readonly decodeTimes: DecodeTimes | undefined;
  readonly samples: FrameSamples | undefined;
  /** Packets that wait for decoding times. */
  readonly gathered: Draft[];
}

/**
 * Turns blocks into packets: frames out of laces, frames as their codec has them, exact times.
 *
 * At the start, and after a seek, packets are held back until the decoding times of all tracks that reorder are
 * known; then they leave in the order of the file.
 */
export class BlockPackets {
  /** Packets to be given out, in the order of the file. */
  ready: MediaPacket[] = [];
  /** Bytes of their payloads that are copies: not views of what was read. */
  copiedBytes = 0;
  /** Frames that could not be read: laces that do not fit, damaged compression, impossible times. */
  brokenFrames = 0;
  readonly #scale: TickScale;
  /** By track number, for the small numbers that files have. */
  readonly #lanes = new Map<number, Lane>();
  readonly #laces = new Laces();
  #held: Draft[] = [];
  #heldBytes = 0;
  #gathering = 0;

  /** @param scale Of the segment. */
  constructor(tracks: readonly MkvTrack[], scale: TickScale) {
    this.#scale = scale;
    for (const track of tracks) this.#lanes.set(track.entry.trackNumber, makeLane(track, scale));
  }

  /** Forgets what is held and starts anew, as after a seek. */
  restart(): void {
    this.ready = [];
    this.copiedBytes = 0;
    this.#held = [];
    this.#heldBytes = 0;
    this.#gathering = 0;
    for (const { decodeTimes, gathered } of this.#lanes.values()) {
      decodeTimes?.restart();
      gathered.length = 0;
    }
  }

  /** Takes what is ready. */
  take(): MediaPacket[] {
    const packets = this.ready;
    this.ready = [];
    this.copiedBytes = 0;
    return packets;
  }

  /** Gives out what is held, as well as it is known: at the end, or where too much is held. */
  settle(): void {
    if (this.#held.length === 0) return;
    for (const lane of this.#lanes.values()) this.#settle(lane);
    this.#release();
  }

  /**
   * Takes a block.
   *
   * @param place Borrowed; payloads may be views of its bytes.
   * @throws {LimitError} If a compressed frame becomes too large.
   */
  block(place: BlockPlace): void {
    const lane = this.#lanes.get(place.trackNumber);
    if (lane === undefined) return;
    const laces = this.#laces;
    if (!laces.read(place)) {
      this.brokenFrames++;
      return;
    }
    const { count, ends } = laces;
    const blockTicks = this.#durationOf(place, lane, count);
    let ticks = place.ticks - lane.delayTicks;
    let start = laces.start;
    for (let lace = 0; lace < count; lace++) {
      const end = ends[lace]!;
      const frame = this.#restore(lane, place.bytes.subarray(start, end));
      start = end;
      // the length of a block is spread over its frames in whole ticks
      let length = Math.floor(blockTicks * (lace + 1) / count) - Math.floor(blockTicks * lace / count);
      const isKeyFrame = lane.track.kind !== "video" || lace === 0 && place.isKeyFrame;
      // 256 frames of no bytes fit in a block of eight
      if (frame !== undefined && frame.length > 0) {
        this.#emit(lane, { frame, ticks, length, isKeyFrame });
        if (length === 0 && lane.samples !== undefined) length = this.#lengthOf(lane.samples, frame);
      }
      ticks += length;
    }
  }

  /** Of a whole block, in ticks of the file: as it says, else by the track's DefaultDuration. */
  #durationOf(place: BlockPlace, lane: Lane, count: number): number {
    if (place.durationTicks > 0) return place.durationTicks;
    return Math.floor(lane.track.entry.defaultDurationNs * count / this.#scale.scaleNs);
  }

  #lengthOf(samples: FrameSamples, frame: Uint8Array): number {
    const seconds = samples.samplesOf(frame) / samples.rate;
    return Math.floor(seconds * this.#scale.timescale / this.#scale.step);
  }

  #restore(lane: Lane, stored: Uint8Array): Uint8Array | undefined {
    const { form } = lane.track;
    if (form.isPlain) return stored;
    try {
      const frame = form.restore(stored);
      if (frame.buffer !== stored.buffer) this.copiedBytes += frame.length;
      return frame;
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.brokenFrames++;
      return undefined;
    }
  }

  #emit(
    lane: Lane,
    options: { frame: Uint8Array; ticks: number; length: number; isKeyFrame: boolean },
  ): void {
    const { track, decodeTimes } = lane;
    const scale = this.#scale;
    const ptsTicks = options.ticks * scale.step;
    const ptsUs = scale.toUs(ptsTicks);
    const durationTicks = options.length * scale.step;
    if (Math.abs(ptsUs) > MAX_MKV_TIME || Math.abs(ptsTicks) + durationTicks > MAX_MKV_TIME) {
      this.brokenFrames++;
      return;
    }
    const draft: Draft = {
      kind: track.kind,
      trackId: track.trackId,
      codec: track.codec.codec,
      role: "media",
      dtsUs: ptsUs,
      ptsUs,
      isKeyFrame: options.isKeyFrame,
      payload: options.frame,
      trackIndex: track.index,
      dtsTicks: ptsTicks,
      ptsTicks,
      durationTicks,
      isDiscarded: false,
    };
    if (decodeTimes?.isGathering === true) this.#gather(lane, draft);
    else {
      if (decodeTimes !== undefined) this.#time(draft, decodeTimes.next(ptsTicks));
      if (this.#gathering === 0) this.ready.push(draft);
      else this.#hold(draft);
    }
  }

  #time(draft: Draft, dtsTicks: number): void {
    if (dtsTicks === draft.ptsTicks) return;
    draft.dtsTicks = dtsTicks;
    draft.dtsUs = this.#scale.toUs(dtsTicks);
  }

  #gather(lane: Lane, draft: Draft): void {
    if (lane.gathered.length === 0) this.#gathering++;
    lane.gathered.push(draft);
    const isEnough = lane.decodeTimes!.gather(draft.ptsTicks);
    this.#hold(draft);
    if (!isEnough || this.#gathering === 0) return;
    this.#settle(lane);
    if (this.#gathering === 0) this.#release();
  }

  #settle({ decodeTimes, gathered }: Lane): void {
    if (gathered.length === 0 || decodeTimes === undefined) return;
    const times = decodeTimes.settle();
    for (const [index, draft] of gathered.entries()) this.#time(draft, times[index]!);
    gathered.length = 0;
    this.#gathering--;
  }

  #hold(draft: Draft): void {
    this.#held.push(draft);
    this.#heldBytes += draft.payload.length;
    if (this.#held.length >= MAX_HELD_PACKETS || this.#heldBytes >= MAX_HELD_BYTES) this.settle();
  }

  #release(): void {
    for (const draft of this.#held) this.ready.push(draft);
    this.#held = [];
    this.#heldBytes = 0;
  }
}

function makeLane(track: MkvTrack, scale: TickScale): Lane {
  const { entry, kind, codec, form } = track;
  const { codecConfig } = form;
  const depth = kind === "video" ? reorderDepthOf(codec, codecConfig) : undefined;
  const isReordered = depth !== undefined && depth.frames > 0;
  const frameTicks = entry.defaultDurationNs / scale.scaleNs * scale.step;
  return {
    track,
    delayTicks: scale.fileTicksOf(entry.codecDelayNs),
    decodeTimes: isReordered ? new DecodeTimes(depth, { frameTicks }) : undefined,
    samples: kind === "audio"
      ? frameSamplesOf(codec.codecName, { codecConfig, sampleRate: entry.sampleRate })
      : undefined,
    gathered: [],
  };
}
