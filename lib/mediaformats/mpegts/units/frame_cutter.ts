import { concatBytes } from "#bytes";
import type { PesPacket, TakeUnit, UnitCutter } from "./access_unit.ts";

/** What the header of an audio frame tells. */
export interface FrameHeader {
  /** Of the whole frame, in bytes, at least 1. */
  readonly frameBytes: number;
  /** Samples it gives per channel; 0 where the header does not say. */
  readonly frameSamples: number;
  /** In Hz. */
  readonly sampleRate: number;
}

/** How frames of one coding are told. */
export interface FrameSyntax {
  /** Bytes that `read` needs. */
  readonly headerBytes: number;
  /** Reads the header at `at`; `undefined` if no frame begins there. */
  read(bytes: Uint8Array, at: number): FrameHeader | undefined;
  /** Whether the frame at `at` belongs to the unit before it: a dependent substream of E-AC-3. */
  isContinuation?(bytes: Uint8Array, at: number): boolean;
  /** Looks into a whole frame for what its header does not tell; called before the last `read` of it. */
  learn?(frame: Uint8Array): void;
}

/**
 * Cuts audio into frames, which need not begin and end with PES packets. After a loss the first frame counts
 * only if another one follows it, as far as can be seen.
 */
export class FrameCutter implements UnitCutter {
  readonly #syntax: FrameSyntax;
  readonly #take: TakeUnit;
  /** The first bytes of a frame that ends in a later PES packet. */
  #rest: Uint8Array = EMPTY;
  /** The PES packet that `#rest` began in. */
  #restPacket: PesPacket | undefined;
  #isRestFollower = false;
  #isInSync = false;

  constructor(syntax: FrameSyntax, take: TakeUnit) {
    this.#syntax = syntax;
    this.#take = take;
  }

  /** Gives out the frames that end in `packet`. */
  push(packet: PesPacket): void {
    if (packet.isDamaged) this.#isInSync = false;
    const restBytes = this.#rest.length;
    const bytes = restBytes === 0 ? packet.payload : concatBytes([this.#rest, packet.payload]);
    // the time of a PES packet is that of the first frame that begins in it
    let begun = 0;
    let at = 0;
    while (bytes.length - at >= this.#syntax.headerBytes) {
      const length = this.#unitBytes(bytes, at);
      if (length === 0) {
        at++;
        continue;
      }
      if (at + length > bytes.length) break;
      const isOfRest = at < restBytes;
      this.#give(bytes.subarray(at, at + length), {
        packet: isOfRest ? this.#restPacket! : packet,
        isFollower: isOfRest ? this.#isRestFollower : begun++ > 0,
        isDamaged: packet.isDamaged,
      });
      at += length;
    }
    if (at >= restBytes) {
      this.#restPacket = packet;
      this.#isRestFollower = begun > 0;
    }
    this.#rest = bytes.subarray(at);
  }

  /** Nothing waits for what follows. */
  foresee(): void {}

  /** Drops what is left of a frame that was cut off. */
  flush(): void {
    this.#rest = EMPTY;
    this.#isInSync = false;
  }

  /** Length of the unit at `at`; 0 if none begins there. It may reach past the end of `bytes`. */
  #unitBytes(bytes: Uint8Array, at: number): number {
    const header = this.#syntax.read(bytes, at);
    if (header === undefined) {
      this.#isInSync = false;
      return 0;
    }
    let end = at + header.frameBytes;
    if (!this.#isInSync) {
      const isSeen = end + this.#syntax.headerBytes <= bytes.length;
      if (isSeen && this.#syntax.read(bytes, end) === undefined) return 0;
      this.#isInSync = true;
    }
    if (this.#syntax.isContinuation === undefined) return end - at;
    for (let more = 0; more < MAX_CONTINUATIONS; more++) {
      const isSeen = end + this.#syntax.headerBytes <= bytes.length;
      if (!isSeen || !this.#syntax.isContinuation(bytes, end)) break;
      end += this.#syntax.read(bytes, end)!.frameBytes;
    }
    return end - at;
  }

  #give(payload: Uint8Array, from: { packet: PesPacket; isFollower: boolean; isDamaged: boolean }): void {
    this.#syntax.learn?.(payload);
    const { frameSamples, sampleRate } = this.#syntax.read(payload, 0)!;
    const duration = frameSamples === 0 ? undefined : frameSamples * TICKS_PER_SECOND / sampleRate;
    this.#take({ payload, isKeyFrame: true, duration, ...from });
  }
}

/** Dependent substreams of one frame: ATSC A/52 section E.2.3.1.2. */
const MAX_CONTINUATIONS = 8;
const TICKS_PER_SECOND = 90_000;
const EMPTY = new Uint8Array(0);
