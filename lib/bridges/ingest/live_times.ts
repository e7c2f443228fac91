import { isScript, type Packet } from "#media";

/** A track's step back of more than this is a new time line: the source began anew, in microseconds. */
export const MAX_STEP_BACK_US = 2_000_000;
/** So is a track that begins further than this behind the others, in microseconds. */
const MAX_TRACKS_APART_US = 10_000_000;
/** A step ahead of more than this is a new time line, in microseconds. */
export const MAX_STEP_AHEAD_US = 10_000_000;
/** Between the last packet of one time line and the first of the next, in microseconds. */
const NEXT_LINE_GAP_US = 40_000;

/**
 * Keeps the times of one source fit to be played: they begin where they are told to, rise over a source that begins
 * anew, and decoding times of a track never go back.
 */
export class LiveTimes {
  #shiftUs = 0;
  /** Of all tracks, shifted. */
  #newestUs: number | undefined;
  /** Newest decoding time of each track, shifted. */
  readonly #lastUs = new Map<string, number>();
  #jumps = 0;
  #movedPackets = 0;

  /** How often a new time line began. */
  get jumps(): number {
    return this.#jumps;
  }

  /** Packets whose decoding time went back, and was held. */
  get movedPackets(): number {
    return this.#movedPackets;
  }

  /** Makes `dtsUs` the start: times are counted from there. */
  begin(dtsUs: number): void {
    this.#shiftUs = -dtsUs;
  }

  /** The packet with its times in order; itself where they are. */
  place(packet: Packet): Packet {
    let dtsUs = packet.dtsUs + this.#shiftUs;
    const newest = this.#newestUs;
    if (packet.kind === "data") return this.#moved(packet, this.#dataUs(packet, dtsUs));
    const track = `${packet.kind}${packet.trackId}`;
    if (
      newest !== undefined && (dtsUs < this.#leastUs(track, newest) || dtsUs > newest + MAX_STEP_AHEAD_US)
    ) {
      this.#jumps++;
      this.#shiftUs = newest + NEXT_LINE_GAP_US - packet.dtsUs;
      dtsUs = newest + NEXT_LINE_GAP_US;
    }
    const last = Math.max(0, this.#lastUs.get(track) ?? 0);
    if (dtsUs < last) {
      this.#movedPackets++;
      dtsUs = last;
    }
    if (packet.role === "media") {
      this.#lastUs.set(track, dtsUs);
      this.#newestUs = Math.max(newest ?? dtsUs, dtsUs);
    }
    return this.#moved(packet, dtsUs);
  }

  /** How far back a track may go: it may be far behind the others all the time. */
  #leastUs(track: string, newestUs: number): number {
    const lastUs = this.#lastUs.get(track);
    return lastUs === undefined ? newestUs - MAX_TRACKS_APART_US : lastUs - MAX_STEP_BACK_US;
  }

  /** Data begins no time line: it goes where media is, unless its own time is near. */
  #dataUs(packet: Packet, wantedUs: number): number {
    const newest = this.#newestUs ?? wantedUs;
    if (isScript(packet)) return Math.max(0, newest);
    const track = `data${packet.trackId}`;
    const isNear = Math.abs(wantedUs - newest) <= MAX_STEP_BACK_US;
    const dtsUs = Math.max(this.#lastUs.get(track) ?? 0, isNear ? wantedUs : newest);
    this.#lastUs.set(track, dtsUs);
    return dtsUs;
  }

  /** Presentation stays where it was on the time line, but not before a decoding time that was held. */
  #moved(packet: Packet, dtsUs: number): Packet {
    const ptsUs = packet.ptsUs + this.#shiftUs;
    if (dtsUs === packet.dtsUs && ptsUs === packet.ptsUs) return packet;
    if (packet.kind === "data") return { ...packet, dtsUs, ptsUs: dtsUs };
    const isHeld = dtsUs !== packet.dtsUs + this.#shiftUs;
    return { ...packet, dtsUs, ptsUs: isHeld ? Math.max(ptsUs, dtsUs) : ptsUs };
  }
}
