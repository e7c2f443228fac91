import type { Packet } from "#media";

/** A step back of more than this is a new time line: the source began anew, in microseconds. */
export const MAX_STEP_BACK_US = 2_000_000;
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
    if (packet.kind === "data") return this.#moved(packet, Math.max(0, this.#newestUs ?? dtsUs));
    const newest = this.#newestUs;
    if (newest !== undefined && (dtsUs < newest - MAX_STEP_BACK_US || dtsUs > newest + MAX_STEP_AHEAD_US)) {
      this.#jumps++;
      this.#shiftUs = newest + NEXT_LINE_GAP_US - packet.dtsUs;
      dtsUs = newest + NEXT_LINE_GAP_US;
    }
    const track = `${packet.kind}${packet.trackId}`;
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

  /** Presentation stays where it was on the time line, but not before a decoding time that was held. */
  #moved(packet: Packet, dtsUs: number): Packet {
    const ptsUs = packet.ptsUs + this.#shiftUs;
    if (dtsUs === packet.dtsUs && ptsUs === packet.ptsUs) return packet;
    if (packet.kind === "data") return { ...packet, dtsUs, ptsUs: dtsUs };
    const isHeld = dtsUs !== packet.dtsUs + this.#shiftUs;
    return { ...packet, dtsUs, ptsUs: isHeld ? Math.max(ptsUs, dtsUs) : ptsUs };
  }
}
