import type { Packet } from "#media";
import { packetBytes } from "#streaming";

/** Media looked at before a file is begun, in microseconds, so that its header names all tracks. */
const GATHER_US = 1_000_000;
/** The same in packets, and in bytes: what a publisher makes wait that never sends all it announced. */
const MAX_GATHERED_PACKETS = 1024;
const MAX_GATHERED_BYTES = 8 * 1024 * 1024;

/**
 * Packets that wait for a file to begin. Configurations, descriptions and metadata are not among them: a file begins
 * with those.
 */
export class GatheredPackets {
  #packets: Packet[] = [];
  #bytes = 0;
  /** Decoding times of the first media packet and of the newest, in microseconds. */
  #firstUs: number | undefined;
  #newestUs = 0;

  /** Whether there is media among them. */
  get hasMedia(): boolean {
    return this.#firstUs !== undefined;
  }

  /** Whether no more may wait, in packets or in bytes. */
  get isFull(): boolean {
    return this.#packets.length >= MAX_GATHERED_PACKETS || this.#bytes >= MAX_GATHERED_BYTES;
  }

  /** Media time from the first packet to the newest, in microseconds. */
  get spanUs(): number {
    return this.#firstUs === undefined ? 0 : this.#newestUs - this.#firstUs;
  }

  /** Whether there is enough to begin a file with the tracks that have come. */
  get isEnough(): boolean {
    return this.hasMedia && (this.isFull || this.spanUs >= GATHER_US);
  }

  /** Adds a packet; other than media is left out where no more may wait. */
  push(packet: Packet): void {
    const { role, kind, dtsUs } = packet;
    if (role === "config" || role === "description" || role === "metadata") return;
    const isMedia = role === "media" && kind !== "data";
    if (!isMedia && this.isFull) return;
    if (isMedia) {
      this.#firstUs ??= dtsUs;
      this.#newestUs = dtsUs;
    }
    this.#packets.push(packet);
    this.#bytes += packetBytes(packet);
  }

  /** All of them, which wait no more. */
  takeAll(): readonly Packet[] {
    const packets = this.#packets;
    this.#packets = [];
    this.#bytes = 0;
    this.#firstUs = undefined;
    return packets;
  }
}
