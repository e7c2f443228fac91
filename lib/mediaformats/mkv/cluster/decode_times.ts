import { decodeAvcDecoderConfiguration, decodeAvcSps } from "#codecs/avc";
import { decodeHevcDecoderConfiguration, decodeHevcSps, HEVC_NAL_UNIT_TYPE } from "#codecs/hevc";
import { FormatError, LimitError } from "#errors";
import type { CodecId } from "#media";

/** Most frames that can come before another in decoding order and after it in presentation: H.264 section A.3.1. */
const MAX_DEPTH = 16;
/** A depth over this is most often not told but inferred from the level: then the first frames show a nearer one. */
const MAX_TOLD_DEPTH = 4;
/** The least depth assumed where frames must show it: a picture that refers to a later one, which does so too. */
const MIN_SHOWN_DEPTH = 2;
/** A presentation time that falls back by more than this many frames begins something new. */
const JUMP_FRAMES = 250;

/** Codecs whose frames are stored in the order in which they are shown. */
const IN_ORDER = new Set([
  ...["vp8", "vp9", "av1", "mjpeg", "ffv1", "prores", "rawvideo", "huffyuv", "ffvhuff", "theora", "vp6"],
  ...["msmpeg4v2", "msmpeg4v3", "wmv1", "wmv2", "flv1", "h263", "rv10", "rv20", "svq1", "cinepak", "snow"],
]);
/** Codecs whose frames refer to one later frame at most, which itself refers to none. */
const ONE_AHEAD = new Set(["mpeg1video", "mpeg2video", "mpeg4", "wmv3", "vc1", "rv30", "rv40", "svq3"]);

/** How far the frames of a track are out of order. */
export interface ReorderDepth {
  /** Most frames that come before another in decoding order and after it in presentation order. */
  readonly frames: number;
  /** Whether that is sure; otherwise it is an upper bound, and the first frames show what is needed. */
  readonly isTold: boolean;
}

/** The depth by the codec and its configuration. */
export function reorderDepthOf(
  { codec, codecName }: { codec: CodecId; codecName: string },
  codecConfig: Uint8Array | undefined,
): ReorderDepth {
  if (IN_ORDER.has(codecName)) return { frames: 0, isTold: true };
  if (ONE_AHEAD.has(codecName)) return { frames: 1, isTold: true };
  const told = codecConfig === undefined ? undefined : readDepth(codec, codecConfig);
  if (told === undefined) return { frames: MAX_DEPTH, isTold: false };
  return { frames: Math.min(told, MAX_DEPTH), isTold: told <= MAX_TOLD_DEPTH };
}

function readDepth(codec: CodecId, codecConfig: Uint8Array): number | undefined {
  try {
    if (codec === "avc1") {
      const [sps] = decodeAvcDecoderConfiguration(codecConfig).sps;
      return sps === undefined ? undefined : decodeAvcSps(sps).maxReorderFrames;
    }
    if (codec !== "hvc1") return undefined;
    const { arrays } = decodeHevcDecoderConfiguration(codecConfig);
    const sps = arrays.find(({ nalUnitType }) => nalUnitType === HEVC_NAL_UNIT_TYPE.Sps)?.nalUnits[0];
    return sps === undefined ? undefined : decodeHevcSps(sps).maxReorderPictures;
  } catch (error) {
    if (error instanceof FormatError || error instanceof LimitError) return undefined;
    throw error;
  }
}

/**
 * Makes decoding times for a track of which only presentation times are stored.
 *
 * With a reorder depth of D, the decoding time of a frame is the (D + 1)th highest presentation time among those
 * up to it in decoding order: frames are decoded as steadily as they are shown, D frames earlier. These times rise,
 * and are never after the frame's own presentation. The first D frames, which have nothing before them, count down
 * from there by the length of a frame; so D + 1 frames are looked at before the first is given out.
 *
 * A file whose frames are more out of order than its codec allows, or whose times fall, gets decoding times that
 * are not after presentation, and rise as far as that allows.
 */
