import type { CodecId, NalUnitRanges, TrackKind } from "#media";
import type { UnitForm } from "../stream_type.ts";

/** One stream of the program that is read. */
export interface TsStream {
  /** Position among all streams seen; kept where another PID takes over for one of the same coding. */
  readonly index: number;
  /** 0 to 8191. */
  readonly pid: number;
  /** See `STREAM_TYPE`. */
  readonly streamType: number;
  readonly kind: TrackKind;
  readonly codec: CodecId;
  /** As ffprobe names it. */
  readonly codecName: string;
  /** How its PES packets are cut into units. */
  readonly form: UnitForm;
  /** ISO 639-2, where a descriptor names it. */
  readonly language?: string;
  /** Channel configuration of Opus, where its descriptor is there. */
  readonly opusChannels?: number;
}

/** One access unit or audio frame as the transport stream has it: Annex B, ADTS, LOAS. */
export interface TsAccessUnit {
  readonly stream: TsStream;
  /** Unwrapped, in ticks of 90 kHz. */
  readonly ptsTicks: number;
  /** Unwrapped, in ticks of 90 kHz. */
  readonly dtsTicks: number;
  /** Whether the stream tells its times; otherwise they follow from the unit before. */
  readonly hasOwnTime: boolean;
  /** In ticks of 90 kHz; 0 where the coding does not say. */
  readonly durationTicks: number;
  readonly isKeyFrame: boolean;
  /** A view of memory that is never written again. */
  readonly payload: Uint8Array;
  /** Where its NAL units lie in `payload`: for H.264 and H.265. */
  readonly nalUnits?: NalUnitRanges;
  /** Of the packet in which its PES packet begins, in bytes from the start of the input. */
  readonly offset: number;
  /** Packets in it were lost. */
  readonly isDamaged: boolean;
  /** The stream says that its clock or counters jump here: discontinuity_indicator. */
  readonly isDiscontinuity: boolean;
}

/** A PES packet put together. */
export interface PesPacket {
  /** A view of memory that is never written again. */
  readonly payload: Uint8Array;
  /** Modulo 2^33, in ticks. */
  readonly pts?: number | undefined;
  /** Modulo 2^33, in ticks; absent where it equals `pts`. */
  readonly dts?: number | undefined;
  /** Of the packet it begins in, in bytes from the start of the input. */
  readonly offset: number;
  /** Packets in it were lost. */
  readonly isDamaged: boolean;
  /** discontinuity_indicator in one of its packets. */
  readonly isDiscontinuity: boolean;
}

/** Cuts the PES packets of one stream into units. */
export interface UnitCutter {
  /** Takes the next PES packet. */
  push(packet: PesPacket): void;
  /**
   * Looks at the first bytes of the payload to come: they may end the unit that is waiting.
   *
   * @param start Borrowed until the call returns.
   */
  foresee(start: Uint8Array): void;
  /** Gives out what waits for more, at the end or before the stream goes. */
  flush(): void;
}

/** A unit as a cutter gives it: the times are those of the PES packet, if it is the first that begins there. */
export interface CutUnit {
  readonly payload: Uint8Array;
  readonly nalUnits?: NalUnitRanges;
  readonly isKeyFrame: boolean;
  /** The PES packet in which it begins. */
  readonly packet: PesPacket;
  /** Whether another unit began before it in the same PES packet, so that it has no time of its own. */
  readonly isFollower: boolean;
  /** Seconds times 90,000, not rounded; `undefined` where the coding does not say. */
  readonly duration: number | undefined;
  readonly isDamaged: boolean;
}

/** Who takes units. */
export type TakeUnit = (unit: CutUnit) => void;
