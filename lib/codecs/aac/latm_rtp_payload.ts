import { BitReader, ByteWriter, concatBytes } from "#bytes";
import {
  NO_PREFIX,
  type RtpDepacketizer,
  type RtpFragment,
  type RtpPacketizer,
  type RtpPayload,
  type RtpUnit,
  UnitAssembler,
} from "#media";
import { LoasReader } from "./loas_reader.ts";
import { checkAacFrame } from "./rtp_payload.ts";
import { readStreamMuxConfig, type StreamMuxConfig } from "./stream_mux_config.ts";

/** How LATM frames are sent: RFC 6416 section 7. */
export interface LatmRtpOptions {
  /** The `config` of the `fmtp` line, a StreamMuxConfig; absent where the frames bring it (`cpresent` 1). */
  readonly config?: Uint8Array;
  /** Ticks of the clock that a frame lasts. @default {1024} */
  readonly frameTicks?: number;
}

/** Sync word of a LOAS frame: ISO/IEC 14496-3 section 1.7.2. */
const LOAS_SYNC = 0x56e000;
const MAX_LOAS_PAYLOAD_BYTES = 0x1fff;

/** Takes AAC frames out of `MP4A-LATM`: RFC 6416, configuration in the SDP or in the frames. */
export class LatmRtpDepacketizer implements RtpDepacketizer {
  readonly #assembler = new UnitAssembler();
  readonly #loas = new LoasReader();
  readonly #mux: StreamMuxConfig | undefined;
  readonly #frameTicks: number;
  #lastMux: StreamMuxConfig | undefined;
  #timestamp = 0;
  #isBroken = false;
  #malformed = 0;

  /** @throws {FormatError} If the configuration is malformed. */
  constructor(options: LatmRtpOptions) {
    const { config } = options;
    this.#mux = config === undefined ? undefined : readStreamMuxConfig(new BitReader(config), config);
    this.#frameTicks = options.frameTicks ?? 1024;
  }

  /** AudioSpecificConfig of the SDP; `undefined` where the frames bring it. */
  get config(): Uint8Array<ArrayBuffer> | undefined {
    return this.#mux?.codecConfig;
  }

  /** Payloads that were malformed and passed over. */
  get malformedPayloads(): number {
    return this.#malformed;
  }

  /** Takes the next payload; the marker ends an AudioMuxElement. */
  push({ payload, timestamp, isMarked, isAfterLoss }: RtpPayload): RtpUnit[] {
    if (timestamp !== this.#timestamp) {
      this.#assembler.clear();
      this.#isBroken = false;
    }
    if (isAfterLoss) this.#isBroken = this.#assembler.length > 0;
    this.#timestamp = timestamp;
    this.#assembler.append(payload);
    if (!isMarked) return [];
    const element = this.#assembler.take();
    if (this.#isBroken) return [];
    return this.#mux === undefined ? this.#framed(element) : this.#plain(element, this.#mux);
  }

  /** AudioMuxElement(0): each payload with its length before it. */
  #plain(element: Uint8Array, mux: StreamMuxConfig): RtpUnit[] {
    const units: RtpUnit[] = [];
    let at = 0;
    for (let index = 0; index < mux.subFrames && at < element.length; index++) {
      let size = mux.fixedPayloadBytes ?? 0;
      if (mux.fixedPayloadBytes === undefined) {
        let byte: number;
        do {
          byte = element[at++] ?? 0;
          size += byte;
        } while (byte === 0xff);
      }
      if (at + size > element.length) {
        this.#malformed++;
        return units;
      }
      if (size > 0) {
        units.push({
          payload: new Uint8Array(element.subarray(at, at + size)),
          timestamp: this.#timestamp + index * this.#frameTicks,
        });
      }
      at += size;
    }
    return units;
  }

  /** AudioMuxElement(1), which is what a LOAS frame carries. */
  #framed(element: Uint8Array): RtpUnit[] {
    if (element.length > MAX_LOAS_PAYLOAD_BYTES) {
      this.#malformed++;
      return [];
    }
    const header = new ByteWriter().u24(LOAS_SYNC | element.length).take();
    const frames = [...this.#loas.push(concatBytes([header, element])), ...this.#loas.flush()];
    if (frames.length === 0) this.#malformed++;
    return frames.map(({ payload, mux }, index) => {
      const timestamp = this.#timestamp + index * this.#frameTicks;
      if (mux === this.#lastMux) return { payload, timestamp };
      this.#lastMux = mux;
      return { payload, timestamp, config: mux.codecConfig };
    });
  }
}

/** A part of a payload's length that says that more follow: ISO/IEC 14496-3 section 1.7.3.1. */
const FULL_LENGTH_PART = 255;

/**
 * Puts each AAC frame into an AudioMuxElement, in one packet, or several where it is large: RFC 6416 section 6, with
 * the configuration in the SDP (`cpresent` 0), as `encodeStreamMuxConfig` makes it.
 */
export class LatmRtpPacketizer implements RtpPacketizer {
  /**
   * Splits one raw frame.
   *
   * @throws {FormatError} If its length leaves no room for it in the first packet: from 255 times as many bytes on.
   */
  packetize(unit: Uint8Array, maxPayloadBytes: number): RtpFragment[] {
    checkAacFrame(unit, FULL_LENGTH_PART * (maxPayloadBytes - 1) - 1);
    const fullParts = Math.floor(unit.length / FULL_LENGTH_PART);
    const prefix = new Uint8Array(fullParts + 1).fill(FULL_LENGTH_PART);
    prefix[fullParts] = unit.length % FULL_LENGTH_PART;
    const fragments: RtpFragment[] = [];
    for (let start = 0; start < unit.length;) {
      const isFirst = fragments.length === 0;
      const end = Math.min(unit.length, start + maxPayloadBytes - (isFirst ? prefix.length : 0));
      fragments.push({ prefix: isFirst ? prefix : NO_PREFIX, start, end });
      start = end;
    }
    return fragments;
  }
}