export class DecodeTimes {
  readonly #told: ReorderDepth;
  /** Length of a frame in ticks, at least 1; 0 until it is known. */
  #step: number;
  /** Presentation times of the newest frames, rising: as many as the depth once it runs. */
  readonly #window: number[] = [];
  #last = -Infinity;
  #gathered: number[] | undefined = [];

  /** @param options `frameTicks`: length of a frame; 0 where it is not known. */
  constructor(depth: ReorderDepth, options: { frameTicks: number }) {
    this.#told = depth;
    this.#step = options.frameTicks > 0 ? Math.max(1, options.frameTicks) : 0;
  }

  /** Whether frames are gathered, none of which has a time yet. */
  get isGathering(): boolean {
    return this.#gathered !== undefined;
  }

  /** Starts anew, as after a seek. */
  restart(): void {
    this.#gathered = [];
    this.#window.length = 0;
    this.#last = -Infinity;
  }

  /**
   * Takes the presentation time of the next frame while gathering.
   *
   * @returns Whether there are enough frames: then `settle` gives their times.
   */
  gather(ptsTicks: number): boolean {
    const gathered = this.#gathered ??= [];
    gathered.push(ptsTicks);
    return gathered.length > this.#told.frames;
  }

  /** Ends the gathering; returns the decoding times of the frames gathered, in their order. */
  settle(): number[] {
    const gathered = this.#gathered ?? [];
    this.#gathered = undefined;
    if (gathered.length === 0) return [];
    const shown = depthShownBy(gathered);
    const known = this.#told.isTold ? this.#told.frames : Math.max(shown, MIN_SHOWN_DEPTH);
    const depth = Math.min(known, this.#told.frames, gathered.length - 1);
    if (this.#step === 0) this.#step = smallestGap(gathered);
    const first = Math.min(...gathered.slice(0, depth + 1));
    const times: number[] = [];
    for (const [index, pts] of gathered.entries()) {
      if (index >= depth) {
        times.push(this.next(pts));
        continue;
      }
      insert(this.#window, pts);
      this.#last = Math.floor(first - (depth - index) * this.#step);
      times.push(this.#last);
    }
    return times;
  }

  /** Takes the presentation time of the next frame; returns its decoding time. */
  next(ptsTicks: number): number {
    const window = this.#window;
    if (ptsTicks < this.#last - JUMP_FRAMES * this.#step) {
      // as if a new stream began, without looking ahead
      window.fill(ptsTicks);
      this.#last = -Infinity;
    }
    insert(window, ptsTicks);
    let dts = ptsTicks > this.#last || window.length > MAX_DEPTH ? window.shift()! : ptsTicks;
    // more out of order than was known: from now on one frame more is held
    if (dts <= this.#last) dts = Math.min(this.#last + 1, ptsTicks);
    this.#last = dts;
    return dts;
  }
}

function insert(sorted: number[], value: number): void {
  let at = sorted.length;
  while (at > 0 && sorted[at - 1]! > value) at--;
  sorted.splice(at, 0, value);
}

/** Most frames that stand before another and are shown after it. */
function depthShownBy(ptsTicks: readonly number[]): number {
  let depth = 0;
  for (const [index, pts] of ptsTicks.entries()) {
    let later = 0;
    for (let before = 0; before < index; before++) if (ptsTicks[before]! > pts) later++;
    depth = Math.max(depth, later);
  }
  return depth;
}

function smallestGap(ptsTicks: readonly number[]): number {
  const sorted = [...ptsTicks].sort((a, b) => a - b);
  let gap = Infinity;
  for (let index = 1; index < sorted.length; index++) {
    const difference = sorted[index]! - sorted[index - 1]!;
    if (difference > 0 && difference < gap) gap = difference;
  }
  return gap === Infinity ? 1 : gap;
}
