import type { Packet } from "#media";
import { packetBytes } from "#streaming";

/** Holds packets between the stream and the disk, within a bound; past it, all up to the next key frame is lost. */
export class PacketQueue {
  readonly #maxBytes: number;
  #packets: Packet[] = [];
  #bytes = 0;
  #isDropping = false;
  #droppedPackets = 0;
  #drops = 0;

  /** @param maxBytes Most bytes held. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Packets lost until now. */
  get droppedPackets(): number {
    return this.#droppedPackets;
  }

  /** How often packets were lost, each time up to a key frame. */
  get drops(): number {
    return this.#drops;
  }

  /**
   * Adds a packet.
   *
   * @param isStart Whether a decoder can start with it.
   * @returns Whether it is the one that found no room.
   */
  push(packet: Packet, isStart: boolean): boolean {
    if (isStart) this.#isDropping = false;
    const bytes = packetBytes(packet);
    // what decoders need to go on is small, and kept
    const isNeeded = packet.role === "config" || packet.role === "metadata";
    if (!isNeeded && (this.#isDropping || this.#bytes + bytes > this.#maxBytes)) {
      const isFirst = !this.#isDropping;
      if (isFirst) this.#drop();
      this.#droppedPackets++;
      return isFirst;
    }
    this.#packets.push(packet);
    this.#bytes += bytes;
    return false;
  }

  /** All that is held, which is held no more. */
  takeAll(): readonly Packet[] {
    const packets = this.#packets;
    this.#packets = [];
    this.#bytes = 0;
    return packets;
  }

  #drop(): void {
    const needed = this.#packets.filter(({ role }) => role === "config" || role === "metadata");
    this.#droppedPackets += this.#packets.length - needed.length;
    this.#packets = needed;
    this.#bytes = needed.reduce((sum, packet) => sum + packetBytes(packet), 0);
    this.#isDropping = true;
    this.#drops++;
  }
}
