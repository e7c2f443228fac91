import { opusPacketSamples } from "#codecs/opus";
import type { PesPacket, TakeUnit, UnitCutter } from "./access_unit.ts";

/** First eleven bits of a control header. */
const CONTROL_PREFIX = 0x7fe0;
const CONTROL_PREFIX_MASK = 0xffe0;
/** 90,000 by 48,000. */
const TICKS_PER_SAMPLE = 1.875;

/** Where a packet lies behind its control header. */
export interface OpusPlace {
  /** Index of its first byte. */
  readonly start: number;
  /** Index after its last byte; may lie past the end of what is there. */
  readonly end: number;
}

/**
 * Reads the control header in front of an Opus packet: the mapping of Opus into MPEG-2 transport streams,
 * `opus_control_header`.
 *
 * ```text
 * prefix 11 = 0x3ff | start_trim_flag | end_trim_flag | control_extension_flag | reserved 2
 * au_size: bytes of 255 that go on, then one that does not; trims of 2 bytes; extension behind its length
 * ```
 *
 * @returns `undefined` if there is none, or it is cut off.
 */
export function readOpusControlHeader(bytes: Uint8Array, at: number): OpusPlace | undefined {
  if (at + 2 > bytes.length) return undefined;
  const flags = bytes[at]! << 8 | bytes[at + 1]!;
  if ((flags & CONTROL_PREFIX_MASK) !== CONTROL_PREFIX) return undefined;
  let place = at + 2;
  let size = 0;
  for (let byte = 255; byte === 255; place++) {
    if (place >= bytes.length) return undefined;
    byte = bytes[place]!;
    size += byte;
  }
  if ((flags & 0x10) !== 0) place += 2;
  if ((flags & 0x08) !== 0) place += 2;
  if ((flags & 0x04) !== 0) place += 1 + (bytes[place] ?? 0);
  return { start: place, end: place + size };
}

/** Cuts Opus into packets, without their control headers. A PES packet has whole ones. */
export class OpusCutter implements UnitCutter {
  readonly #take: TakeUnit;

  constructor(take: TakeUnit) {
    this.#take = take;
  }

  /** Gives out the packets of `packet`. */
  push(packet: PesPacket): void {
    const { payload, isDamaged } = packet;
    let isFollower = false;
    for (let at = 0; at < payload.length;) {
      const place = readOpusControlHeader(payload, at);
      if (place === undefined || place.start >= payload.length) return;
      const opus = payload.subarray(place.start, place.end);
      const duration = opusPacketSamples(opus) * TICKS_PER_SAMPLE;
      if (opus.length > 0) {
        this.#take({ payload: opus, isKeyFrame: true, packet, isFollower, duration, isDamaged });
      }
      isFollower = true;
      at = place.end;
    }
  }

  /** Nothing waits for what follows. */
  foresee(): void {}

  /** Nothing waits. */
  flush(): void {}
}

/** Gives each PES packet out as it is. */
export class WholeCutter implements UnitCutter {
  readonly #take: TakeUnit;

  constructor(take: TakeUnit) {
    this.#take = take;
  }

  /** Gives the payload of `packet` out. */
  push(packet: PesPacket): void {
    const { payload, isDamaged } = packet;
    this.#take({ payload, isKeyFrame: true, packet, isFollower: false, duration: undefined, isDamaged });
  }

  /** Nothing waits for what follows. */
  foresee(): void {}

  /** Nothing waits. */
  flush(): void {}
}
