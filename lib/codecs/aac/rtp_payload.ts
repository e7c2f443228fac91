import { BitReader } from "#bytes";
import { FormatError } from "#errors";
import {
  type RtpDepacketizer,
  type RtpFragment,
  type RtpPacketizer,
  type RtpPayload,
  type RtpUnit,
  UnitAssembler,
} from "#media";

/** Fields of the `fmtp` line of `mpeg4-generic`: RFC 3640 section 4.1. */
export interface AacRtpOptions {
  /** Bits of a frame's size in its header: 13 in AAC-hbr, 6 in AAC-lbr. @default {13} */
  readonly sizeLength?: number;
  /** Bits of the index of the first header. @default {3} */
  readonly indexLength?: number;
  /** Bits of the index difference of further headers. @default {3} */
  readonly indexDeltaLength?: number;
  /** Ticks of the clock that a frame lasts. @default {1024} */
  readonly frameTicks?: number;
}

const AU_HEADERS_LENGTH_BYTES = 2;
/** Frames in one packet: more are not looked at. */
const MAX_FRAMES_IN_PACKET = 64;

/** Takes AAC frames out of RTP packets: RFC 3640, AAC-hbr and AAC-lbr. */
export class AacRtpDepacketizer implements RtpDepacketizer {
  readonly #assembler = new UnitAssembler();
  readonly #sizeLength: number;
  readonly #indexLength: number;
  readonly #indexDeltaLength: number;
  readonly #frameTicks: number;
  /** Whole size of the frame whose fragments come. */
  #wantedBytes = 0;
  #timestamp = 0;
  #malformed = 0;

  constructor(options: AacRtpOptions = {}) {
    this.#sizeLength = options.sizeLength ?? 13;
    this.#indexLength = options.indexLength ?? 3;
    this.#indexDeltaLength = options.indexDeltaLength ?? 3;
    this.#frameTicks = options.frameTicks ?? 1024;
  }

  /** Payloads that were malformed and passed over. */
  get malformedPayloads(): number {
    return this.#malformed;
  }

  /** Takes the next payload. */
  push({ payload, timestamp, isAfterLoss }: RtpPayload): RtpUnit[] {
    if (isAfterLoss || timestamp !== this.#timestamp) this.#assembler.clear();
    this.#timestamp = timestamp;
    const sizes = this.#sizesOf(payload);
    if (sizes === undefined) return this.#refuse([]);
    let at = AU_HEADERS_LENGTH_BYTES + Math.ceil((payload[0]! << 8 | payload[1]!) / 8);
    const [first] = sizes;
    if (sizes.length === 1 && first! > payload.length - at) {
      return this.#fragment(payload.subarray(at), first!);
    }
    this.#assembler.clear();
    const units: RtpUnit[] = [];
    for (const [index, size] of sizes.entries()) {
      if (at + size > payload.length) return this.#refuse(units);
      if (size > 0) {
        units.push({
          payload: new Uint8Array(payload.subarray(at, at + size)),
          timestamp: timestamp + index * this.#frameTicks,
        });
      }
      at += size;
    }
    return units;
  }

  #refuse(units: RtpUnit[]): RtpUnit[] {
    this.#malformed++;
    return units;
  }

  /** A frame larger than a packet: each of its fragments has the whole size in its header. */
  #fragment(piece: Uint8Array, size: number): RtpUnit[] {
    if (this.#assembler.length === 0) this.#wantedBytes = size;
    this.#assembler.append(piece);
    if (size !== this.#wantedBytes || this.#assembler.length > size) {
      this.#assembler.clear();
      return this.#refuse([]);
    }
    if (this.#assembler.length < size) return [];
    return [{ payload: this.#assembler.take(), timestamp: this.#timestamp }];
  }

  /** Sizes in the AU header section: RFC 3640 section 3.2.1; `undefined` where it is cut off. */
  #sizesOf(payload: Uint8Array): number[] | undefined {
    if (payload.length < AU_HEADERS_LENGTH_BYTES) return undefined;
    const headerBits = payload[0]! << 8 | payload[1]!;
    const end = AU_HEADERS_LENGTH_BYTES + Math.ceil(headerBits / 8);
    if (end > payload.length || headerBits < this.#sizeLength) return undefined;
    const bits = new BitReader(payload.subarray(AU_HEADERS_LENGTH_BYTES, end));
    const sizes: number[] = [];
    let left = headerBits;
    while (sizes.length < MAX_FRAMES_IN_PACKET) {
      const indexBits = sizes.length === 0 ? this.#indexLength : this.#indexDeltaLength;
      if (this.#sizeLength === 0 || left < this.#sizeLength + indexBits) break;
      sizes.push(bits.bits(this.#sizeLength, "AU-size"));
      bits.skip(indexBits, "AU-Index");
      left -= this.#sizeLength + indexBits;
    }
    return sizes.length === 0 ? undefined : sizes;
  }
}

/** AU header section of one frame: 16 bits, of which the size has 13. */
const ONE_HEADER_BITS = 16;
const MAX_SIZE_BYTES = 0x1fff;

/** Refuses a frame that is longer than what stands before it can tell: no encoder makes one. */
export function checkAacFrame({ length }: Uint8Array, maxBytes: number): void {
  if (length <= maxBytes) return;
  throw new FormatError(
    `Cannot send AAC by RTP: a frame of ${length} bytes, at most ${maxBytes} can be told`,
  );
}

/** Puts each AAC frame into a packet of its own, or several where it is large: RFC 3640, AAC-hbr. */
export class AacRtpPacketizer implements RtpPacketizer {
  /**
   * Splits one raw frame.
   *
   * @throws {FormatError} If it has more than 8191 bytes.
   */
  packetize(unit: Uint8Array, maxPayloadBytes: number): RtpFragment[] {
    checkAacFrame(unit, MAX_SIZE_BYTES);
    const prefix = Uint8Array.of(0, ONE_HEADER_BITS, unit.length >> 5, unit.length << 3);
    const step = maxPayloadBytes - prefix.length;
    const fragments: RtpFragment[] = [];
    for (let start = 0; start < unit.length; start += step) {
      fragments.push({ prefix, start, end: Math.min(unit.length, start + step) });
    }
    return fragments;
  }
}

/**
 * Decodes the `config` of an `fmtp` line.
 *
 * @param text Hexadecimal.
 * @throws {FormatError} If it is not.
 */
export function parseAacConfig(text: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.fromHex(text);
  } catch (error) {
    throw new FormatError(`Cannot read AAC config: ${JSON.stringify(text.slice(0, 40))} is not hexadecimal`, {
      cause: error,
    });
  }
}
